/**
 * Gradients while they are being summed: for each value a whole tensor, and parts of an axis waiting to be joined.
 * A reshaped value shares its original's gradient, so that products of a sequence's rows and sums over the sequence
 * itself accumulate in one chain. Recording happens through the operations, so a recorder must be open.
 */
import type { Program, Value } from "../../ir/program.ts";
import { type Shape, sameShape } from "../../ir/shape.ts";
import { concat, reshape } from "../../ops/axes.ts";
import { zeros } from "../../ops/constants.ts";
import { add } from "../../ops/elementwise.ts";
import { sum } from "../../ops/reductions.ts";
import type { Tensor } from "../../trace/tensor.ts";

interface Part {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly tensor: Tensor;
}

/** Sums a gradient back over the axes along which `shape` was stretched. */
export function sumToShape(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const leading = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((length, axis) =>
    axis < leading || (shape[axis - leading] === 1 && length !== 1) ? [axis] : [],
  );
  const isLeadingOnly = axes.length === leading;
  return reshape(sum(gradient, { axes, keepDimensions: !isLeadingOnly }), shape);
}

export class Cotangents {
  /** Keyed by the original of each value; in the shape of whoever added last. */
  readonly #wholes = new Map<Value, Tensor>();
  readonly #parts = new Map<Value, Part[]>();
  readonly #originals = new Map<Value, Value>();

  constructor(program: Program) {
    for (const { operator, inputs, outputs } of program.operations) {
      if (operator === "reshape") this.#originals.set(outputs[0]!, this.#originalOf(inputs[0]!));
    }
  }

  #originalOf(value: Value): Value {
    return this.#originals.get(value) ?? value;
  }

  has(value: Value): boolean {
    return this.#wholes.has(this.#originalOf(value)) || this.#parts.has(value);
  }

  add(value: Value, gradient: Tensor): void {
    const summed = sumToShape(gradient, value.shape);
    this.accumulate(value, (accumulated) => (accumulated === undefined ? summed : add(accumulated, summed)));
  }

  accumulate(value: Value, make: (accumulated: Tensor | undefined) => Tensor): void {
    const original = this.#originalOf(value);
    const accumulated = this.#wholes.get(original);
    this.#wholes.set(original, make(accumulated && reshape(accumulated, value.shape)));
  }

  addPart(value: Value, axis: number, start: number, tensor: Tensor): void {
    const end = start + tensor.shape[axis]!;
    const parts = this.#parts.get(value) ?? [];
    parts.push({ axis, start, end, tensor });
    this.#parts.set(value, parts);
  }

  /** Joins what waits for a value and adds it to its gradient. */
  join(value: Value): void {
    for (const layer of layersOf(this.#parts.get(value) ?? [])) this.add(value, joinParts(layer, value));
    this.#parts.delete(value);
  }

  /** The gradient of a value, complete once everything that reads the value has been walked; undefined where none arrived. */
  take(value: Value): Tensor | undefined {
    this.join(value);
    const whole = this.#wholes.get(this.#originalOf(value));
    return whole && reshape(whole, value.shape);
  }
}

/** Groups of parts of one axis that do not overlap, each sorted by start. */
function layersOf(parts: readonly Part[]): Part[][] {
  const layers: Part[][] = [];
  for (const part of [...parts].sort((a, b) => a.axis - b.axis || a.start - b.start)) {
    const layer = layers.find((others) => others[0]!.axis === part.axis && others.at(-1)!.end <= part.start);
    if (layer === undefined) layers.push([part]);
    else layer.push(part);
  }
  return layers;
}

/** One tensor of the value's shape: the parts in their places, zeros between them. */
function joinParts(parts: readonly Part[], value: Value): Tensor {
  const axis = parts[0]!.axis;
  const pieces: Tensor[] = [];
  let filled = 0;
  const fillTo = (end: number) => {
    if (filled === end) return;
    const shape = value.shape.map((length, other) => (other === axis ? end - filled : length));
    pieces.push(zeros(shape, value.type));
  };
  for (const part of parts) {
    fillTo(part.start);
    pieces.push(part.tensor);
    filled = part.end;
  }
  fillTo(value.shape[axis]!);
  return concat(pieces, axis);
}

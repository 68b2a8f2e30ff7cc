/**
 * Reverse-mode differentiation: a program that also returns the gradients of one of its outputs.
 * Walks backwards over the operations that lie between the wanted inputs and the loss, and asks each one's rule.
 */
import { ShapeError } from "../errors.ts";
import type { Operation, Program, Value } from "../ir/program.ts";
import { formatShape } from "../ir/shape.ts";
import { filled, zeros } from "../ops/constants.ts";
import { Cotangents } from "../rules/gradient/cotangents.ts";
import type { GradientContext } from "../rules/gradient/gradient-rule.ts";
import { gradientRuleOf } from "../rules/gradient/index.ts";
import type { ElementType } from "../runtime/host-tensor.ts";
import { withAbsoluteScope, withRecorder } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

export interface GradientOptions {
  /** Name of the output to differentiate: one float. */
  readonly of: string;
  /** Names of the inputs whose gradients are wanted: floats of any shape. */
  readonly to: readonly string[];
  /**
   * Whether the backward pass of attention reads the probabilities of the forward pass or computes them again, for
   * batch · heads · time · keyTime floats of memory less in each layer. Default "keep".
   */
  readonly attentionProbabilities?: "keep" | "recompute";
}

const floats: ReadonlySet<ElementType> = new Set<ElementType>(["float32", "float64", "float16", "bfloat16"]);

/**
 * Adds an output `gradient.NAME` for each name in `to`, shaped as that input; zeros where the output does not depend on it.
 *
 * Run it after common subexpressions have been merged: products that share an operand then accumulate their gradients in
 * one chain of gemm instead of sums.
 *
 * @throws {ShapeError} if a name is unknown, the output is not one float, an input is not of floats, or an operator
 *                      without a gradient lies between them
 * @see Griewank and Walther 2008, Evaluating Derivatives, ch. 3
 */
export function withGradients(program: Program, options: GradientOptions): Program {
  const loss = lossOf(program, options.of);
  const wanted = options.to.map((name) => [name, inputOf(program, name)] as const);
  const active = valuesDependingOn(
    program,
    wanted.map(([, value]) => value),
  );
  const cotangents = new Cotangents(program);
  const { result, operations } = withRecorder(() => {
    if (active.has(loss)) cotangents.add(loss, filled(loss.shape, 1, loss.type));
    for (const operation of program.operations.toReversed()) {
      if (operation.outputs.some((output) => cotangents.has(output))) {
        withAbsoluteScope(operation.scope, () => walkBack(operation, cotangents, active, options));
      }
    }
    return new Map(
      wanted.map(([name, value]) => [
        gradientName(name),
        (cotangents.take(value) ?? zeros(value.shape, value.type)).value,
      ]),
    );
  });
  return {
    inputs: program.inputs,
    outputs: new Map([...program.outputs, ...result]),
    operations: [...program.operations, ...operations],
  };
}

/** The name of the output that carries an input's gradient. */
export function gradientName(input: string): string {
  return `gradient.${input}`;
}

function lossOf(program: Program, name: string): Value {
  const value = program.outputs.get(name);
  if (value === undefined) refuse(`"${name}" to differentiate`, listed(program.outputs), "name one of the outputs");
  if (!floats.has(value.type) || value.shape.some((length) => length !== 1)) {
    refuse(`output "${name}" of type ${value.type}${formatShape(value.shape)}`, "one float", "sum or average it first");
  }
  return value;
}

function inputOf(program: Program, name: string): Value {
  const value = program.inputs.get(name);
  if (value === undefined) refuse(`"${name}" to differentiate by`, listed(program.inputs), "name one of the inputs");
  if (!floats.has(value.type)) {
    refuse(`input "${name}" of type ${value.type}`, "an input of floats", "leave it out: integers have no gradient");
  }
  if (program.outputs.has(gradientName(name))) {
    refuse(`an output already called "${gradientName(name)}"`, "a free name", "rename that output");
  }
  return value;
}

function refuse(found: string, expected: string, fix: string): never {
  throw new ShapeError({ where: "withGradients", found, expected, fix });
}

function listed(values: ReadonlyMap<string, Value>): string {
  return values.size === 0 ? "at least one to choose from" : `one of ${[...values.keys()].join(", ")}`;
}

/** The wanted inputs and every float computed from them along a path that gradients may take. */
function valuesDependingOn(program: Program, wanted: readonly Value[]): Set<Value> {
  const active = new Set(wanted);
  for (const { operator, inputs, outputs } of program.operations) {
    const entry = gradientRuleOf(operator);
    const endsPath = typeof entry !== "function" && entry.kind === "zero";
    if (endsPath || !inputs.some((input) => active.has(input))) continue;
    for (const output of outputs) if (floats.has(output.type)) active.add(output);
  }
  return active;
}

/** Gives the gradients of an operation's outputs to its inputs. */
function walkBack(operation: Operation, cotangents: Cotangents, active: Set<Value>, options: GradientOptions): void {
  const { operator, inputs, outputs } = operation;
  const rule = gradientRuleOf(operator);
  const where = `gradient of ${operator}${operation.scope === "" ? "" : ` in ${operation.scope}`}`;
  if (typeof rule !== "function") {
    if (rule.kind === "shared") cotangents.join(outputs[0]!);
    if (rule.kind !== "refused") return;
    throw new ShapeError({
      where,
      found: `${operator} between an input and the loss`,
      expected: `no such operator: ${rule.reason}`,
      fix: rule.fix,
    });
  }
  const side = outputs.findIndex((output, index) => index > 0 && cotangents.has(output));
  if (side > 0) {
    throw new ShapeError({
      where,
      found: `a loss that depends on its output ${side}`,
      expected: "a loss that depends on its first output only: the others serve its gradient",
      fix: "compute that quantity with separate operations, and take gradients once",
    });
  }
  const isWanted = (index: number) => inputs[index] !== undefined && active.has(inputs[index]);
  const context: GradientContext<Operation["attributes"]> = {
    attributes: operation.attributes,
    inputs: inputs.map((input) => new Tensor(input)),
    outputs: outputs.map((output) => new Tensor(output)),
    gradient: cotangents.take(outputs[0]!)!,
    keepProbabilities: options.attentionProbabilities !== "recompute",
    isWanted,
    add(index, make) {
      if (isWanted(index)) cotangents.add(inputs[index]!, make());
    },
    accumulate(index, make) {
      if (isWanted(index)) cotangents.accumulate(inputs[index]!, make);
    },
    addPart(index, axis, start, make) {
      if (isWanted(index)) cotangents.addPart(inputs[index]!, axis, start, make());
    },
  };
  rule(context);
}

/** What a traced function computes with: a handle on a value of the program being recorded. It never holds numbers. */
import type { Value } from "../ir/program.ts";
import type { Shape } from "../ir/shape.ts";
import type { ElementType } from "../runtime/host-tensor.ts";

export class Tensor {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }

  get shape(): Shape {
    return this.value.shape;
  }

  get type(): ElementType {
    return this.value.type;
  }

  /** Number of axes. */
  get rank(): number {
    return this.value.shape.length;
  }
}

/** What the shape rules have in common: their type, and the checks that say in words what an operator refuses. */
import { ShapeError } from "../../errors.ts";
import type { Value } from "../../ir/program.ts";
import { formatShape, type Shape } from "../../ir/shape.ts";
import type { ElementType } from "../../runtime/host-tensor.ts";

export interface ResultType {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** Keyed by the attributes and not by the name, so that operators with the same attributes may share a rule. */
export type ShapeRule<Attributes> = (
  inputs: readonly Value[],
  attributes: Attributes,
  where: string,
) => readonly ResultType[];

export const floatTypes = ["float32", "float64", "float16", "bfloat16"] as const satisfies ElementType[];
export const indexTypes = ["int64", "int32"] as const satisfies ElementType[];

export function refuse(where: string, found: string, expected: string, fix: string): never {
  throw new ShapeError({ where, found, expected, fix });
}

export function expectInputs(where: string, inputs: readonly Value[], least: number, most = least): void {
  if (inputs.length < least || inputs.length > most) {
    refuse(
      where,
      `${inputs.length} inputs`,
      least === most ? `${least}` : `${least} to ${most}`,
      "pass the inputs the operator takes",
    );
  }
}

export function expectRank(where: string, name: string, value: Value, rank: number): void {
  if (value.shape.length !== rank) {
    refuse(
      where,
      `${name} of shape ${formatShape(value.shape)}`,
      `${rank} axes`,
      `reshape ${name} to ${rank} axes first`,
    );
  }
}

export function expectType(where: string, name: string, value: Value, ...types: ElementType[]): void {
  if (!types.includes(value.type)) {
    refuse(where, `${name} of type ${value.type}`, types.join(" or "), `cast ${name} first`);
  }
}

export function expectLength(where: string, what: string, found: number, expected: number, fix: string): void {
  if (found !== expected) refuse(where, `${what} ${formatShape([found])}`, formatShape([expected]), fix);
}

export function expectFloat(where: string, name: string, value: Value): void {
  expectType(where, name, value, ...floatTypes);
}

/** Every operand in the type of the first, since no kernel mixes types. */
export function expectOneType(where: string, operands: readonly (Value | undefined)[]): void {
  const types = new Set(operands.flatMap((operand) => operand?.type ?? []));
  if (types.size > 1) refuse(where, [...types].join(" with "), "tensors of one type", "cast one of them");
}

/** Compared axis by axis; the message shows both shapes. */
export function expectShape(where: string, name: string, value: Value, expected: Shape, fix: string): void {
  const fits = value.shape.length === expected.length && value.shape.every((length, axis) => length === expected[axis]);
  if (!fits) refuse(where, `${name} of shape ${formatShape(value.shape)}`, formatShape(expected), fix);
}

/** Shape rules of the operations on each element. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import type { Value } from "../../ir/program.ts";
import { broadcastShapes } from "../../ir/shape.ts";
import {
  expectFloat,
  expectInputs,
  expectType,
  indexTypes,
  type ResultType,
  refuse,
  type ShapeRule,
} from "./checks.ts";

/** Same type and shape. */
export const unary: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 1);
  return [inputs[0]!];
};

export const floatUnary: ShapeRule<object> = (inputs, attributes, where) => {
  expectInputs(where, inputs, 1);
  expectFloat(where, "input", inputs[0]!);
  return unary(inputs, attributes, where);
};

function broadcast(inputs: readonly Value[], where: string): ResultType {
  expectInputs(where, inputs, 2);
  const [a, b] = inputs as [Value, Value];
  if (a.type !== b.type) refuse(where, `${a.type} with ${b.type}`, "two tensors of one type", "cast one of them");
  return { type: a.type, shape: broadcastShapes(a.shape, b.shape, where) };
}

export const binary: ShapeRule<object> = (inputs, _, where) => [broadcast(inputs, where)];

export const comparison: ShapeRule<object> = (inputs, _, where) => [
  { type: "bool", shape: broadcast(inputs, where).shape },
];

export const logical: ShapeRule<object> = (inputs, _, where) => {
  for (const input of inputs) expectType(where, "input", input, "bool");
  return [broadcast(inputs, where)];
};

export const not: ShapeRule<object> = (inputs, attributes, where) => {
  expectInputs(where, inputs, 1);
  expectType(where, "input", inputs[0]!, "bool");
  return unary(inputs, attributes, where);
};

export const cast: ShapeRule<OperatorAttributes["cast"]> = ([x], { to }) => [{ type: to, shape: x!.shape }];

export const modulo: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 2);
  expectType(where, "input", inputs[0]!, ...indexTypes);
  return [broadcast(inputs, where)];
};

export const where: ShapeRule<object> = (inputs, _, name) => {
  expectInputs(name, inputs, 3);
  const [condition, a, b] = inputs as [Value, Value, Value];
  expectType(name, "condition", condition, "bool");
  const { type, shape } = broadcast([a, b], name);
  return [{ type, shape: broadcastShapes(condition.shape, shape, name) }];
};

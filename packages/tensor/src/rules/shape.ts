/**
 * What each operator returns for the types and shapes it is given, and what it refuses.
 * Every operation of every program passes through here once, when it is made, so later passes need not check.
 */
import { ShapeError } from "../errors.ts";
import type { OperatorAttributes, OperatorName } from "../ir/operators.ts";
import type { Value } from "../ir/program.ts";
import { broadcastShapes, formatShape, resolveAxis, type Shape, sameShape } from "../ir/shape.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import type { ElementType } from "../runtime/host-tensor.ts";

export interface ResultType {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** Keyed by the attributes and not by the name, so that operators with the same attributes may share a rule. */
type Rule<Attributes> = (inputs: readonly Value[], attributes: Attributes, where: string) => readonly ResultType[];

type ShapeRule<N extends OperatorName> = Rule<OperatorAttributes[N]>;

function refuse(where: string, found: string, expected: string, fix: string): never {
  throw new ShapeError({ where, found, expected, fix });
}

function expectInputs(where: string, inputs: readonly Value[], least: number, most = least): void {
  if (inputs.length < least || inputs.length > most) {
    refuse(
      where,
      `${inputs.length} inputs`,
      least === most ? `${least}` : `${least} to ${most}`,
      "pass the inputs the operator takes",
    );
  }
}

function expectRank(where: string, name: string, value: Value, rank: number): void {
  if (value.shape.length !== rank) {
    refuse(
      where,
      `${name} of shape ${formatShape(value.shape)}`,
      `${rank} axes`,
      `reshape ${name} to ${rank} axes first`,
    );
  }
}

function expectType(where: string, name: string, value: Value, ...types: ElementType[]): void {
  if (!types.includes(value.type)) {
    refuse(where, `${name} of type ${value.type}`, types.join(" or "), `cast ${name} first`);
  }
}

function expectLength(where: string, what: string, found: number, expected: number, fix: string): void {
  if (found !== expected) refuse(where, `${what} ${formatShape([found])}`, formatShape([expected]), fix);
}

const unary: Rule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 1);
  return [{ type: inputs[0].type, shape: inputs[0].shape }];
};

function broadcast(inputs: readonly Value[], where: string): ResultType {
  expectInputs(where, inputs, 2);
  const [a, b] = inputs;
  if (a.type !== b.type) refuse(where, `${a.type} with ${b.type}`, "two tensors of one type", "cast one of them");
  return { type: a.type, shape: broadcastShapes(a.shape, b.shape, where) };
}
const binary: Rule<object> = (inputs, _, where) => [broadcast(inputs, where)];
const comparison: Rule<object> = (inputs, _, where) => [{ type: "bool", shape: broadcast(inputs, where).shape }];
const logical: Rule<object> = (inputs, _, where) => {
  for (const input of inputs) expectType(where, "input", input, "bool");
  return [broadcast(inputs, where)];
};

const reduction: Rule<OperatorAttributes["reduceSum"]> = ([x, ...rest], { axes, keepDimensions }, where) => {
  expectInputs(where, [x, ...rest], 1);
  for (const axis of axes) resolveAxis(axis, x.shape.length, where);
  const shape = keepDimensions
    ? x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return [{ type: x.type, shape }];
};

const lastAxis: Rule<object> = ([x], _, where) => {
  if (x.shape.length === 0) refuse(where, "a scalar", "a tensor with at least one axis", "reshape it to [1]");
  return [{ type: x.type, shape: x.shape }];
};

/** Rows and columns of a matrix operand once transposed. */
function matrixSides(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

function product(where: string, a: Value, b: Value, transposeA: boolean, transposeB: boolean): [number, number] {
  const [rows, inner] = matrixSides(a.shape, transposeA);
  const [innerB, columns] = matrixSides(b.shape, transposeB);
  if (inner !== innerB || a.type !== b.type) {
    refuse(
      where,
      `${a.type}${formatShape(a.shape)}${transposeA ? " transposed" : ""} times ${b.type}${formatShape(b.shape)}${transposeB ? " transposed" : ""}`,
      "one type and equal inner lengths",
      `the left operand has ${formatShape([inner])} columns, the right one ${formatShape([innerB])} rows`,
    );
  }
  return [rows, columns];
}

const normalisation = (where: string, inputs: readonly Value[]): Value => {
  const [x, ...parameters] = inputs;
  for (const parameter of parameters) {
    if (!sameShape(parameter.shape, x.shape.slice(-1))) {
      refuse(
        where,
        `a parameter of shape ${formatShape(parameter.shape)} for x of shape ${formatShape(x.shape)}`,
        formatShape(x.shape.slice(-1)),
        "give it the length of x's last axis",
      );
    }
  }
  return x;
};
const perRow = (x: Value): ResultType => ({ type: x.type, shape: [...x.shape.slice(0, -1), 1] });

/** Chunks [start, end) of `length` rows; `chunk` 0 means all rows at once. */
export function chunkBounds(length: number, chunk: number): [start: number, end: number][] {
  if (chunk <= 0 || chunk >= length) return [[0, length]];
  const bounds: [number, number][] = [];
  for (let start = 0; start < length; start += chunk) bounds.push([start, Math.min(start + chunk, length)]);
  return bounds;
}

function checkAttention(where: string, q: Value, k: Value, v: Value, causal: boolean): void {
  for (const [name, value] of [
    ["query", q],
    ["key", k],
    ["value", v],
  ] as const)
    expectRank(where, name, value, 4);
  const [batch, heads, time, headDim] = q.shape;
  const [kBatch, kvHeads, keyTime, keyDim] = k.shape;
  if (batch !== kBatch || headDim !== keyDim || !sameShape(k.shape.slice(0, 3), v.shape.slice(0, 3))) {
    refuse(
      where,
      `query ${formatShape(q.shape)}, key ${formatShape(k.shape)}, value ${formatShape(v.shape)}`,
      "one batch, one head dimension for query and key, one time for key and value",
      "split the heads alike",
    );
  }
  if (heads % kvHeads !== 0) {
    refuse(
      where,
      `${heads} query heads and ${kvHeads} key/value heads`,
      "query heads divisible by key/value heads",
      `set kvHeads to ${divisors(heads).join(", ")}`,
    );
  }
  if (causal && time !== keyTime) {
    refuse(
      where,
      `${time} queries against ${keyTime} keys`,
      "equal times for a causal mask",
      "pass a bias instead of causal",
    );
  }
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
}

export const shapeRules = {
  constant: (_, { type, shape }) => [{ type, shape }],
  negate: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  reciprocal: unary,
  absolute: unary,
  sine: unary,
  cosine: unary,
  tanh: unary,
  sigmoid: unary,
  erf: unary,
  relu: unary,
  silu: unary,
  gelu: unary,
  stopGradient: unary,
  not: ([x], _, where) => {
    expectType(where, "input", x, "bool");
    return [x];
  },
  cast: ([x], { to }) => [{ type: to, shape: x.shape }],
  add: binary,
  subtract: binary,
  multiply: binary,
  divide: binary,
  maximum: binary,
  minimum: binary,
  power: binary,
  modulo: (inputs, _, where) => {
    expectType(where, "input", inputs[0], "int64", "int32");
    return [broadcast(inputs, where)];
  },
  equal: comparison,
  less: comparison,
  lessOrEqual: comparison,
  and: logical,
  or: logical,
  where: ([condition, a, b], _, where) => {
    expectType(where, "condition", condition, "bool");
    const { type, shape } = broadcast([a, b], where);
    return [{ type, shape: broadcastShapes(condition.shape, shape, where) }];
  },
  reshape: ([x], { shape }, where) => {
    const count = (lengths: Shape) => lengths.filter((n) => !isSymbolic(n)).reduce((a, b) => a * b, 1);
    const symbols = (lengths: Shape) => lengths.filter(isSymbolic).sort().join();
    if (count(x.shape) !== count(shape) || symbols(x.shape) !== symbols(shape)) {
      refuse(
        where,
        `${formatShape(x.shape)} to ${formatShape(shape)}`,
        "the same number of elements",
        `${count(x.shape)} elements cannot become ${count(shape)}`,
      );
    }
    return [{ type: x.type, shape }];
  },
  transpose: ([x], { permutation }, where) => {
    if ([...permutation].sort((a, b) => a - b).some((axis, i) => axis !== i) || permutation.length !== x.shape.length) {
      refuse(
        where,
        `permutation [${permutation.join(", ")}] of ${formatShape(x.shape)}`,
        `each axis from 0 to ${x.shape.length - 1} once`,
        "list every axis exactly once",
      );
    }
    return [{ type: x.type, shape: permutation.map((axis) => x.shape[axis]) }];
  },
  slice: ([x], { axis, start, end }, where) => {
    resolveAxis(axis, x.shape.length, where);
    if (!(start >= 0 && start < end && (end <= x.shape[axis] || isSymbolic(x.shape[axis])))) {
      refuse(
        where,
        `[${start}, ${end}) of axis ${axis} of ${formatShape(x.shape)}`,
        "a non-empty range inside the axis",
        "choose start below end, and end at most the axis length",
      );
    }
    return [{ type: x.type, shape: x.shape.map((length, i) => (i === axis ? end - start : length)) }];
  },
  concat: (inputs, { axis }, where) => {
    const first = inputs[0];
    for (const input of inputs) {
      if (
        input.type !== first.type ||
        input.shape.length !== first.shape.length ||
        input.shape.some((length, i) => i !== axis && length !== first.shape[i])
      ) {
        refuse(
          where,
          inputs.map((x) => `${x.type}${formatShape(x.shape)}`).join(", "),
          `one type and shapes equal everywhere but on axis ${axis}`,
          "slice, reshape or cast the odd one",
        );
      }
    }
    const total = inputs.reduce((sum, input) => sum + input.shape[axis], 0);
    return [{ type: first.type, shape: first.shape.map((length, i) => (i === axis ? total : length)) }];
  },
  broadcastTo: ([x], { shape }, where) => {
    if (!sameShape(broadcastShapes(x.shape, shape, where), shape)) {
      refuse(
        where,
        `${formatShape(x.shape)} to ${formatShape(shape)}`,
        "a shape it can stretch to",
        "only axes of length 1 stretch",
      );
    }
    return [{ type: x.type, shape }];
  },
  reduceSum: reduction,
  reduceMean: reduction,
  reduceMax: reduction,
  cumulativeSum: ([x], { axis }, where) => {
    resolveAxis(axis, x.shape.length, where);
    return [x];
  },
  matMul: ([a, b], { transposeA, transposeB }, where) => {
    if (a.shape.length < 2 || b.shape.length < 2) {
      refuse(
        where,
        `${formatShape(a.shape)} times ${formatShape(b.shape)}`,
        "at least two axes each",
        "reshape vectors to [1, n] or [n, 1]",
      );
    }
    const [rows, columns] = product(where, a, b, transposeA, transposeB);
    return [
      { type: a.type, shape: [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), where), rows, columns] },
    ];
  },
  gemm: (inputs, { transposeA, transposeB }, where) => {
    expectInputs(where, inputs, 2, 3);
    const [a, b, c] = inputs;
    expectRank(where, "the left operand", a, 2);
    expectRank(where, "the right operand", b, 2);
    const shape = product(where, a, b, transposeA, transposeB);
    if (c && !sameShape(broadcastShapes(c.shape, shape, where), shape)) {
      refuse(
        where,
        `an addend of shape ${formatShape(c.shape)}`,
        `one that stretches to ${formatShape(shape)}`,
        "check the addend's columns",
      );
    }
    return [{ type: a.type, shape }];
  },
  gatherRows: ([table, ids], _, where) => {
    expectType(where, "ids", ids, "int64", "int32");
    if (table.shape.length === 0)
      refuse(where, "a scalar table", "a table with rows", "give the table an axis of rows");
    return [{ type: table.type, shape: [...ids.shape, ...table.shape.slice(1)] }];
  },
  scatterAddRows: ([base, ids, updates], _, where) => {
    expectType(where, "ids", ids, "int64");
    expectRank(where, "ids", ids, 1);
    if (!sameShape(updates.shape, [...ids.shape, ...base.shape.slice(1)])) {
      refuse(
        where,
        `updates of shape ${formatShape(updates.shape)}`,
        formatShape([...ids.shape, ...base.shape.slice(1)]),
        "one row of updates for each id",
      );
    }
    return [base];
  },
  gatherElements: ([data, indices], { axis }, where) => {
    expectType(where, "indices", indices, "int64", "int32");
    if (indices.shape.length !== data.shape.length || indices.shape.some((n, i) => i !== axis && n !== data.shape[i])) {
      refuse(
        where,
        `indices ${formatShape(indices.shape)} into ${formatShape(data.shape)}`,
        `equal lengths on every axis but ${axis}`,
        "reshape the indices",
      );
    }
    return [{ type: data.type, shape: indices.shape }];
  },
  scatterAddElements: ([data, indices, updates], _, where) => {
    if (!sameShape(indices.shape, updates.shape)) {
      refuse(
        where,
        `indices ${formatShape(indices.shape)} and updates ${formatShape(updates.shape)}`,
        "equal shapes",
        "one update for each index",
      );
    }
    return [data];
  },
  softmax: lastAxis,
  logSoftmax: lastAxis,
  layerNorm: (inputs, _, where) => {
    expectInputs(where, inputs, 2, 3);
    const x = normalisation(where, inputs);
    return [x, perRow(x), perRow(x)];
  },
  rmsNorm: (inputs, _, where) => {
    expectInputs(where, inputs, 2);
    const x = normalisation(where, inputs);
    return [x, perRow(x)];
  },
  rotary: ([x, positions, cosines, sines], _, where) => {
    expectRank(where, "x", x, 4);
    expectType(where, "positions", positions, "int64");
    const [batch, , time, headDim] = x.shape;
    if (!sameShape(positions.shape, [batch, time])) {
      refuse(
        where,
        `positions ${formatShape(positions.shape)} for x ${formatShape(x.shape)}`,
        formatShape([batch, time]),
        "give each token of each row its position",
      );
    }
    if (!sameShape(cosines.shape, sines.shape) || cosines.shape.length !== 2 || cosines.shape[1] * 2 !== headDim) {
      refuse(
        where,
        `tables ${formatShape(cosines.shape)} and ${formatShape(sines.shape)} for head dimension ${headDim}`,
        `[positions, ${headDim / 2}]`,
        "make both tables for half the head dimension",
      );
    }
    return [x];
  },
  attention: (inputs, { causal, chunk }, where) => {
    expectInputs(where, inputs, 3, 4);
    const [q, k, v] = inputs;
    checkAttention(where, q, k, v, causal);
    const [batch, heads, time] = q.shape;
    const bounds = chunkBounds(time, chunk);
    const bias = inputs[3];
    if (
      bias &&
      !sameShape(broadcastShapes(bias.shape, [batch, heads, time, k.shape[2]], where), [batch, heads, time, k.shape[2]])
    ) {
      refuse(
        where,
        `a bias of shape ${formatShape(bias.shape)}`,
        `one that stretches to ${formatShape([batch, heads, time, k.shape[2]])}`,
        "broadcast it over batch or heads",
      );
    }
    return [
      { type: q.type, shape: [...q.shape.slice(0, 3), v.shape[3]] },
      ...bounds.map(([start, end]) => ({
        type: q.type,
        shape: [batch, heads, end - start, causal ? end : k.shape[2]],
      })),
    ];
  },
  attentionGradient: (inputs, { hasBias }) => {
    const [, , q, k, v, bias] = inputs;
    return hasBias ? [q, k, v, bias] : [q, k, v];
  },
  linearCrossEntropy: ([hidden, weight, targets], { chunk }, where) => {
    expectRank(where, "hidden", hidden, 2);
    expectRank(where, "weight", weight, 2);
    expectType(where, "targets", targets, "int64");
    expectLength(where, "hidden width", hidden.shape[1], weight.shape[1], "hidden and weight share their last axis");
    expectLength(where, "targets", targets.shape[0], hidden.shape[0], "one target for each row");
    const rows = { type: hidden.type, shape: [hidden.shape[0]] };
    return [
      rows,
      rows,
      ...chunkBounds(hidden.shape[0], chunk).map(([start, end]) => ({
        type: hidden.type,
        shape: [end - start, weight.shape[0]],
      })),
    ];
  },
  linearCrossEntropyGradient: ([, hidden, weight]) => [hidden, weight],
  cachedAttention: (inputs) => [inputs[0], inputs[3], inputs[4]],
  quantisedLinear: ([x], { inputs: width, outputs }, where) => {
    expectLength(where, "input width", x.shape.at(-1)!, width, "pass the width the weight was packed for");
    return [{ type: x.type, shape: [...x.shape.slice(0, -1), outputs] }];
  },
  skipRmsNorm: ([x, skip, weight], _, where) => {
    if (!sameShape(x.shape, skip.shape))
      refuse(where, `${formatShape(x.shape)} and ${formatShape(skip.shape)}`, "equal shapes", "the skip has x's shape");
    normalisation(where, [x, weight]);
    return [x, x];
  },
} satisfies { [N in OperatorName]: ShapeRule<N> };

/** The results of applying an operator, or a ShapeError naming it. */
export function inferResults<N extends OperatorName>(
  operator: N,
  inputs: readonly Value[],
  attributes: OperatorAttributes[N],
): readonly ResultType[] {
  const rule = shapeRules[operator] as unknown as ShapeRule<N>;
  return rule(inputs, attributes, operator).map(({ type, shape }) => ({ type, shape }));
}

/**
 * Fits a program into a number of bytes: cheap values that lie idle between the forward and the backward pass are
 * dropped after their last early reader and computed again for the late ones.
 */
import type { OperatorName } from "../ir/operators.ts";
import { newValue, type Operation, type Program, producers, type Value } from "../ir/program.ts";
import { bytesByOperation, type Lifetime, lifetimes } from "./lifetimes.ts";

/** Cheap beside the matrix products between them. Products of queries and keys are here for attention's probabilities. */
const cheap: ReadonlySet<OperatorName> = new Set<OperatorName>([
  "negate", "exp", "log", "sqrt", "reciprocal", "absolute", "sine", "cosine", "tanh", "sigmoid", "erf", "relu", "silu",
  "gelu", "not", "cast", "add", "subtract", "multiply", "divide", "maximum", "minimum", "equal", "less", "lessOrEqual",
  "and", "or", "where", "reshape", "transpose", "slice", "concat", "broadcastTo", "softmax", "logSoftmax", "layerNorm",
  "rmsNorm", "rotary", "matMul", "gatherRows",
]); // biome-ignore format: a list

/** Operations computed again for one value. */
const longestChain = 8;

/** Rounds that may pass without a smaller peak. */
const patience = 100;

interface Candidate {
  /** What is computed again, in order. */
  readonly chain: readonly Operation[];
  /** The first operation after the gap. */
  readonly at: number;
  /** Bytes times operations relieved, for each operation computed again. */
  readonly gain: number;
}

/**
 * @param budget bytes of intermediate values (see estimatePeakBytes)
 * @returns a program whose estimated peak is at most `budget`, or the smallest peak that recomputing could reach
 */
export function recompute(program: Program, budget: number): Program {
  let [best, smallest] = [program, Number.POSITIVE_INFINITY];
  let current = program;
  // Copies may themselves be copied again, so it ends when that no longer helps.
  for (let fruitless = 0; fruitless < patience; fruitless++) {
    const lives = lifetimes(current);
    const bytes = bytesByOperation(current, lives);
    const peak = bytes.reduce((most, value) => Math.max(most, value), 0);
    if (peak < smallest) {
      [best, smallest] = [current, peak];
      fruitless = 0;
    }
    if (smallest <= budget) break;
    const candidate = bestCandidate(current, lives, bytes, budget);
    if (candidate === undefined) break;
    current = computeAgain(current, candidate);
  }
  return best;
}

/** What is known of the program's memory while candidates are sought. */
interface Memory {
  readonly makers: ReadonlyMap<Value, Operation>;
  readonly lives: ReadonlyMap<Value, Lifetime>;
  /** Whose memory a reshape lies in, as far as asked. */
  readonly owners: Map<Value, Value>;
  readonly outputs: ReadonlySet<Value>;
}

/** For each operation, how many before it run beyond the budget. */
function countExcess(bytes: Float64Array, budget: number): Uint32Array {
  const counts = new Uint32Array(bytes.length + 1);
  for (let index = 0; index < bytes.length; index++)
    counts[index + 1] = counts[index]! + (bytes[index]! > budget ? 1 : 0);
  return counts;
}

/** The value whose absence between two accesses relieves most operations beyond the budget, for the work it costs. */
function bestCandidate(
  program: Program,
  lives: ReadonlyMap<Value, Lifetime>,
  bytesAt: Float64Array,
  budget: number,
): Candidate | undefined {
  const memory: Memory = {
    makers: producers(program),
    lives,
    owners: new Map(),
    outputs: new Set(program.outputs.values()),
  };
  const excess = countExcess(bytesAt, budget);
  let best: Candidate | undefined;
  for (const [value, { made, reads, bytes }] of lives) {
    let last = made;
    for (const at of reads) {
      const relieved = excess[at]! - excess[last + 1]!;
      last = at;
      if (relieved === 0 || (best !== undefined && bytes * relieved <= best.gain)) continue;
      const chain = chainOf(value, at, memory);
      if (chain === undefined) continue;
      const gain = (bytes * relieved) / chain.length;
      if (best === undefined || gain > best.gain) best = { chain, at, gain };
    }
  }
  return best;
}

/** The cheap operations from values that are in memory at `at` anyway to `value`; undefined where there are none. */
function chainOf(value: Value, at: number, { makers, lives, owners, outputs }: Memory): Operation[] | undefined {
  const chain: Operation[] = [];
  const ownerOf = (one: Value): Value => {
    const known = owners.get(one);
    if (known !== undefined) return known;
    const maker = makers.get(one);
    const owner = maker?.operator === "reshape" ? ownerOf(maker.inputs[0]!) : one;
    owners.set(one, owner);
    return owner;
  };
  const reach = (one: Value): boolean => {
    const maker = makers.get(one);
    if (maker === undefined || maker.operator === "constant") return true;
    const owner = ownerOf(one);
    if (one !== value && (outputs.has(owner) || (lives.get(owner)?.reads.at(-1) ?? -1) >= at)) return true;
    if (chain.includes(maker)) return true;
    if (!cheap.has(maker.operator) || chain.length === longestChain) return false;
    chain.push(maker);
    return maker.inputs.every(reach);
  };
  return reach(value) ? chain.reverse() : undefined;
}

/** Copies the chain to just before `at`, with the reshapes that later readers see it through; they then read the copies. */
function computeAgain(program: Program, { chain, at }: Candidate): Program {
  const copies = new Map<Value, Value>();
  const later = program.operations.slice(at);
  const isReadLater = new Set(later.flatMap(({ inputs }) => inputs));
  const copied: Operation[] = [];
  for (const operation of program.operations.slice(0, at)) {
    const isView =
      operation.operator === "reshape" && copies.has(operation.inputs[0]!) && isReadLater.has(operation.outputs[0]!);
    if (!isView && !chain.includes(operation)) continue;
    const outputs = operation.outputs.map(({ type, shape }) => newValue(type, shape));
    const inputs = operation.inputs.map((input) => copies.get(input) ?? input);
    operation.outputs.forEach((output, index) => {
      copies.set(output, outputs[index]!);
    });
    copied.push({ ...operation, inputs, outputs } as Operation);
  }
  const redirected = later.map((operation) =>
    operation.inputs.some((input) => copies.has(input))
      ? ({ ...operation, inputs: operation.inputs.map((input) => copies.get(input) ?? input) } as Operation)
      : operation,
  );
  return { ...program, operations: [...program.operations.slice(0, at), ...copied, ...redirected] };
}

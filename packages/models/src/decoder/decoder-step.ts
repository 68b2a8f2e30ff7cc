/**
 * The decoder with a memory: new tokens attend to those whose keys and values a cache holds. Prefill and decoding are this
 * one function at different lengths; the layers are those of `decoder`. Who owns the cache's buffers is the caller's.
 */
import {
  add,
  cachedAttention,
  cast,
  cumulativeSum,
  embedding,
  equal,
  expandDimensions,
  multiply,
  reshape,
  subtract,
  sum,
  type Tensor,
  type TensorRecord,
  where,
  withScope,
} from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { ConfigError } from "../errors.ts";
import { block, type Projections } from "./block.ts";
import { embedTokens, finalNorm } from "./decoder.ts";
import { rotaryConstants } from "./rotary-tables.ts";

/** One layer's keys and values: [batch, kvHeads, capacity, headDim] each. */
export interface LayerKeysValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

export interface DecoderStepInputs {
  /** int64 [batch, time]: the new tokens; either length may be symbolic */
  readonly tokens: Tensor;
  /** int32 [batch]: tokens that each row holds after this step, less one */
  readonly lengths: Tensor;
  /**
   * int32 [1]: the longest row after this step. Equal to `time` it says that all rows begin here, and each may be padded
   * on the right; otherwise either time or batch must be 1.
   */
  readonly total: Tensor;
  /** One for each layer. */
  readonly past: readonly LayerKeysValues[];
  /**
   * int64 as tokens, each in [0, context), read by models with learned positions alone. Absent: each token stands behind
   * those that its row held, which must then fit the context, padding included.
   */
  readonly positions?: Tensor;
  /**
   * int64 [n], each row · time + token: whose hidden states are wanted, so that the others cost neither norm nor head.
   * Absent: all.
   */
  readonly wanted?: Tensor;
  /**
   * The tables of `rotaryTables` as inputs, [at least capacity, headDim / 2] each, when programs should share them. Absent:
   * constants as long as the capacity, or as the model's context when that is symbolic. Ignored with learned positions.
   */
  readonly rotary?: { readonly cosines: Tensor; readonly sines: Tensor };
}

export interface DecoderStepResult {
  /** [n, width], or [batch, time, width] without `wanted`, after the final norm; padding's means nothing */
  readonly hidden: Tensor;
  /** The past with the new tokens in it; bind the same buffers to both, and they grow in place. */
  readonly present: readonly LayerKeysValues[];
}

/** @throws {ConfigError} if a layer's past or a parameter is missing */
export function decoderStep(
  config: DecoderConfig,
  parameters: TensorRecord,
  inputs: DecoderStepInputs,
): DecoderStepResult {
  const { tokens, lengths, total } = inputs;
  const { heads, kvHeads, headDim, width } = config;
  const [batch, time] = tokens.shape as [number, number];
  checkPast(config, inputs.past);
  return withScope("decoder", () => {
    const rotary = rotaryTensors(config, inputs);
    const present: LayerKeysValues[] = [];
    const attend = ({ query, key, value }: Projections, layer: number): Tensor => {
      const past = inputs.past[layer]!;
      const flat = (x: Tensor, count: number) => reshape(x, [batch, time, count * headDim]);
      const { output, presentKey, presentValue } = cachedAttention(
        flat(query, heads),
        flat(key, kvHeads),
        flat(value, kvHeads),
        {
          heads,
          kvHeads,
          pastKey: past.key,
          pastValue: past.value,
          lengths,
          total,
          ...(rotary !== undefined && { rotary }),
        },
      );
      present.push({ key: presentKey, value: presentValue });
      return output; // [batch, time, heads · headDim]
    };
    let x = embedTokens(config, parameters, tokens, () => inputs.positions ?? newPositions(inputs));
    for (let index = 0; index < config.layers; index++) {
      x = withScope(`layers.${index}`, () => block(config, parameters, index, x, { attend }));
    }
    if (inputs.wanted !== undefined) x = embedding(reshape(x, [-1, width]), inputs.wanted); // [n, width]
    return { hidden: finalNorm(config, parameters, x), present };
  });
}

function checkPast(config: DecoderConfig, past: readonly LayerKeysValues[]): void {
  if (past.length === config.layers) return;
  throw new ConfigError({
    where: "decoderStep",
    found: `a past of ${past.length} layers`,
    expected: `one for each of the model's ${config.layers}`,
    fix: "make the caches from the same configuration",
  });
}

function rotaryTensors(config: DecoderConfig, { rotary, past }: DecoderStepInputs): DecoderStepInputs["rotary"] {
  if (config.positions.kind !== "rotary") return undefined;
  const capacity = past[0]!.key.shape[2]!;
  return rotary ?? rotaryConstants(config.positions, config.headDim, capacity > 0 ? capacity : config.context);
}

/** Where each new token stands: after those its row held, or from 0 when all rows begin here. int64 [batch, time] */
function newPositions({ tokens, lengths, total }: DecoderStepInputs): Tensor {
  const ones = add(multiply(tokens, 0), 1); // as long as the tokens, symbolic lengths included
  const time = sum(ones, { axes: [1] }); // [batch]
  const before = subtract(add(cast(lengths, "int64"), 1), time); // [batch]
  const start = where(equal(cast(total, "int64"), time), multiply(time, 0), before);
  return add(subtract(cumulativeSum(ones, 1), 1), expandDimensions(start, 1)); // [batch, time]
}

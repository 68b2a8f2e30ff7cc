/**
 * The decoder over whole sequences: training, evaluation, and prefill without a cache. Pure functions over tensors; what is
 * trained comes in as a record of tensors by Hugging Face's names, so that gradients are taken by the same names.
 */
import {
  add,
  attention,
  broadcastTo,
  documentBias,
  dropout as dropOut,
  embedding,
  expandDimensions,
  iota,
  linear,
  paddingBias,
  reshape,
  rotaryEmbedding,
  type Tensor,
  type TensorRecord,
  transpose,
  withScope,
} from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { checkContext } from "../config/validate.ts";
import { applyNorm, block, type Projections, parameter } from "./block.ts";
import { rotaryConstants } from "./rotary-tables.ts";
import { headName, weightNames } from "./weight-names.ts";

export interface DecoderInputs {
  /** int64 [batch, time], each in [0, vocabulary); padding may be any token */
  readonly tokens: Tensor;
  /** int64 [batch, time], each in [0, positionLimit). Default 0, 1, … in every row */
  readonly positions?: Tensor;
  /** Positions that can occur, for the length of the rotary tables. Default time, enough when documents restart at 0. */
  readonly positionLimit?: number;
  /** int64 [batch, time]: tokens see only tokens of the same number, for several documents packed into one row */
  readonly documents?: Tensor;
  /** int64 [batch, time]: 1 on tokens, 0 on padding, which nothing then sees */
  readonly paddingMask?: Tensor;
  /**
   * Zeroes shares of the embeddings and of what each sublayer adds. Attention probabilities are left alone, unlike in
   * GPT-2: they are never held as a tensor. `seed` is an int64 scalar in [0, 2³⁰), another in every step.
   */
  readonly dropout?: { readonly probability: number; readonly seed: Tensor };
}

/**
 * @param parameters a tensor for each of decoderParameters(config)
 * @returns          [batch, time, width] after the final norm; see `logits` and `nextTokenLoss`
 * @throws {ConfigError} if time exceeds the model's positions or a parameter is missing
 */
export function decoder(config: DecoderConfig, parameters: TensorRecord, inputs: DecoderInputs): Tensor {
  const [batch, time] = inputs.tokens.shape as [number, number];
  const { positionLimit = time } = inputs;
  checkContext(config, Math.max(time, positionLimit));
  return withScope("decoder", () => {
    const positions = inputs.positions ?? broadcastTo(expandDimensions(iota(time), 0), [batch, time]);
    const bias = attentionBias(inputs);
    const toHeadsFirst = (x: Tensor) => transpose(x, [0, 2, 1, 3]); // [batch, heads, time, headDim]
    const turn = rotation(config, positions, positionLimit);
    const attend = ({ query, key, value }: Projections): Tensor => {
      const mixed = attention(turn(toHeadsFirst(query)), turn(toHeadsFirst(key)), toHeadsFirst(value), {
        causal: true,
        ...(bias !== undefined && { bias }),
      }); // [batch, heads, time, headDim]
      return reshape(toHeadsFirst(mixed), [batch, time, config.heads * config.headDim]);
    };
    const { dropout } = inputs;
    const drop = dropout && ((x: Tensor, site: number) => dropOut(x, dropout.probability, dropout.seed, site));
    let x = embedTokens(config, parameters, inputs.tokens, () => positions);
    if (drop !== undefined) x = drop(x, 0);
    for (let index = 0; index < config.layers; index++) {
      const hooks = { attend, ...(drop !== undefined && { dropout: drop }) };
      x = withScope(`layers.${index}`, () => block(config, parameters, index, x, hooks));
    }
    return finalNorm(config, parameters, x);
  });
}

/**
 * @param positions int64 [batch, time], asked for only by models that learned them
 * @returns         [batch, time, width]
 */
export function embedTokens(
  config: DecoderConfig,
  parameters: TensorRecord,
  tokens: Tensor,
  positions: () => Tensor,
): Tensor {
  const names = weightNames(config);
  return withScope("embedding", () => {
    const x = embedding(parameter(parameters, `${names.embedding}.weight`), tokens);
    if (config.positions.kind !== "learned") return x;
    return add(x, embedding(parameter(parameters, `${names.positions}.weight`), positions()));
  });
}

/** @param x [batch, time, width] */
export function finalNorm(config: DecoderConfig, parameters: TensorRecord, x: Tensor): Tensor {
  return withScope("finalNorm", () => applyNorm(config, parameters, weightNames(config).finalNorm, x));
}

/** Turns [batch, heads, time, headDim] by position, or leaves it alone when positions are learned. */
function rotation(config: DecoderConfig, positions: Tensor, positionLimit: number): (x: Tensor) => Tensor {
  if (config.positions.kind !== "rotary") return (x) => x;
  const { cosines, sines } = rotaryConstants(config.positions, config.headDim, positionLimit);
  return (x) => rotaryEmbedding(x, positions, cosines, sines);
}

function attentionBias({ documents, paddingMask }: DecoderInputs): Tensor | undefined {
  const biases = [
    ...(documents === undefined ? [] : [documentBias(documents)]), // [batch, 1, time, time]
    ...(paddingMask === undefined ? [] : [paddingBias(paddingMask)]), // [batch, 1, 1, time]
  ];
  return biases.length === 0 ? undefined : biases.reduce((sum, bias) => add(sum, bias));
}

/**
 * @param hidden […, width]
 * @returns      […, vocabulary]
 */
export function logits(config: DecoderConfig, parameters: TensorRecord, hidden: Tensor): Tensor {
  return withScope("head", () => linear(hidden, parameter(parameters, headName(config))));
}

/** What a configuration costs before anything is made of it: parameters, work per token, memory. Formulas only. */
import type { DecoderConfig } from "../config/decoder-config.ts";
import { checkContext } from "../config/validate.ts";

export interface ParameterCounts {
  /** All trained numbers; a tied head counts once. */
  readonly total: number;
  /** The vocabulary's rows. */
  readonly embedding: number;
  /** Learned positions; 0 with rotary ones. */
  readonly positions: number;
  /** The vocabulary head's own matrix; 0 when tied. */
  readonly head: number;
  /** One layer with its norms and biases. */
  readonly perLayer: number;
  readonly finalNorm: number;
}

/** Multiplications and additions for one token, counted as two each multiply–add does. */
export interface FlopsPerToken {
  readonly forward: number;
  /** Forward and backward: three times forward. */
  readonly training: number;
}

export interface TrainingMemory {
  readonly weightBytes: number;
  readonly gradientBytes: number;
  /** AdamW's two. */
  readonly momentBytes: number;
  /** Most that lives at once between forward and backward. The runtime takes more; `npm run bench -- plan` says how much. */
  readonly activationBytes: number;
  readonly totalBytes: number;
}

export interface InferenceMemory {
  readonly weightBytes: number;
  /** Keys and values of one token of one sequence. */
  readonly kvBytesPerToken: number;
  /** Cache for `batch` sequences of `time` tokens. */
  readonly kvBytes: number;
  readonly totalBytes: number;
}

export interface DecoderPlan {
  readonly parameters: ParameterCounts;
  readonly flopsPerToken: FlopsPerToken;
  readonly training: TrainingMemory;
  readonly inference: InferenceMemory;
}

export interface PlanOptions {
  /** Sequences at once. */
  readonly batch: number;
  /** Tokens of each. */
  readonly time: number;
  /** Bytes of a weight in inference: 4, 2, or about 1.1 and 0.6 for blocks of 8 and 4 bits. Default 4 */
  readonly inferenceWeightBytes?: number;
  /** Whether the backward pass keeps attention's probabilities. Default true */
  readonly keepsProbabilities?: boolean;
}

/** @throws {ConfigError} if time exceeds the model's positions */
export function planDecoder(config: DecoderConfig, options: PlanOptions): DecoderPlan {
  checkContext(config, options.time);
  const parameters = countParameters(config);
  const forward = forwardFlopsPerToken(config, options.time);
  return {
    parameters,
    flopsPerToken: { forward, training: 3 * forward },
    training: trainingMemory(config, parameters.total, options),
    inference: inferenceMemory(config, parameters.total, options),
  };
}

/** Numbers in the matrices of one layer, without biases. */
function layerMatrices({ width, heads, kvHeads, headDim, mlpWidth, mlp }: DecoderConfig): number {
  const attention = width * headDim * (2 * heads + 2 * kvHeads); // query and output, key and value
  return attention + (mlp === "swiglu" ? 3 : 2) * width * mlpWidth;
}

export function countParameters(config: DecoderConfig): ParameterCounts {
  const { vocabulary, width, layers, heads, kvHeads, headDim, mlpWidth, context, biases } = config;
  const norm = (length: number) => (config.norm.kind === "layer" ? 2 : 1) * length;
  const perLayer =
    layerMatrices(config) +
    2 * norm(width) +
    (config.hasQueryKeyNorm ? 2 * headDim : 0) +
    (biases.queryKeyValue ? (heads + 2 * kvHeads) * headDim : 0) +
    (biases.attentionOutput ? width : 0) +
    (biases.mlp ? (config.mlp === "swiglu" ? 2 : 1) * mlpWidth + width : 0);
  const embedding = vocabulary * width;
  const positions = config.positions.kind === "learned" ? context * width : 0;
  const head = config.isTied ? 0 : vocabulary * width;
  const finalNorm = norm(width);
  const total = embedding + positions + head + layers * perLayer + finalNorm;
  return { total, embedding, positions, head, perLayer, finalNorm };
}

/**
 * 2 · (numbers in the matrices, the head included) + 4 · layers · heads · headDim · keys, where a causal query sees
 * (time + 1) / 2 keys on average. Norms, activations and the embedding's look-up are left out; they are below one per cent.
 *
 * @see Kaplan et al. 2020, arXiv:2001.08361 §2.1; Hoffmann et al. 2022, arXiv:2203.15556 appendix F. PaLM's count for its
 *   utilisation (arXiv:2204.02311 appendix B) takes all keys and so gives attention twice as much.
 */
function forwardFlopsPerToken(config: DecoderConfig, time: number): number {
  const { layers, heads, headDim, vocabulary, width } = config;
  const matrices = layers * layerMatrices(config) + vocabulary * width;
  return 2 * matrices + 4 * layers * heads * headDim * ((time + 1) / 2);
}

const floatBytes = 4;
/** Query rows in one block of causal attention, and rows in one block of the loss: defaults of the tensor package. */
const attentionChunk = 128;
const lossChunk = 512;

/**
 * Activations are counted after the program that this code base compiles (as Korthikanti et al. 2022, arXiv:2205.05198 §4,
 * do for theirs): what each layer's backward pass reads, and the logits of the loss, which peak last.
 */
function trainingMemory(
  config: DecoderConfig,
  total: number,
  { batch, time, keepsProbabilities = true }: PlanOptions,
): TrainingMemory {
  const { width, heads, kvHeads, headDim, mlpWidth, vocabulary, layers } = config;
  const rows = batch * time;
  const queries = heads * headDim;
  const keys = kvHeads * headDim;
  const beforeNorm = config.hasQueryKeyNorm ? 1 : 0;
  const seenKeys = (time + Math.min(time, attentionChunk)) / 2;
  const perTokenAndLayer =
    4 * width + // two sums of the residual stream, two norms of them
    (3 + beforeNorm) * queries + // queries, what attention returns in both layouts, and queries before their norm
    (3 + beforeNorm) * keys + // keys before and after blocks are cut, values, and keys before their norm
    (keepsProbabilities ? heads * seenKeys : 0) +
    (config.mlp === "swiglu" ? 4 : 2) * mlpWidth; // gate, its silu, up and their product; or before and after
  const loss = vocabulary * (1 + Math.min(1, lossChunk / rows)) + 2 * width;
  const activationBytes = Math.round(floatBytes * rows * (layers * perTokenAndLayer + loss));
  const weightBytes = floatBytes * total;
  return {
    weightBytes,
    gradientBytes: weightBytes,
    momentBytes: 2 * weightBytes,
    activationBytes,
    totalBytes: 4 * weightBytes + activationBytes,
  };
}

function inferenceMemory(
  config: DecoderConfig,
  total: number,
  { batch, time, inferenceWeightBytes = floatBytes }: PlanOptions,
): InferenceMemory {
  const weightBytes = Math.ceil(inferenceWeightBytes * total);
  const kvBytesPerToken = 2 * config.layers * config.kvHeads * config.headDim * floatBytes;
  const kvBytes = kvBytesPerToken * batch * time;
  return { weightBytes, kvBytesPerToken, kvBytes, totalBytes: weightBytes + kvBytes };
}

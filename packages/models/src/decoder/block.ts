/**
 * One layer of the decoder: x + attention(norm(x)), then x + mlp(norm(x)). How queries meet keys is the caller's: over a
 * whole sequence in training, against a cache in generation. Everything else is here once.
 */
import {
  add,
  gelu,
  layerNorm,
  linear,
  reshape,
  rmsNorm,
  slice,
  split,
  squaredRelu,
  swiGlu,
  type Tensor,
  type TensorRecord,
  withScope,
} from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { ConfigError } from "../errors.ts";
import { type LayerNames, weightNames } from "./weight-names.ts";

/** Queries, keys and values of one layer, normalised per head where the model does so, not yet turned by position. */
export interface Projections {
  /** [batch, time, heads, headDim] */
  readonly query: Tensor;
  /** [batch, time, kvHeads, headDim] */
  readonly key: Tensor;
  /** [batch, time, kvHeads, headDim] */
  readonly value: Tensor;
}

export interface BlockHooks {
  /** @returns [batch, time, heads · headDim] */
  readonly attend: (projections: Projections, layer: number) => Tensor;
  /** Applied to what each sublayer adds to the residual stream; absent: added by the matrix product itself. */
  readonly dropout?: (x: Tensor, site: number) => Tensor;
}

/** @throws {ConfigError} if the weight is not among the parameters */
export function parameter(parameters: TensorRecord, name: string): Tensor {
  const tensor = parameters[name];
  if (tensor !== undefined) return tensor;
  throw new ConfigError({
    where: "decoder",
    found: `parameters without "${name}"`,
    expected: "a tensor for each of decoderParameters(config)",
    fix: "make the program's inputs from decoderParameters of the same configuration",
  });
}

/** The norm that the configuration names, with weights `name`. */
export function applyNorm(config: DecoderConfig, parameters: TensorRecord, name: string, x: Tensor): Tensor {
  const weight = parameter(parameters, `${name}.weight`);
  const { kind, epsilon } = config.norm;
  return kind === "rms"
    ? rmsNorm(x, weight, epsilon)
    : layerNorm(x, weight, parameter(parameters, `${name}.bias`), epsilon);
}

/**
 * @param x [batch, time, width]
 * @returns [batch, time, width]
 */
export function block(
  config: DecoderConfig,
  parameters: TensorRecord,
  index: number,
  x: Tensor,
  { attend, dropout }: BlockHooks,
): Tensor {
  const { isTransposed, layer } = weightNames(config);
  const names = layer(index);
  const { biases } = config;

  const project = (input: Tensor, name: string, hasBias: boolean, residual?: Tensor) =>
    linear(input, parameter(parameters, `${name}.weight`), {
      isTransposed,
      ...(hasBias && { bias: parameter(parameters, `${name}.bias`) }),
      ...(residual !== undefined && { residual }),
    });
  /** x + matrix(input), with dropout on what is added. */
  const addTo = (residual: Tensor, input: Tensor, name: string, hasBias: boolean, site: number) =>
    dropout === undefined
      ? project(input, name, hasBias, residual)
      : add(residual, dropout(project(input, name, hasBias), site));

  const afterAttention = withScope("attention", () => {
    const normed = applyNorm(config, parameters, names.attentionNorm, x);
    const mixed = attend(projectQueryKeyValue(config, parameters, names, normed, project), index);
    return addTo(x, mixed, names.attentionOutput, biases.attentionOutput, 2 * index + 1);
  });
  return withScope("mlp", () => {
    const normed = applyNorm(config, parameters, names.mlpNorm, afterAttention);
    const up = project(normed, names.up, biases.mlp); // [batch, time, mlpWidth]
    const active =
      config.mlp === "swiglu" ? swiGlu(project(normed, names.gate!, biases.mlp), up) : activate(config, up);
    return addTo(afterAttention, active, names.down, biases.mlp, 2 * index + 2);
  });
}

function activate({ mlp }: DecoderConfig, x: Tensor): Tensor {
  if (mlp === "relu2") return squaredRelu(x);
  return gelu(x, mlp === "gelu_new" ? "tanh" : "none");
}

function projectQueryKeyValue(
  config: DecoderConfig,
  parameters: TensorRecord,
  names: LayerNames,
  x: Tensor,
  project: (input: Tensor, name: string, hasBias: boolean) => Tensor,
): Projections {
  const { heads, kvHeads, headDim, biases } = config;
  const [query, key, value] =
    names.queryKeyValue === undefined
      ? [names.query!, names.key!, names.value!].map((name) => project(x, name, biases.queryKeyValue))
      : projectFused(config, parameters, names.queryKeyValue, x);
  const toHeads = (y: Tensor, count: number) => reshape(y, [...x.shape.slice(0, 2), count, headDim]);
  const normed = (y: Tensor, name: string) =>
    config.hasQueryKeyNorm ? rmsNorm(y, parameter(parameters, `${name}.weight`), config.norm.epsilon) : y;
  return {
    query: normed(toHeads(query!, heads), names.queryNorm), // [batch, time, heads, headDim]
    key: normed(toHeads(key!, kvHeads), names.keyNorm), // [batch, time, kvHeads, headDim]
    value: toHeads(value!, kvHeads),
  };
}

/**
 * GPT-2's one matrix for the three. Something must be cut into thirds: in training the weight, which is smaller than
 * what comes out of it; in decoding what comes out, since a token is smaller than a weight.
 */
function projectFused(config: DecoderConfig, parameters: TensorRecord, name: string, x: Tensor): Tensor[] {
  const { heads, kvHeads, headDim, width } = config;
  const lengths = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
  const weight = parameter(parameters, `${name}.weight`); // [width, (heads + 2 kvHeads) · headDim]
  const bias = parameter(parameters, `${name}.bias`);
  const rows = x.shape[0]! * x.shape[1]!; // negative when only one of them is known
  const isTraining = x.shape.every((length) => length > 0) && rows > width;
  if (!isTraining) return split(linear(x, weight, { isTransposed: true, bias }), -1, lengths);
  let start = 0;
  return lengths.map((length) => {
    start += length;
    const [from, to] = [start - length, start];
    return linear(x, slice(weight, 1, from, to), { isTransposed: true, bias: slice(bias, 0, from, to) });
  });
}

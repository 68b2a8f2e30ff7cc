/**
 * From Hugging Face's config.json to a DecoderConfig. Both generations of rotary fields are read: `rope_theta` with
 * `rope_scaling`, and transformers 5's `rope_parameters`. What would change the computation and is not supported is
 * refused by name; what does not change it is ignored.
 */
import { ConfigError } from "../errors.ts";
import { architectures } from "./architectures.ts";
import type {
  Architecture,
  DecoderConfig,
  MlpKind,
  Positions,
  RotaryScaling,
  SpecialTokenIds,
} from "./decoder-config.ts";
import { describeJson, JsonFields } from "./json-fields.ts";
import { validateDecoderConfig } from "./validate.ts";

const where = "config.json";

/**
 * @param json parsed contents of config.json
 * @throws {ConfigError} for an unknown architecture, a missing or mistyped field, or sizes that do not fit together
 */
export function parseDecoderConfig(json: unknown): DecoderConfig {
  const fields = new JsonFields(where, json);
  const architecture = parseArchitecture(fields);
  fields.expect("quantization_config", [], "weights in 16 or 32 bits");
  return validateDecoderConfig(architecture === "gpt2" ? parseGpt2(fields) : parseLlamaLike(architecture, fields));
}

function parseArchitecture(fields: JsonFields): Architecture {
  const type = fields.raw("model_type");
  if (typeof type === "string" && Object.hasOwn(architectures, type)) return type as Architecture;
  throw new ConfigError({
    where,
    found: `model_type = ${describeJson(type)}`,
    expected: `one of ${Object.keys(architectures).join(", ")}`,
    fix: "use a checkpoint of one of these architectures (SmolLM2 is a llama)",
  });
}

function parseLlamaLike(architecture: Exclude<Architecture, "gpt2">, fields: JsonFields): DecoderConfig {
  const { defaults } = architectures[architecture];
  fields.expect("hidden_act", ["silu", "swish"], "the gate of SwiGLU");
  fields.expect("rope_interleaved", [false], "pairs are half a head apart");
  fields.expect("use_sliding_window", [false], "windows are not supported");
  checkLayerTypes(fields);
  const width = fields.integer("hidden_size");
  const heads = fields.integer("num_attention_heads");
  const attentionBias = fields.boolean("attention_bias", false);
  return {
    family: "decoder",
    architecture,
    vocabulary: fields.integer("vocab_size"),
    width,
    layers: fields.integer("num_hidden_layers"),
    heads,
    kvHeads: fields.integer("num_key_value_heads", heads),
    // Qwen3's class assumes 128 when the field is absent, the others divide the width.
    headDim: fields.integer("head_dim", architecture === "qwen3" ? 128 : width / heads),
    mlpWidth: fields.integer("intermediate_size"),
    context: fields.integer("max_position_embeddings"),
    norm: { kind: "rms", epsilon: fields.number("rms_norm_eps", 1e-6) },
    positions: parseRotary(fields),
    hasQueryKeyNorm: defaults.hasQueryKeyNorm,
    biases: {
      queryKeyValue: architecture === "qwen2" || attentionBias,
      attentionOutput: architecture !== "qwen2" && attentionBias,
      mlp: architecture === "llama" && fields.boolean("mlp_bias", false),
    },
    mlp: "swiglu",
    isTied: fields.boolean("tie_word_embeddings", false),
    initialiserRange: fields.number("initializer_range", 0.02),
    specialTokens: parseSpecialTokens(fields),
  };
}

function checkLayerTypes(fields: JsonFields): void {
  const types = fields.raw("layer_types");
  if (types === undefined || (Array.isArray(types) && types.every((type) => type === "full_attention"))) return;
  throw new ConfigError({
    where,
    found: `layer_types = ${describeJson(types)}`,
    expected: '"full_attention" in every layer: windows are not supported',
    fix: "use a checkpoint whose layers all see the whole sequence",
  });
}

function parseRotary(fields: JsonFields): Positions {
  const nested = ["rope_parameters", "rope_scaling"].find((name) => fields.has(name));
  const outerTheta = fields.has("rope_theta") ? fields.number("rope_theta") : 10_000;
  fields.expect("partial_rotary_factor", [1], "whole heads turn");
  if (nested === undefined) return { kind: "rotary", theta: outerTheta };
  const rope = new JsonFields(`${where} ${nested}`, fields.raw(nested));
  rope.expect("partial_rotary_factor", [1], "whole heads turn");
  const theta = rope.number("rope_theta", outerTheta);
  const type = rope.choice(rope.has("rope_type") ? "rope_type" : "type", ["default", "linear", "llama3"], "default");
  if (type === "default") return { kind: "rotary", theta };
  const factor = rope.number("factor");
  const scaling: RotaryScaling =
    type === "linear"
      ? { kind: "linear", factor }
      : {
          kind: "llama3",
          factor,
          lowFrequencyFactor: rope.number("low_freq_factor"),
          highFrequencyFactor: rope.number("high_freq_factor"),
          originalContext: rope.integer("original_max_position_embeddings"),
        };
  return { kind: "rotary", theta, scaling };
}

/** What Hugging Face calls the activations; several names mean one function. */
const gpt2Activations: Readonly<Record<string, MlpKind>> = {
  gelu_new: "gelu_new",
  gelu_fast: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  gelu: "gelu",
  gelu_python: "gelu",
  relu2: "relu2",
};

function parseGpt2(fields: JsonFields): DecoderConfig {
  fields.expect("scale_attn_weights", [true], "scores are divided by √headDim");
  fields.expect("scale_attn_by_inverse_layer_idx", [false], "every layer scales alike");
  fields.expect("add_cross_attention", [false], "a decoder without an encoder");
  const activations = Object.keys(gpt2Activations);
  const width = fields.integer("n_embd");
  const heads = fields.integer("n_head");
  return {
    family: "decoder",
    architecture: "gpt2",
    vocabulary: fields.integer("vocab_size"),
    width,
    layers: fields.integer("n_layer"),
    heads,
    kvHeads: heads,
    headDim: width / heads,
    mlpWidth: fields.integer("n_inner", 4 * width),
    context: fields.integer(fields.has("n_positions") ? "n_positions" : "n_ctx"),
    norm: { kind: "layer", epsilon: fields.number("layer_norm_epsilon", 1e-5) },
    positions: { kind: "learned" },
    hasQueryKeyNorm: false,
    biases: { queryKeyValue: true, attentionOutput: true, mlp: true },
    mlp: gpt2Activations[fields.choice("activation_function", activations, "gelu_new")]!,
    isTied: fields.boolean("tie_word_embeddings", true),
    initialiserRange: fields.number("initializer_range", 0.02),
    specialTokens: parseSpecialTokens(fields),
  };
}

function parseSpecialTokens(fields: JsonFields): SpecialTokenIds {
  const begin = fields.optionalInteger("bos_token_id");
  const end = fields.integers("eos_token_id");
  const padding = fields.optionalInteger("pad_token_id");
  return {
    ...(begin !== undefined && { begin }),
    ...(end !== undefined && { end }),
    ...(padding !== undefined && { padding }),
  };
}

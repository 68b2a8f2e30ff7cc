import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { arbitraryConfig } from "../testing/arbitrary-config.ts";
import { createDecoderConfig } from "./create-config.ts";
import type { DecoderConfig, DecoderSizes } from "./decoder-config.ts";
import { parseDecoderConfig } from "./parse-config.ts";
import { writeDecoderConfig } from "./write-config.ts";

const sizes: DecoderSizes = { vocabulary: 100, width: 64, layers: 2, heads: 4, context: 32 };
const qwen3 = writeDecoderConfig(createDecoderConfig("qwen3", { ...sizes, kvHeads: 2 }));
const gpt2 = writeDecoderConfig(createDecoderConfig("gpt2", sizes));

test("what is written is read back the same, for every configuration", () => {
  fc.assert(
    fc.property(arbitraryConfig, (config) => {
      expect(parseDecoderConfig(JSON.parse(JSON.stringify(writeDecoderConfig(config))))).toEqual(config);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("either generation of rotary fields is enough", () => {
  const scaling = { rope_type: "linear", factor: 2 };
  const { rope_theta: _theta, rope_scaling: _scaling, rope_parameters: _parameters, ...rest } = qwen3;
  const expected = { kind: "rotary", theta: 1e6, scaling: { kind: "linear", factor: 2 } };
  expect(parseDecoderConfig({ ...rest, rope_theta: 1e6, rope_scaling: scaling }).positions).toEqual(expected);
  expect(parseDecoderConfig({ ...rest, rope_parameters: { rope_theta: 1e6, ...scaling } }).positions).toEqual(expected);
  expect(
    parseDecoderConfig({ ...rest, rope_theta: 1e6, rope_scaling: { type: "linear", factor: 2 } }).positions,
  ).toEqual(expected);
  expect(parseDecoderConfig(rest).positions).toEqual({ kind: "rotary", theta: 10_000 });
});

test("SmolLM2-135M's published config.json is a tied llama of 9 heads", () => {
  const published = {
    architectures: ["LlamaForCausalLM"],
    attention_bias: false,
    bos_token_id: 0,
    eos_token_id: 0,
    hidden_act: "silu",
    hidden_size: 576,
    initializer_range: 0.041666666666666664,
    intermediate_size: 1536,
    is_llama_config: true,
    max_position_embeddings: 8192,
    model_type: "llama",
    num_attention_heads: 9,
    num_hidden_layers: 30,
    num_key_value_heads: 3,
    pretraining_tp: 1,
    rms_norm_eps: 1e-5,
    rope_interleaved: false,
    rope_scaling: null,
    rope_theta: 100_000,
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
    use_cache: true,
    vocab_size: 49_152,
  };
  expect(parseDecoderConfig(published)).toMatchObject({
    architecture: "llama",
    headDim: 64,
    kvHeads: 3,
    isTied: true,
    positions: { kind: "rotary", theta: 100_000 },
    specialTokens: { begin: 0, end: 0 },
  });
});

describe("what cannot be is refused with what was found, what was expected and how to fix it", () => {
  const cases: [string, unknown, string][] = [
    ["a list", [], "config.json: found []; expected a JSON object"],
    ["nothing", undefined, "config.json: found nothing; expected a JSON object"],
    [
      "another architecture",
      { model_type: "mamba" },
      'found model_type = "mamba"; expected one of qwen3, qwen2, llama, gpt2',
    ],
    ["a name of Object.prototype", { model_type: "toString" }, 'found model_type = "toString"'],
    ["a missing field", { ...qwen3, hidden_size: undefined }, "found hidden_size = nothing; expected a whole number"],
    ["a text for a number", { ...qwen3, hidden_size: "64" }, 'found hidden_size = "64"; expected a whole number'],
    ["half a layer", { ...qwen3, num_hidden_layers: 0.5 }, "found num_hidden_layers = 0.5; expected a whole number"],
    ["no layers", { ...qwen3, num_hidden_layers: 0 }, "found layers 0; expected a whole number from 1 to 16777216"],
    ["a negative width", { ...qwen3, hidden_size: -64 }, "found width -64; expected a whole number from 1"],
    ["more heads than width", { ...qwen3, num_attention_heads: 65 }, "found 65 heads in a width of 64"],
    [
      "heads that do not divide",
      { ...qwen3, num_key_value_heads: 3 },
      "found 4 query heads and 3 key/value heads; expected query heads divisible by key/value heads. To fix: set kvHeads to 1, 2, 4.",
    ],
    ["a width that heads do not divide", { ...gpt2, n_head: 5 }, "found a width of 64 over 5 heads"],
    ["an odd head", { ...qwen3, head_dim: 15 }, "found headDim 15 with rotary positions; expected an even number"],
    [
      "another activation",
      { ...qwen3, hidden_act: "gelu" },
      'found hidden_act = "gelu"; expected nothing or "silu" or "swish"',
    ],
    [
      "another activation of gpt2",
      { ...gpt2, activation_function: "tanh" },
      'activation_function = "tanh"; expected gelu_new',
    ],
    [
      "windows",
      { ...qwen3, use_sliding_window: true },
      "found use_sliding_window = true; expected nothing or false: windows",
    ],
    [
      "windows by layer",
      { ...qwen3, layer_types: ["sliding_attention"] },
      'layer_types = ["sliding_attention"]; expected',
    ],
    [
      "YaRN",
      { ...qwen3, rope_parameters: { rope_type: "yarn", factor: 4 } },
      'found rope_type = "yarn"; expected default or linear or llama3',
    ],
    ["rotary parameters that are a list", { ...qwen3, rope_parameters: [] }, "config.json rope_parameters: found []"],
    [
      "packed weights",
      { ...qwen3, quantization_config: { quant_method: "gptq" } },
      'found quantization_config = {"quant_method":"gptq"}; expected nothing: weights in 16 or 32 bits',
    ],
    [
      "half a rotation",
      { ...qwen3, partial_rotary_factor: 0.5 },
      "found partial_rotary_factor = 0.5; expected nothing or 1",
    ],
    [
      "a negative theta",
      { ...qwen3, rope_parameters: { rope_theta: -1 } },
      "found rotary theta -1; expected a positive number",
    ],
    [
      "ids that are texts",
      { ...qwen3, eos_token_id: ["</s>"] },
      'found eos_token_id = ["</s>"]; expected whole numbers',
    ],
    [
      "unscaled scores",
      { ...gpt2, scale_attn_weights: false },
      "found scale_attn_weights = false; expected nothing or true",
    ],
  ];
  test.each(cases)("%s", (_, json, message) => {
    expect(() => parseDecoderConfig(json)).toThrow(ConfigError);
    expect(() => parseDecoderConfig(json)).toThrow(message);
  });

  test("a combination that no architecture has", () => {
    expect(() => createDecoderConfig("llama", sizes, { hasQueryKeyNorm: true })).toThrow(
      "found hasQueryKeyNorm true in llama; expected hasQueryKeyNorm false",
    );
    expect(() => createDecoderConfig("gpt2", { ...sizes, kvHeads: 2 })).toThrow(
      /gpt2 to have as many key\/value heads/,
    );
    expect(() => createDecoderConfig("gpt2", sizes, { mlp: "swiglu" })).toThrow(/found mlp swiglu in gpt2/);
  });
});

test("any JSON at all is parsed or refused as a configuration, never with another error", () => {
  const field = fc.oneof(fc.jsonValue(), fc.nat(100), fc.constantFrom(...Object.values(qwen3), ...Object.values(gpt2)));
  const near = (base: object) =>
    fc
      .dictionary(fc.constantFrom(...Object.keys(base)), field, { maxKeys: 4 })
      .map((changes): unknown => ({ ...base, ...changes }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near(qwen3), near(gpt2)), (json) => {
      let config: DecoderConfig;
      try {
        config = parseDecoderConfig(json);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      expect(parseDecoderConfig(writeDecoderConfig(config))).toEqual(config);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

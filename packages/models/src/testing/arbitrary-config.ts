/** Random small configurations for property tests. */
import fc from "fast-check";
import { createDecoderConfig } from "../config/create-config.ts";
import type { Architecture, DecoderConfig } from "../config/decoder-config.ts";

/** Any combination that config.json can say, small enough to run. */
export const arbitraryConfig: fc.Arbitrary<DecoderConfig> = fc
  .record({
    architecture: fc.constantFrom<Architecture[]>("qwen3", "qwen2", "llama", "gpt2"),
    kvHeads: fc.integer({ min: 1, max: 3 }),
    queriesPerKey: fc.integer({ min: 1, max: 3 }),
    headDim: fc.constantFrom(2, 6, 8, 16),
    extraWidth: fc.nat(12),
    layers: fc.integer({ min: 1, max: 3 }),
    vocabulary: fc.integer({ min: 3, max: 50 }),
    mlpWidth: fc.integer({ min: 1, max: 40 }),
    context: fc.integer({ min: 4, max: 70 }),
    isTied: fc.boolean(),
    isBiased: fc.boolean(),
    isMlpBiased: fc.boolean(),
    mlp: fc.constantFrom("gelu", "gelu_new", "relu2"),
    scaling: fc.constantFrom(
      undefined,
      { kind: "linear", factor: 4 } as const,
      { kind: "llama3", factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 32 } as const,
    ),
    theta: fc.constantFrom(1e4, 1e6),
    specialTokens: fc.record(
      { begin: fc.nat(2), end: fc.oneof(fc.nat(2), fc.array(fc.nat(2), { minLength: 1 })), padding: fc.nat(2) },
      { requiredKeys: [] },
    ),
  })
  .map((choice) => {
    const { architecture, headDim, layers, vocabulary, mlpWidth, context, isTied, isBiased, specialTokens } = choice;
    const shared = { layers, vocabulary, mlpWidth, context };
    if (architecture === "gpt2") {
      const heads = choice.kvHeads;
      const sizes = { ...shared, heads, width: heads * headDim };
      return createDecoderConfig("gpt2", sizes, { isTied, mlp: choice.mlp, specialTokens });
    }
    const heads = choice.kvHeads * choice.queriesPerKey;
    const { theta, scaling } = choice;
    return createDecoderConfig(
      architecture,
      { ...shared, heads, kvHeads: choice.kvHeads, headDim, width: heads + choice.extraWidth },
      {
        isTied,
        specialTokens,
        positions: { kind: "rotary", theta, ...(scaling !== undefined && { scaling }) },
        ...(architecture !== "qwen2" && {
          biases: {
            queryKeyValue: isBiased,
            attentionOutput: isBiased,
            mlp: architecture === "llama" && choice.isMlpBiased,
          },
        }),
      },
    );
  });

// What transformers computed for tiny random models (bench/peers/record_fixtures.py), computed again here.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { compile, gradientName, type HostTensor, type TensorSpec, traceProgram, withGradients } from "@myna/tensor";
import { expect, test } from "vitest";
import { loadDecoder } from "../checkpoint/load.ts";
import { readSafetensors } from "../safetensors/reader.ts";
import { decoder, logits } from "./decoder.ts";
import { nextTokenLoss } from "./next-token-loss.ts";
import { decoderParameters } from "./parameters.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const tolerance = 1e-5;

/** Largest difference, relative to the largest expected number of the tensor. */
function relativeError(actual: HostTensor, expected: HostTensor): number {
  expect(actual.shape).toEqual(expected.shape);
  let difference = 0;
  let largest = 0;
  expected.data.forEach((value: number | bigint, index: number) => {
    difference = Math.max(difference, Math.abs(Number(actual.data[index]) - Number(value)));
    largest = Math.max(largest, Math.abs(Number(value)));
  });
  return difference / largest;
}

test.each(readdirSync(fixtures))(
  "%s: logits and every parameter's gradient equal those of transformers",
  async (name) => {
    const folder = join(fixtures, name);
    const { config, weights } = loadDecoder(folder);
    const { tensors: expected } = readSafetensors(join(folder, "expected.safetensors"));
    const { tokens, targets } = Object.fromEntries(expected) as Record<string, HostTensor>;
    const specs = decoderParameters(config);
    const ids: TensorSpec = { type: "int64", shape: tokens!.shape };
    const inputs: Record<string, TensorSpec> = { tokens: ids, targets: ids };
    for (const spec of specs) inputs[spec.name] = { type: "float32", shape: spec.shape };
    const traced = traceProgram(inputs, (x) => {
      const hidden = decoder(config, x, { tokens: x.tokens! });
      return { logits: logits(config, x, hidden), loss: nextTokenLoss(config, x, hidden, x.targets!) };
    });
    const program = compile(withGradients(traced, { of: "loss", to: specs.map((spec) => spec.name) }));
    const results = await program.run({ tokens: tokens!, targets: targets!, ...Object.fromEntries(weights) });
    program.release();

    const errors = Object.fromEntries(
      [...expected.keys()]
        .filter((key) => key !== "tokens" && key !== "targets")
        .map((key) => [key, relativeError(results[key]!, expected.get(key)!)]),
    );
    expect(Object.keys(errors)).toEqual(
      expect.arrayContaining(["logits", "loss", ...specs.map((spec) => gradientName(spec.name))]),
    );
    const wrong = Object.entries(errors).filter(([, error]) => !(error <= tolerance));
    expect(wrong).toEqual([]);
  },
);

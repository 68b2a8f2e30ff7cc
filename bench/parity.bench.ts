/**
 * npm run bench -- parity: checkpoints in both directions between Myna and transformers. Random models of every
 * architecture are written by one and computed by both; the largest difference of any logit counts.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDecoderConfig,
  type DecoderConfig,
  type DecoderSizes,
  decoder,
  decoderParameters,
  initialiseParameters,
  loadDecoder,
  logits,
  readSafetensors,
  type StoredType,
  saveDecoder,
  writeSafetensors,
} from "@myna/models";
import { compile, type HostTensor, hostTensor, type TensorSpec, traceProgram } from "@myna/tensor";
import type { Benchmark } from "./run.ts";
import { peerPython } from "./support/python.ts";

/** Largest difference of a logit that counts as the same model. */
const bound = 1e-4;
const [batch, time] = [2, 512];
const sizes: DecoderSizes = { vocabulary: 512, width: 128, layers: 4, heads: 4, context: 1024 };
const grouped = { ...sizes, kvHeads: 2, headDim: 48 };

const models: Readonly<Record<string, { config: DecoderConfig; dtype: StoredType }>> = {
  qwen3: { config: createDecoderConfig("qwen3", grouped), dtype: "float32" },
  "qwen3-untied-bf16": { config: createDecoderConfig("qwen3", grouped, { isTied: false }), dtype: "bfloat16" },
  qwen2: { config: createDecoderConfig("qwen2", { ...sizes, kvHeads: 1 }), dtype: "float32" },
  "llama3.1": {
    config: createDecoderConfig("llama", grouped, {
      positions: {
        kind: "rotary",
        theta: 500_000,
        scaling: { kind: "llama3", factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 256 },
      },
    }),
    dtype: "float32",
  },
  "llama-linear": {
    config: createDecoderConfig("llama", grouped, {
      positions: { kind: "rotary", theta: 10_000, scaling: { kind: "linear", factor: 4 } },
    }),
    dtype: "float16",
  },
  smollm2: {
    config: createDecoderConfig("llama", { ...sizes, width: 96, heads: 3, kvHeads: 1 }, { isTied: true }),
    dtype: "bfloat16",
  },
  gpt2: { config: createDecoderConfig("gpt2", sizes), dtype: "float32" },
  "gpt2-relu2": { config: createDecoderConfig("gpt2", sizes, { mlp: "relu2" }), dtype: "float32" },
};

async function computeLogits(folder: string, tokens: HostTensor): Promise<HostTensor> {
  const { config, weights } = loadDecoder(folder);
  const inputs: Record<string, TensorSpec> = { tokens: { type: "int64", shape: tokens.shape } };
  for (const { name, shape } of decoderParameters(config)) inputs[name] = { type: "float32", shape };
  const program = traceProgram(inputs, (x) => ({
    logits: logits(config, x, decoder(config, x, { tokens: x.tokens! })),
  }));
  const executable = compile(program, { weights: Object.fromEntries(weights) });
  const results = await executable.run({ tokens });
  executable.release();
  return results.logits!;
}

function largestDifference(ours: HostTensor, path: string): number {
  const theirs = readSafetensors(path).tensors.get("logits")!;
  let largest = 0;
  theirs.data.forEach((value: number | bigint, index: number) => {
    largest = Math.max(largest, Math.abs(Number(value) - Number(ours.data[index])));
  });
  return largest;
}

async function run(): Promise<Record<string, unknown>> {
  const root = mkdtempSync(join(tmpdir(), "myna-parity-"));
  try {
    const ids = BigInt64Array.from({ length: batch * time }, (_, index) => BigInt((index * 7919) % sizes.vocabulary));
    const tokens = hostTensor("int64", [batch, time], ids);
    for (const [name, { config, dtype }] of Object.entries(models)) {
      mkdirSync(join(root, name));
      // Weights larger than a training starts with: attention is then not uniform, nor are logits near 0.
      const weights = initialiseParameters({ ...config, initialiserRange: 0.1 }, 1);
      saveDecoder(join(root, name, "ours"), config, weights, { dtype });
      writeSafetensors(join(root, name, "tokens.safetensors"), [["tokens", tokens]]);
    }
    const script = join(import.meta.dirname, "peers", "parity.py");
    const { status } = spawnSync(peerPython(), [script, root], { stdio: ["ignore", "inherit", "inherit"] });
    if (status !== 0) throw new Error(`parity.py: found exit code ${status}; expected 0`);
    const differences: Record<string, { written: number; read: number }> = {};
    for (const name of Object.keys(models)) {
      const at = (file: string) => join(root, name, file);
      differences[name] = {
        written: largestDifference(await computeLogits(at("ours"), tokens), at("ours-logits.safetensors")),
        read: largestDifference(await computeLogits(at("theirs"), tokens), at("theirs-logits.safetensors")),
      };
      console.error(`${name.padEnd(20)} ${JSON.stringify(differences[name])}`);
    }
    const worst = Math.max(...Object.values(differences).flatMap(({ written, read }) => [written, read]));
    if (!(worst <= bound)) throw new Error(`parity: found a logit off by ${worst}; expected at most ${bound}`);
    return { worst, bound, differences };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export const benchmark: Benchmark = {
  description: "Checkpoints between Myna and transformers, both ways: largest difference of a logit",
  run,
};

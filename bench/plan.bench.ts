/**
 * npm run bench -- plan: what `planDecoder` says a training step's activations take, against what a process takes. Measured
 * is more than planned: kernels pack their operands, and memory is handed out in blocks.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Architecture, createDecoderConfig, decoderForDepth, planDecoder, writeDecoderConfig } from "@myna/models";
import type { Benchmark } from "./run.ts";

const shapes = {
  a: { layers: 4, width: 128, heads: 2, context: 64, batch: 12, vocabulary: 65 },
  b: { layers: 6, width: 384, heads: 6, context: 256, batch: 8, vocabulary: 8192 },
  c: { layers: 8, width: 512, heads: 8, context: 512, batch: 4, vocabulary: 16_384 },
};
const styles: readonly Architecture[] = ["qwen3", "gpt2"];
const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

async function run(): Promise<Record<string, unknown>> {
  const worker = join(import.meta.dirname, "support", "measure-training-memory.ts");
  const ratio: Record<string, number> = {};
  for (const style of styles) {
    for (const [shape, { batch, ...sizes }] of Object.entries(shapes)) {
      const config = createDecoderConfig(style, sizes);
      const parameters = [writeDecoderConfig(config), batch, sizes.context].map((value) => JSON.stringify(value));
      const { status, stdout } = spawnSync(process.execPath, [worker, ...parameters], {
        stdio: ["ignore", "pipe", "inherit"],
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`${worker}: found exit code ${status}; expected 0`);
      const measured = (JSON.parse(stdout) as { activationBytes: number }).activationBytes;
      const planned = planDecoder(config, { batch, time: sizes.context }).training.activationBytes;
      ratio[`${style}.${shape}`] = Math.round((100 * measured) / planned) / 100;
      console.error(`${style}.${shape}: planned ${megabytes(planned)} MB, measured ${megabytes(measured)} MB`);
    }
  }
  const ladder = [4, 6, 8, 12].map((depth) => {
    const { config, learningRate, batchTokens, tokens } = decoderForDepth(depth, { vocabulary: 16_384 });
    const { parameters, flopsPerToken } = planDecoder(config, { batch: 8, time: 512 });
    return {
      depth,
      parameters: parameters.total,
      flopsPerToken: flopsPerToken.training,
      learningRate,
      batchTokens,
      tokens,
    };
  });
  return { ratio, ladder };
}

export const benchmark: Benchmark = {
  description: "Planned memory of a training step against the measured",
  run,
};

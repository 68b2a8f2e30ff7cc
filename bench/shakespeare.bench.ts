/**
 * nanoGPT's CPU configuration on tinyshakespeare, characters as tokens, against the same model and schedule in PyTorch.
 *
 *   npm run bench -- shakespeare [--style gpt2|qwen3] [--steps 2000] [--data FOLDER] [--peer yes|no]
 *
 * 4 layers, 4 heads, width 128, context 64, batch 12, 2,000 steps, AdamW(0.9, 0.99), weight decay 0.1, clip 1, rate 1e-3
 * falling to 1e-4 by a cosine after 100 steps (nanoGPT, train_shakespeare_char on a CPU). The two take turns of 100 steps,
 * so that a slow minute of the machine slows both. Seconds count steps alone; compilation is reported beside them.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createDecoderConfig, decoderParameters, initialiseParameters } from "@myna/models";
import {
  type Batch,
  compileEvaluationStep,
  compileTrainingStep,
  createOptimizer,
  learningRateAt,
  randomStream,
} from "@myna/training";
import type { Benchmark } from "./run.ts";
import { dataFolder } from "./support/data.ts";
import { peerPython } from "./support/python.ts";

const shape = { batch: 12, time: 64 };
const turn = 100;

interface Contestant {
  /** @returns seconds of `count` steps */
  train(count: number): Promise<number>;
  /** Mean loss in nats over the last tenth of the text. */
  evaluate(): Promise<number>;
  close(): void;
}

function readCharacters(path: string): { ids: Uint8Array; vocabulary: number } {
  const text = readFileSync(path, "utf8");
  const characters = [...new Set(text)].sort();
  const idOf = new Map(characters.map((character, id) => [character, id]));
  return { ids: Uint8Array.from(text, (character) => idOf.get(character)!), vocabulary: characters.length };
}

/** Rows that begin at the given characters; the target of each token is the next one. */
function windows(ids: Uint8Array, starts: readonly number[]): Batch {
  const count = starts.length * shape.time;
  const at = (shift: number) =>
    BigInt64Array.from({ length: count }, (_, index) => {
      const start = starts[Math.floor(index / shape.time)]!;
      return BigInt(ids[start + (index % shape.time) + shift]!);
    });
  const zeros = new BigInt64Array(count);
  return {
    ...shape,
    tokens: at(0),
    targets: at(1),
    positions: zeros,
    documents: zeros,
    predicted: count,
    filled: count,
    bytes: count,
  };
}

function createOurs(ids: Uint8Array, vocabulary: number, style: "gpt2" | "qwen3", steps: number): Contestant {
  const split = Math.floor(ids.length * 0.9);
  const config = createDecoderConfig(style, { vocabulary, width: 128, layers: 4, heads: 4, context: shape.time });
  const optimizer = createOptimizer({
    parameters: decoderParameters(config),
    beta1: 0.9,
    beta2: 0.99,
    weightDecay: 0.1,
    clip: 1,
    replicas: 2,
  });
  initialiseParameters(config, 1337, ({ name }) => optimizer.parameters[name]!);
  const options = { ...shape, packed: false, threads: 2 };
  const step = compileTrainingStep(config, optimizer.parameters, optimizer.gradientSets, options);
  const evaluation = compileEvaluationStep(config, optimizer.parameters, options);
  const random = randomStream(1337, "batches");
  const schedule = { kind: "cosine", peak: 1e-3, steps, warmupSteps: 100, finalShare: 0.1 } as const;
  return {
    async train(count) {
      const started = performance.now();
      for (let index = 0; index < count; index++) {
        const starts = Array.from({ length: shape.batch }, () => random.integer(split - shape.time - 1));
        await step.run(windows(ids, starts));
        optimizer.update({ learningRate: learningRateAt(optimizer.updates, schedule) });
      }
      return (performance.now() - started) / 1000;
    },
    async evaluate() {
      let sum = 0;
      let tokens = 0;
      const last = ids.length - shape.time - 1;
      for (let start = split; start + shape.time * (shape.batch - 1) <= last; start += shape.time * shape.batch) {
        const starts = Array.from({ length: shape.batch }, (_, row) => start + row * shape.time);
        sum += await evaluation.run(windows(ids, starts));
        tokens += shape.batch * shape.time;
      }
      return sum / tokens;
    },
    close() {
      step.release();
      evaluation.release();
    },
  };
}

async function createPeer(path: string, steps: number): Promise<Contestant> {
  const script = join(import.meta.dirname, "peers", "shakespeare.py");
  const child = spawn(peerPython(), [script, path, String(steps)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command: string): Promise<number> => {
    child.stdin.write(`${command}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("bench/peers/shakespeare.py: found the end of its output; expected an answer");
    return Number(value);
  };
  await ask("ready");
  return { train: (count) => ask(`train ${count}`), evaluate: () => ask("evaluate"), close: () => child.stdin.end() };
}

export const benchmark: Benchmark = {
  description: "nanoGPT's CPU configuration on tinyshakespeare, against PyTorch",
  async run(parameters) {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        style: { type: "string", default: "gpt2" },
        steps: { type: "string", default: "2000" },
        data: { type: "string" },
        peer: { type: "string", default: "yes" },
      },
    });
    const steps = Number(values.steps);
    const path = join(dataFolder(values.data), "pretrain", "en_tinyshakespeare.txt");
    const { ids, vocabulary } = readCharacters(path);
    const started = performance.now();
    const ours = createOurs(ids, vocabulary, values.style as "gpt2" | "qwen3", steps);
    const compileSeconds = (performance.now() - started) / 1000;
    const peer = values.peer === "yes" ? await createPeer(path, steps) : undefined;
    let seconds = 0;
    let peerSeconds = 0;
    for (let done = 0; done < steps; done += turn) {
      const count = Math.min(turn, steps - done);
      seconds += await ours.train(count);
      if (peer !== undefined) peerSeconds += await peer.train(count);
      console.error(`${done + count}/${steps}  ours ${seconds.toFixed(1)} s  peer ${peerSeconds.toFixed(1)} s`);
    }
    const validationLoss = await ours.evaluate();
    const peerLoss = await peer?.evaluate();
    ours.close();
    peer?.close();
    return {
      style: values.style,
      steps,
      validationLoss,
      seconds,
      compileSeconds,
      ...(peer && { peerLoss, peerSeconds, ratio: peerSeconds / seconds }),
    };
  },
};

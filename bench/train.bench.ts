/**
 * Our training step (forward, backward, clipping, AdamW) against PyTorch's, interleaved round by round so that both meet
 * the same machine. PyTorch runs eagerly and compiled; the faster of the two counts.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { measurePeakGflops } from "@myna/training";
import type { Benchmark } from "./run.ts";
import { peerPython } from "./support/python.ts";
import { median, quartiles } from "./support/statistics.ts";
import { createStepper } from "./support/stepper.ts";
import { type StepShape, type Style, shapes, styles } from "./support/training-step.ts";

const modes = ["eager", "compile"] as const;
type ShapeName = keyof typeof shapes;

/** Steps in a row before the other's turn, about a second of each, and rounds. */
const stepsPerRound: Record<ShapeName, number> = { a: 20, b: 2, c: 1 };
const rounds = 7;
const warmupSteps = 3;

/** bench/peers/train_step.py as a process that takes steps when told. */
class Peer {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(style: Style, shape: StepShape, mode: (typeof modes)[number]) {
    const script = join(import.meta.dirname, "peers", "train_step.py");
    this.#process = spawn(peerPython(), [script, style, JSON.stringify(shape), mode], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async steps(count: number): Promise<number[]> {
    this.#process.stdin.write(`step ${count}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("train_step.py ended: found no answer; expected one line a command");
    return JSON.parse(value).ms;
  }

  end(): void {
    this.#process.stdin.end("end\n");
    this.#reader.close();
  }
}

interface Comparison {
  readonly ratio: number;
  /** First and third quartile of the rounds' ratios. */
  readonly spread: [number, number];
  readonly ms: number;
  readonly peerMs: number;
  readonly peerMode: string;
  readonly gflops: number;
}

async function compare(style: Style, name: ShapeName): Promise<Comparison> {
  const shape = shapes[name];
  const stepper = createStepper(style, shape);
  const ourSteps = async (count: number): Promise<number[]> => {
    const times: number[] = [];
    for (let step = 0; step < count; step++) {
      const start = performance.now();
      await stepper.step();
      times.push(performance.now() - start);
    }
    return times;
  };
  const peers = modes.map((mode) => ({ mode, peer: new Peer(style, shape, mode), times: [] as number[] }));
  const ours: number[] = [];
  try {
    await ourSteps(warmupSteps);
    for (const { peer } of peers) await peer.steps(warmupSteps);
    for (let round = 0; round < rounds; round++) {
      ours.push(median(await ourSteps(stepsPerRound[name])));
      for (const { peer, times } of peers) times.push(median(await peer.steps(stepsPerRound[name])));
    }
  } finally {
    for (const { peer } of peers) peer.end();
    stepper.release();
  }
  const fastest = peers.reduce((best, one) => (median(one.times) < median(best.times) ? one : best));
  const ratios = ours.map((ms, round) => fastest.times[round]! / ms);
  const ms = median(ours);
  return {
    ratio: median(ratios),
    spread: quartiles(ratios),
    ms,
    peerMs: median(fastest.times),
    peerMode: fastest.mode,
    gflops: stepper.flops / ms / 1e6,
  };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

export const benchmark: Benchmark = {
  description: "the training step against PyTorch, interleaved: [style] [shape]",
  async run([onlyStyle, onlyShape]) {
    // Before any peer starts: PyTorch's compiler leaves processes behind that take a while to end.
    const peakGflops = Math.round(await measurePeakGflops());
    const ratio: Record<string, Record<string, number>> = {};
    const spread: Record<string, Record<string, number[]>> = {};
    const gflops: Record<string, Record<string, number>> = {};
    for (const style of styles.filter((one) => onlyStyle === undefined || one === onlyStyle)) {
      [ratio[style], spread[style], gflops[style]] = [{}, {}, {}];
      for (const name of (Object.keys(shapes) as ShapeName[]).filter((one) => !onlyShape || one === onlyShape)) {
        const result = await compare(style, name);
        ratio[style][name] = rounded(result.ratio);
        spread[style]![name] = result.spread.map(rounded);
        gflops[style]![name] = Math.round(result.gflops);
        const { ms, peerMs, peerMode } = result;
        console.error(
          `${style} ${name}: ${ms.toFixed(1)} ms; PyTorch (${peerMode}) ${peerMs.toFixed(1)} ms; ratio ${result.ratio.toFixed(3)}`,
        );
      }
    }
    return { ratio, spread, gflops, peakGflops };
  },
};

/**
 * Stage: a base model from raw text, by predicting the next token.
 *
 *   myna pretrain books/ --tokenizer .myna/tokenizers/mine --run first --depth 4 --tokens 20M
 *
 * Reads the data once into shards, then learns: packed rows in which documents do not see each other, AdamW with a warmup,
 * held-out loss and a sample now and then, checkpoints that continue bit for bit. On two cores a depth of 4 learns some
 * 5,000 tokens a second; docs/log.md has the figures.
 */

import { join } from "node:path";
import { decoderForDepth } from "@myna/models";
import type { TrainingState } from "./checkpoints/format.ts";
import { readLatestCheckpoint } from "./checkpoints/read-checkpoint.ts";
import { writeCheckpoint } from "./checkpoints/write-checkpoint.ts";
import { type Dataset, openDataset } from "./data/dataset.ts";
import { textDocuments } from "./data/document-encoder.ts";
import { parseSource } from "./data/source.ts";
import { createTrainingBatches } from "./data/training-batches.ts";
import { validationBatches } from "./data/validation-batches.ts";
import { OptionError } from "./errors.ts";
import { machinePeakGflops } from "./metrics/machine-peak.ts";
import { openMetricsLog } from "./metrics/metrics-log.ts";
import { readTextFiles, type TextFiles } from "./model-files.ts";
import { openRun } from "./runs/run.ts";
import { learningRateAt, scheduleFromShares } from "./schedule.ts";
import type { OptimiserOptions, RunOptions, StageContext, StageResult, WatchingOptions } from "./stage.ts";
import { announceData, announcePassing, describeSources, reportShards } from "./step/announce.ts";
import { heldOutLoss } from "./step/evaluate.ts";
import { createLearner } from "./step/learner.ts";
import { stepRows } from "./step/micro-batch.ts";
import { startPace } from "./step/pace.ts";
import { createReporter } from "./step/reporter.ts";
import { writeSamples } from "./step/samples.ts";

export interface PretrainOptions extends RunOptions, OptimiserOptions, WatchingOptions {
  /** Files and folders, PATH=WEIGHT for one that is read more or less often. */
  readonly data: readonly string[];
  /** Folder with tokenizer.json. */
  readonly tokenizer: string;
  /** Layers; what is not given below follows from it (decoderForDepth). */
  readonly depth: number;
  /** Channels of the residual stream. */
  readonly width?: number | undefined;
  readonly heads?: number | undefined;
  readonly kvHeads?: number | undefined;
  /** Tokens seen at once. */
  readonly context: number;
  /** Tokens per update. */
  readonly batch?: number | undefined;
  /** Sequences computed at once; they divide the batch. */
  readonly microBatch?: number | undefined;
  /** The first of these three that is given sets the length of the run; otherwise the depth's rule does. */
  readonly steps?: number | undefined;
  readonly tokens?: number | undefined;
  readonly epochs?: number | undefined;
  /** Weight of log²Z. */
  readonly zLoss: number;
}

/** @throws {TrainingError} for whatever a person can mend; the last checkpoint is whole then */
export async function pretrain(options: PretrainOptions, context: StageContext): Promise<StageResult> {
  const { seed } = options;
  checkLength(options);
  const files = readTextFiles(options.tokenizer);
  const run = openRun({
    ...context,
    name: options.run,
    stage: "pretrain",
    options: { ...options },
    resume: options.resume,
    texts: { tokenizerHash: files.tokenizer.hash, templateHash: files.templateHash },
  });
  let dataset: Dataset | undefined;
  try {
    // Data
    dataset = await openDataset({
      home: context.home,
      sources: options.data.map(parseSource),
      encoder: textDocuments(encoderOf(files)),
      heldOut: options.heldOut,
      skipBad: options.skipBad,
      signal: context.signal,
      ...reportShards(context.emit),
    });
    const { tokenizer } = files;

    // Model and length of the run
    const plan = decoderForDepth(options.depth, {
      vocabulary: tokenizer.vocabularySize,
      context: options.context,
      ...sizesOf(options),
      ...(options.tokens !== undefined && { tokens: options.tokens }),
      specialTokens: { begin: files.endOfTextId, end: files.endOfTextId },
    });
    const rows = stepRows(options.batch ?? plan.batchTokens, options.context, options.microBatch);
    const batchOptions = { batch: rows.microBatch, time: options.context, seed, paddingId: files.endOfTextId };
    const batches = createTrainingBatches(dataset, batchOptions);
    const tokensPerStep = rows.microBatch * rows.accumulate * options.context;
    const tokens =
      options.epochs === undefined ? (options.tokens ?? plan.tokens) : options.epochs * batches.tokensPerPass;
    const steps = options.steps ?? Math.max(1, Math.ceil(tokens / tokensPerStep));
    const schedule = scheduleFromShares({
      kind: options.schedule,
      peak: options.learningRate ?? plan.learningRate,
      steps,
      warmup: options.warmup,
      decay: options.decay,
      finalShare: options.finalRate,
    });
    announcePassing(context.emit, `compiling a step of ${rows.microBatch} × ${options.context} tokens`);
    const learner = createLearner(plan.config, { ...rows, ...learnerOptionsOf(options) });

    const peakGflops = await machinePeakGflops(context.home, threadsOf(options));

    // Where it begins
    run.begin({
      seed,
      datasetHash: dataset.hash,
      sources: describeSources(dataset),
      tokenizerHash: tokenizer.hash,
      templateHash: files.templateHash,
    });
    const warn = (text: string) => context.emit({ type: "note", level: "warning", text });
    const checkpoint = run.isResumed ? await readLatestCheckpoint(run.folder, warn) : undefined;
    if (checkpoint === undefined) learner.initialise(seed);
    else {
      learner.restore(checkpoint);
      batches.seek(checkpoint.state.data!);
    }
    const firstStep = checkpoint?.step ?? 0;
    let best = checkpoint?.state.best;
    let lastCheckpoint = checkpoint?.folder;
    const log = openMetricsLog(run.metricsPath, checkpoint === undefined ? {} : { keepThrough: firstStep });
    const report = createReporter(log, context.emit, peakGflops);
    const pace = startPace();
    report.emit({
      type: "start",
      stage: "pretrain",
      run: run.name,
      steps,
      firstStep,
      parameters: learner.optimizer.parameterCount,
      tokensPerStep,
      evaluateEvery: options.evaluateEvery,
      notes: [learner.note, ...announceData(dataset, batches)],
    });

    const save = async (step: number): Promise<void> => {
      const state: TrainingState = {
        stage: "pretrain",
        step,
        random: {},
        data: { ...batches.position(), rowsBySource: [...batches.position().rowsBySource] },
        datasetHash: dataset!.hash,
        tokenizerHash: tokenizer.hash,
        templateHash: files.templateHash,
        options: { ...options },
        ...(best !== undefined && { best }),
      };
      log.sync();
      lastCheckpoint = await writeCheckpoint(
        run.folder,
        { state, writeModel: learner.saveWeights, texts: files.texts, optimizer: learner.optimizer.exportState() },
        { keep: options.keepCheckpoints, ...(best !== undefined && { bestStep: best.step }) },
      );
      report.emit({ type: "checkpoint", step, path: lastCheckpoint });
    };

    const evaluate = async (step: number): Promise<void> => {
      if (dataset!.heldOut.count === 0) return;
      const held = validationBatches(dataset!, { ...batchOptions, maximumTokens: options.evaluateTokens });
      const result = await heldOutLoss(learner.evaluation, held);
      const isBest = best === undefined || result.loss < best.loss;
      if (isBest) best = { step, loss: result.loss };
      report.emit({ type: "evaluation", step, ...result, isBest });
    };

    const sample = async (step: number): Promise<void> => {
      const prompts = options.samplePrompt.length > 0 ? options.samplePrompt : [""];
      const texts = await writeSamples(plan.config, learner.optimizer.parameters, tokenizer, {
        prompts: prompts.map((prompt) => [files.endOfTextId, ...tokenizer.encode(prompt)]),
        maxTokens: Math.min(64, options.context - 1),
        endTokens: [files.endOfTextId],
        temperature: 0.8,
        topP: 0.95,
        seed: seed + step,
      });
      for (const [index, text] of texts.entries()) report.emit({ type: "sample", step, prompt: prompts[index]!, text });
    };

    // Learning
    const started = performance.now();
    let step = firstStep;
    let loss: number | undefined;
    try {
      while (step < steps && !context.signal.aborted) {
        const learningRate = learningRateAt(step, schedule);
        const stepStarted = performance.now();
        const learned = await learner.learn(() => batches.next(), learningRate);
        if (learned === undefined) break; // every source has been read as often as it may be
        step += 1;
        loss = learned.loss;
        pace.tick(learned.filled, performance.now() - stepStarted);
        report.step({ step, steps, learningRate, learned, pace, flopsPerToken: learner.flopsPerToken });
        const isLast = step === steps;
        if (isLast || step % options.evaluateEvery === 0) {
          await evaluate(step);
          await sample(step);
        }
        if (isLast || step % options.checkpointEvery === 0) await save(step);
      }
      if (lastCheckpoint === undefined || !lastCheckpoint.endsWith(join("checkpoints", String(step)))) await save(step);
      const reason = context.signal.aborted && step < steps ? "stopped" : "done";
      report.emit({
        type: "end",
        reason,
        step,
        seconds: (performance.now() - started) / 1000,
        checkpoint: lastCheckpoint!,
        ...(loss !== undefined && { loss }),
      });
      return { runFolder: run.folder, checkpoint: lastCheckpoint!, step, isComplete: reason === "done" };
    } catch (error) {
      report.fail(error, { step, started, checkpoint: lastCheckpoint });
      throw error;
    } finally {
      log.close();
      learner.release();
    }
  } finally {
    dataset?.close();
    run.release();
  }
}

/** @throws {OptionError} if the length of the run is given in two ways */
function checkLength({ steps, tokens, epochs }: PretrainOptions): void {
  const given = Object.entries({ steps, tokens, epochs }).filter(([, value]) => value !== undefined);
  if (given.length <= 1) return;
  throw new OptionError({
    where: `--${given[1]![0]}`,
    found: `--${given[0]![0]} as well`,
    expected: "one of --steps, --tokens and --epochs",
    fix: `leave out all but one`,
  });
}

function encoderOf({ tokenizer, endOfTextId }: TextFiles) {
  return {
    vocabularySize: tokenizer.vocabularySize,
    hash: tokenizer.hash,
    endOfTextId,
    encode: (text: string) => tokenizer.encode(text),
  };
}

function sizesOf({ width, heads, kvHeads }: PretrainOptions) {
  return {
    ...(width !== undefined && { width }),
    ...(heads !== undefined && { heads }),
    ...(kvHeads !== undefined && { kvHeads }),
  };
}

function learnerOptionsOf(options: PretrainOptions) {
  const { context, beta1, beta2, weightDecay, clip, zLoss } = options;
  return { context, beta1, beta2, weightDecay, clip, zLoss, ...threadsOf(options) };
}

const threadsOf = ({ threads }: PretrainOptions) => (threads === undefined ? {} : { threads });

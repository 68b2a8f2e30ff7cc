/**
 * Stage: a model that answers, from conversations that people wrote.
 *
 *   myna sft conversations.jsonl --model first --run first-chat
 *
 * The loss counts the assistant's tokens alone; conversations are packed into rows without seeing each other and are never
 * cut inside another's. Stops when the held-out loss no longer falls; the best checkpoint is the one to use.
 *
 * @see Ouyang et al. 2022, arXiv:2203.02155 §3.5
 */

import { join } from "node:path";
import { checkTrainingState, checkVocabularies } from "@myna/inference";
import { checkContext, type DecoderConfig, loadDecoderConfig } from "@myna/models";
import type { TrainingState } from "./checkpoints/format.ts";
import { readLatestCheckpoint } from "./checkpoints/read-checkpoint.ts";
import { writeCheckpoint } from "./checkpoints/write-checkpoint.ts";
import { type Dataset, openDataset } from "./data/dataset.ts";
import { conversationDocuments } from "./data/document-encoder.ts";
import { parseSource } from "./data/source.ts";
import { createTrainingBatches } from "./data/training-batches.ts";
import { validationBatches } from "./data/validation-batches.ts";
import { machinePeakGflops } from "./metrics/machine-peak.ts";
import { openMetricsLog } from "./metrics/metrics-log.ts";
import { conversationRenderer, promptOf, readTextFiles, type TextFiles } from "./model-files.ts";
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

export interface SftOptions extends RunOptions, OptimiserOptions, WatchingOptions {
  /** Files and folders of {"messages"}, PATH=WEIGHT for one that is read more or less often. */
  readonly data: readonly string[];
  /** Folder of the base model or checkpoint. */
  readonly model: string;
  /** Tokens of a row; absent: the model's own context. */
  readonly context?: number | undefined;
  /** Tokens per update. Default 16 rows, at most 16,384. */
  readonly batch?: number | undefined;
  readonly microBatch?: number | undefined;
  /** Learn the assistant's tokens only, or everybody's. */
  readonly lossOn: "assistant" | "all";
  /** Passes over the data. */
  readonly epochs: number;
  /** Updates, instead of passes. */
  readonly steps?: number | undefined;
  /** Evaluations without a better held-out loss before it stops; 0 never stops. */
  readonly patience: number;
}

/** A tenth of what pretraining of the width takes: the usual start for fine-tuning all weights. */
const defaultRate = (config: DecoderConfig) => Math.min(3e-4, (6e-5 * 768) / config.width);

/** @throws {TrainingError} for whatever a person can mend; the last checkpoint is whole then */
export async function sft(options: SftOptions, context: StageContext): Promise<StageResult> {
  const { seed, lossOn } = options;
  const files = readTextFiles(options.model);
  const { tokenizer } = files;
  const config = chatConfig(loadDecoderConfig(options.model), files, options.model);
  const time = options.context ?? config.context;
  checkContext(config, time);
  const run = openRun({
    ...context,
    name: options.run,
    stage: "sft",
    options: { ...options },
    resume: options.resume,
    texts: { tokenizerHash: tokenizer.hash, templateHash: files.templateHash },
  });
  let dataset: Dataset | undefined;
  try {
    // Data
    dataset = await openDataset({
      home: context.home,
      sources: options.data.map(parseSource),
      encoder: conversationDocuments(conversationRenderer(files)),
      heldOut: options.heldOut,
      skipBad: options.skipBad,
      signal: context.signal,
      ...reportShards(context.emit),
    });
    const rows = stepRows(options.batch ?? Math.min(16 * time, 16_384), time, options.microBatch);
    const batchOptions = { batch: rows.microBatch, time, seed, lossOn, paddingId: files.endOfTextId };
    const batches = createTrainingBatches(dataset, batchOptions);
    const rowsPerStep = rows.microBatch * rows.accumulate;
    const steps = options.steps ?? Math.max(1, Math.ceil((options.epochs * batches.rowsPerPass) / rowsPerStep));
    const schedule = scheduleFromShares({
      kind: options.schedule,
      peak: options.learningRate ?? defaultRate(config),
      steps,
      warmup: options.warmup,
      decay: options.decay,
      finalShare: options.finalRate,
    });

    // Model
    const { beta1, beta2, weightDecay, clip } = options;
    const threads = options.threads === undefined ? {} : { threads: options.threads };
    announcePassing(context.emit, `compiling a step of ${rows.microBatch} × ${time} tokens`);
    const learner = createLearner(config, { ...rows, context: time, beta1, beta2, weightDecay, clip, ...threads });
    // Damaged weights are met before anything of the run is written.
    learner.loadWeights(options.model);
    const peakGflops = await machinePeakGflops(context.home, threads);

    // Where it begins
    run.begin({
      seed,
      parent: options.model,
      datasetHash: dataset.hash,
      sources: describeSources(dataset),
      tokenizerHash: tokenizer.hash,
      templateHash: files.templateHash,
    });
    const warn = (text: string) => context.emit({ type: "note", level: "warning", text });
    const checkpoint = run.isResumed ? await readLatestCheckpoint(run.folder, warn) : undefined;
    if (checkpoint !== undefined) {
      learner.restore(checkpoint);
      batches.seek(checkpoint.state.data!);
    }
    const firstStep = checkpoint?.step ?? 0;
    let best = checkpoint?.state.best;
    let sinceBest = checkpoint?.state.evaluationsSinceBest ?? 0;
    let lastCheckpoint = checkpoint?.folder;
    const log = openMetricsLog(run.metricsPath, checkpoint === undefined ? {} : { keepThrough: firstStep });
    const report = createReporter(log, context.emit, peakGflops);
    const pace = startPace();
    report.emit({
      type: "start",
      stage: "sft",
      run: run.name,
      steps,
      firstStep,
      parameters: learner.optimizer.parameterCount,
      tokensPerStep: rowsPerStep * time,
      evaluateEvery: options.evaluateEvery,
      notes: [learner.note, ...announceData(dataset, batches)],
    });

    const save = async (step: number): Promise<void> => {
      const { rows: taken, rowsBySource } = batches.position();
      const state: TrainingState = {
        stage: "sft",
        step,
        random: {},
        data: { rows: taken, rowsBySource: [...rowsBySource] },
        datasetHash: dataset!.hash,
        tokenizerHash: tokenizer.hash,
        templateHash: files.templateHash,
        options: { ...options },
        evaluationsSinceBest: sinceBest,
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
      sinceBest = isBest ? 0 : sinceBest + 1;
      report.emit({ type: "evaluation", step, ...result, isBest });
    };

    const sample = async (step: number): Promise<void> => {
      const prompts = options.samplePrompt.length > 0 ? options.samplePrompt : ["Hello!", "你好！"];
      const texts = await writeSamples(config, learner.optimizer.parameters, tokenizer, {
        prompts: prompts.map((prompt) => promptOf(files, prompt)),
        maxTokens: Math.min(64, Math.floor(time / 2)),
        endTokens: [files.endOfTurnId, files.endOfTextId],
        temperature: 0.7,
        topP: 0.9,
        seed: seed + step,
      });
      for (const [index, text] of texts.entries()) report.emit({ type: "sample", step, prompt: prompts[index]!, text });
    };

    // Learning
    const started = performance.now();
    let step = firstStep;
    let loss: number | undefined;
    const isOutOfPatience = () => options.patience > 0 && sinceBest >= options.patience;
    try {
      while (step < steps && !context.signal.aborted && !isOutOfPatience()) {
        const learningRate = learningRateAt(step, schedule);
        const stepStarted = performance.now();
        const learned = await learner.learn(() => batches.next(), learningRate);
        if (learned === undefined) break; // every source has been read as often as it may be
        step += 1;
        loss = learned.loss;
        pace.tick(learned.filled, performance.now() - stepStarted);
        report.step({ step, steps, learningRate, learned, pace, flopsPerToken: learner.flopsPerToken });
        const isLast = step === steps;
        const isEvaluated = isLast || step % options.evaluateEvery === 0;
        if (isEvaluated) {
          await evaluate(step);
          await sample(step);
        }
        // The best weights so far are kept as they are: they are what the stage is for.
        const isBestYet = isEvaluated && best?.step === step;
        if (isLast || isBestYet || step % options.checkpointEvery === 0) await save(step);
      }
      if (lastCheckpoint === undefined || !lastCheckpoint.endsWith(join("checkpoints", String(step)))) await save(step);
      const isStopped = context.signal.aborted && step < steps && !isOutOfPatience();
      report.emit({
        type: "end",
        reason: isStopped ? "stopped" : isOutOfPatience() && step < steps ? "early-stop" : "done",
        step,
        seconds: (performance.now() - started) / 1000,
        checkpoint: lastCheckpoint!,
        ...(loss !== undefined && { loss }),
      });
      return { runFolder: run.folder, checkpoint: lastCheckpoint!, step, isComplete: !isStopped };
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

/** The base model's configuration, ending with the template's turns. @throws {ModelRefusedError} for another tokenizer */
function chatConfig(config: DecoderConfig, files: TextFiles, folder: string): DecoderConfig {
  const { tokenizer, endOfTurnId, endOfTextId } = files;
  checkTrainingState(folder, tokenizer, files.templateHash);
  checkVocabularies(config.vocabulary, tokenizer.vocabularySize);
  return { ...config, specialTokens: { ...config.specialTokens, end: [...new Set([endOfTurnId, endOfTextId])] } };
}

// Shows the estimate of a configuration, and with --measure what a few real steps take beside it.

import type * as z from "zod";
import type { CommandContext } from "../../command.ts";
import { formatBytes, formatCount, formatDuration } from "../../terminal/format.ts";
import type { planOptions } from "../plan.ts";

/** Share of the peak that training reaches: 63 to 91 % in docs/log.md; --measure replaces it by this machine's own. */
const usualShare = 0.7;

export async function describePlan(options: z.infer<typeof planOptions>, context: CommandContext): Promise<void> {
  const { decoderForDepth, planDecoder } = await import("@myna/models");
  const { machinePeakGflops, measureLearner } = await import("@myna/training");
  const { depth, width, heads, kvHeads, vocabulary, context: time, microBatch, tokens } = options;
  const plan = decoderForDepth(depth, {
    vocabulary,
    context: time,
    ...(width !== undefined && { width }),
    ...(heads !== undefined && { heads }),
    ...(kvHeads !== undefined && { kvHeads }),
    ...(tokens !== undefined && { tokens }),
  });
  const { config } = plan;
  const estimate = planDecoder(config, { batch: microBatch, time });
  const peakGflops = await machinePeakGflops(context.home);
  const measured = options.measure ? await measureLearner(config, { microBatch, context: time }) : undefined;
  const tokensPerSecond =
    measured?.tokensPerSecond ?? (usualShare * peakGflops * 1e9) / estimate.flopsPerToken.training;
  const seconds = plan.tokens / tokensPerSecond;
  if (context.isJson) {
    const { parameters, flopsPerToken, training, inference } = estimate;
    const rule = {
      learningRate: plan.learningRate,
      batchTokens: plan.batchTokens,
      tokens: plan.tokens,
      steps: plan.steps,
    };
    context.output.write(
      `${JSON.stringify({ config, parameters, flopsPerToken, training, inference, ...rule, peakGflops, seconds, ...(measured && { measured }) })}\n`,
    );
    return;
  }
  const { parameters, flopsPerToken, training, inference } = estimate;
  const rows: [string, string][] = [
    [
      "Model",
      `${config.layers} layers, width ${config.width}, ${config.heads} heads (${config.kvHeads} for keys and values), MLP ${config.mlpWidth}`,
    ],
    [
      "Parameters",
      `${formatCount(parameters.total)}, of which ${formatCount(parameters.embedding)} are the vocabulary's`,
    ],
    [
      "Work",
      `${(flopsPerToken.training / 1e6).toFixed(0)} MFLOP a token in training, ${(flopsPerToken.forward / 1e6).toFixed(0)} in inference`,
    ],
    [
      "Training",
      `${formatBytes(training.totalBytes)}: weights ${formatBytes(training.weightBytes)}, gradients ${formatBytes(training.gradientBytes)}, moments ${formatBytes(training.momentBytes)}, activations ${formatBytes(training.activationBytes)}`,
    ],
    [
      "Inference",
      `${formatBytes(inference.weightBytes)} and ${formatBytes(inference.kvBytesPerToken)} a token of context`,
    ],
    [
      "Rule",
      `learning rate ${plan.learningRate.toExponential(2)}, ${formatCount(plan.batchTokens)} tokens a step, ${formatCount(plan.tokens)} tokens in ${formatCount(plan.steps)} steps`,
    ],
    ["Machine", `${Math.round(peakGflops)} GFLOPS at best`],
    [
      "Time",
      `about ${formatDuration(seconds)} at ${formatCount(Math.round(tokensPerSecond))} tokens a second${measured ? ", measured" : ` (${usualShare * 100} % of the peak; --measure runs a few steps)`}`,
    ],
  ];
  if (measured !== undefined) {
    const share = (measured.tokensPerSecond * flopsPerToken.training) / 1e9 / peakGflops;
    rows.push([
      "Measured",
      `${formatCount(measured.parameters)} parameters, ${formatBytes(measured.residentBytes)} more resident memory (estimated ${formatBytes(training.totalBytes)}), ${Math.round(share * 100)} % of the peak`,
    ]);
  }
  for (const [name, text] of rows) context.output.write(`${context.palette.bold(name.padEnd(11))} ${text}\n`);
}

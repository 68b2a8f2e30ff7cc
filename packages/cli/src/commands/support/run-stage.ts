// Runs a training stage for the terminal: shows its events, turns Ctrl-C into "save and exit", picks the exit code.

import type { CommandContext } from "../../command.ts";
import { exitCodes } from "../../errors.ts";
import { listenForInterrupt } from "../../terminal/interrupt.ts";
import { createTrainingView } from "../../terminal/training-view.ts";
import { type StageOptions, stages } from "./stages.ts";

/** @returns 0 when the stage is complete, 130 when it was interrupted and saved */
export async function runStage<Name extends keyof StageOptions>(
  name: Name,
  options: StageOptions[Name],
  context: CommandContext,
): Promise<number> {
  const view = createTrainingView({
    stream: context.errorOutput,
    output: context.output,
    isJson: context.isJson,
    environment: context.environment,
  });
  const interrupt = listenForInterrupt(() =>
    view.show({
      type: "note",
      level: "warning",
      text: "saving and exiting; Ctrl-C again exits at once, losing the steps since the last checkpoint",
    }),
  );
  try {
    const run = await stages[name]();
    await run(options, { home: context.home, signal: interrupt.signal, emit: view.show });
  } catch (error) {
    // Stopped while it still read data: there is no step to save, and what was read is read again.
    if (!interrupt.signal.aborted || !(error instanceof Error) || error.name !== "AbortError") throw error;
    view.show({ type: "note", level: "info", text: "stopped before the first step; the same command starts again" });
  } finally {
    view.close();
    interrupt.release();
  }
  return interrupt.signal.aborted ? exitCodes.interrupted : exitCodes.done;
}

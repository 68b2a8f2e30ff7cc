/**
 * Runs a recipe: tokenizer, pretraining and fine-tuning one after the other. What is finished is not repeated and what
 * was stopped is resumed, so the same command may be given again at any time.
 */

import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { copyModel } from "./copy-model.ts";
import { OptionError } from "./errors.ts";
import { pretrain } from "./pretrain.ts";
import { type Recipe, type RecipeSource, readRecipe } from "./recipe-schema.ts";
import { checkName } from "./runs/run.ts";
import { sft } from "./sft.ts";
import type { StageContext, StageResult } from "./stage.ts";
import { trainTokenizerStage } from "./train-tokenizer.ts";

export interface RecipeOptions {
  /** Path of the JSON file. */
  readonly recipe: string;
  /** Folder that the recipe's data paths start from; absent: the recipe's own. */
  readonly data?: string | undefined;
  /** Name of the runs and of the model; absent: the recipe's. */
  readonly run?: string | undefined;
  /** First stage to do again; absent: the first that is not finished. */
  readonly from?: string | undefined;
}

const stageNames = ["tokenizer", "pretrain", "sft"] as const;
type StageName = (typeof stageNames)[number];

/** @throws {TrainingError} for whatever a person can mend: in the recipe, the data or the runs */
export async function runRecipe(options: RecipeOptions, context: StageContext): Promise<void> {
  const recipe = readRecipe(options.recipe);
  const name = options.run ?? recipe.name;
  checkName(name);
  const roots: Roots = { data: dataRoot(options, recipe), recipe: resolve(dirname(options.recipe)) };
  const { home, emit } = context;
  const tokenizerFolder = join(home, "tokenizers", name);
  const runs = { pretrain: `${name}-base`, sft: `${name}-chat` };
  if (options.from !== undefined) forget(checkStage(options.from, recipe), { home, tokenizerFolder, runs });
  const note = (text: string) => emit({ type: "note", level: "info", text });

  if (existsSync(join(tokenizerFolder, "tokenizer.json"))) note(`tokenizer: finished, in ${tokenizerFolder}`);
  else {
    const { data, ...rest } = recipe.tokenizer;
    // Written beside and renamed, so that a stopped stage leaves no half-written tokenizer that looks finished.
    const temporary = `${tokenizerFolder}.writing`;
    rmSync(temporary, { recursive: true, force: true });
    await trainTokenizerStage(
      { ...rest, data: data.map((source) => pathOf(source, roots)), output: temporary },
      context,
    );
    renameSync(temporary, tokenizerFolder);
  }

  const base = await runOnce("pretrain", runs.pretrain, (resume) =>
    pretrain(
      {
        ...recipe.pretrain,
        context: recipe.pretrain.context ?? 512,
        data: recipe.pretrain.data.map((source) => weighted(source, roots)),
        tokenizer: tokenizerFolder,
        run: runs.pretrain,
        resume,
        seed: recipe.seed,
      },
      context,
    ),
  );
  if (!base.isComplete || recipe.sft === undefined) return finish(base);

  const chat = await runOnce("sft", runs.sft, (resume) =>
    sft(
      {
        ...recipe.sft!,
        epochs: recipe.sft!.epochs ?? 3,
        data: recipe.sft!.data.map((source) => weighted(source, roots)),
        model: bestCheckpoint(base),
        run: runs.sft,
        resume,
        seed: recipe.seed,
      },
      context,
    ),
  );
  return finish(chat);

  async function runOnce(
    stage: "pretrain" | "sft",
    run: string,
    work: (resume: boolean) => Promise<StageResult>,
  ): Promise<StageResult> {
    const folder = join(home, "runs", run);
    const finished = finishedResult(folder);
    if (finished !== undefined) {
      note(`${stage}: finished, in ${folder}`);
      return finished;
    }
    return work(existsSync(join(folder, "run.json")));
  }

  /** The model gets a place of its own under MYNA_HOME/models, where `myna chat` and `myna serve` look. */
  function finish(result: StageResult): void {
    if (!result.isComplete) return;
    const folder = join(home, "models", name);
    copyModel(bestCheckpoint(result), folder);
    note(`model: ${folder}; talk with it: myna chat --model ${name}`);
  }
}

function dataRoot({ data, recipe: path }: RecipeOptions, recipe: Recipe): string {
  if (data !== undefined) return resolve(data);
  return resolve(dirname(path), recipe.dataFolder ?? ".");
}

/** Where paths begin: "./x" beside the recipe, any other relative path in the data folder. */
interface Roots {
  readonly data: string;
  readonly recipe: string;
}

function pathOf(source: RecipeSource, roots: Roots): string {
  const path = typeof source === "string" ? source : source.path;
  if (isAbsolute(path)) return path;
  return join(/^\.\.?[\\/]/.test(path) ? roots.recipe : roots.data, path);
}

const weighted = (source: RecipeSource, roots: Roots): string =>
  typeof source === "string" ? pathOf(source, roots) : `${pathOf(source, roots)}=${source.weight}`;

/** What a run that reached its end left; undefined while it has steps to do. */
function finishedResult(folder: string): StageResult | undefined {
  const metrics = join(folder, "metrics.jsonl");
  if (!existsSync(metrics)) return undefined;
  const last = readFileSync(metrics, "utf8").trimEnd().split("\n").at(-1)!;
  const event = JSON.parse(last) as { type?: string; reason?: string; step?: number; checkpoint?: string };
  const isComplete = event.type === "end" && (event.reason === "done" || event.reason === "early-stop");
  if (!isComplete || event.checkpoint === undefined || !existsSync(event.checkpoint)) return undefined;
  return { runFolder: folder, checkpoint: event.checkpoint, step: event.step ?? 0, isComplete };
}

function bestCheckpoint({ runFolder, checkpoint }: StageResult): string {
  const pointer = join(runFolder, "best");
  if (!existsSync(pointer)) return checkpoint;
  const best = join(runFolder, "checkpoints", readFileSync(pointer, "utf8").trim());
  return existsSync(best) ? best : checkpoint;
}

function checkStage(from: string, recipe: Recipe): StageName {
  const has = stageNames.filter((stage) => recipe[stage] !== undefined);
  const stage = has.find((known) => known === from);
  if (stage !== undefined) return stage;
  throw new OptionError({
    where: "--from",
    found: JSON.stringify(from),
    expected: `a stage of the recipe: ${has.join(", ")}`,
    fix: "name one of them, or leave --from out",
  });
}

/** Removes what a stage and those after it made. */
function forget(
  from: StageName,
  { home, tokenizerFolder, runs }: { home: string; tokenizerFolder: string; runs: Record<"pretrain" | "sft", string> },
): void {
  const folders: Record<StageName, string> = {
    tokenizer: tokenizerFolder,
    pretrain: join(home, "runs", runs.pretrain),
    sft: join(home, "runs", runs.sft),
  };
  for (const stage of stageNames.slice(stageNames.indexOf(from)))
    rmSync(folders[stage], { recursive: true, force: true });
}

// Which folder a --model names: a path, a run, a model under MYNA_HOME, or the default model that ships with Myna.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../../errors.ts";

const repository = resolve(import.meta.dirname, "../../../../..");

/** The model that ships with the repository. */
export const defaultModelFolder = join(repository, "models", "default");

export interface ModelChoice {
  /** Name for people. */
  readonly name: string;
  /** Absolute path of a folder with config.json. */
  readonly folder: string;
}

const isModel = (folder: string) => existsSync(join(folder, "config.json"));

/**
 * A run stands for its best checkpoint, or its latest where no best one is kept.
 *
 * @param name absent: the newest model under MYNA_HOME/models, or the default one
 * @throws {UsageError} when there is no such model
 */
export function findModel(name: string | undefined, home: string): ModelChoice {
  if (name === undefined) return newestModel(home) ?? shippedModel();
  const path = resolve(name);
  if (isModel(path)) return { name, folder: path };
  const places = [join(home, "models", name), ...checkpointOf(join(home, "runs", name))];
  const folder = places.find(isModel);
  if (folder !== undefined) return { name, folder };
  if (name === "default") return shippedModel();
  throw new UsageError({
    where: `--model ${name}`,
    found: existsSync(path) ? "a folder without config.json" : "no such folder, model or run",
    expected: `a model folder${known(home)}`,
    fix: "name one of these, or give the path of a folder with config.json and model.safetensors",
  });
}

function newestModel(home: string): ModelChoice | undefined {
  const root = join(home, "models");
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .map((name) => ({ name, folder: join(root, name) }))
    .filter(({ folder }) => isModel(folder))
    .sort((one, other) => statSync(other.folder).mtimeMs - statSync(one.folder).mtimeMs)[0];
}

function shippedModel(): ModelChoice {
  if (isModel(defaultModelFolder)) return { name: "default", folder: defaultModelFolder };
  throw new UsageError({
    where: "model",
    found: "no model: neither under MYNA_HOME/models nor in models/default",
    expected: "one to talk with",
    fix: "train one (myna recipe run recipes/tiny-bilingual.json --data FOLDER) and name it with --model",
  });
}

function checkpointOf(run: string): string[] {
  return ["best", "latest"]
    .map((pointer) => join(run, pointer))
    .filter((path) => existsSync(path))
    .map((path) => join(run, "checkpoints", readFileSync(path, "utf8").trim()));
}

function known(home: string): string {
  const names = ["models", "runs"].flatMap((kind) => {
    const root = join(home, kind);
    return existsSync(root) ? readdirSync(root) : [];
  });
  return names.length === 0 ? "" : `, or one of ${names.slice(0, 8).join(", ")}`;
}

// `myna recipe run`: several stages, one after the other, from a JSON file.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { runStage } from "./support/run-stage.ts";
import { nameSchema } from "./support/training-options.ts";

export const recipeRunOptions = z.object({
  recipe: z.string().describe("The recipe, a JSON file"),
  data: z
    .string()
    .optional()
    .describe("Folder that the recipe's data paths start from; without it the recipe's own")
    .meta({ unit: "folder" }),
  run: nameSchema.optional().describe("Name of the runs; without it the recipe's name").meta({ unit: "name" }),
  from: z
    .string()
    .optional()
    .describe("First stage to do again; without it the first that is not finished")
    .meta({ unit: "stage" }),
});

export const recipeRun = defineCommand({
  name: "recipe run",
  summary: "Runs a recipe: from raw text to a chat model in one command",
  details:
    "Finished stages are not repeated and a stopped one is resumed, so the same command may be given again at any time.",
  examples: ["myna recipe run recipes/tiny-bilingual.json"],
  options: recipeRunOptions,
  positionals: ["recipe"],
  run: (options, context) => runStage("recipe", options, context),
});

// The recipes that ship: each is what the runner accepts.

import { join } from "node:path";
import { expect, test } from "vitest";
import { readRecipe } from "../packages/training/src/recipe-schema.ts";
import { listFiles, root } from "./support/repository.ts";

const recipes = listFiles().filter((path) => /^recipes\/[^/]+\.json$/.test(path));

test.each(recipes)("%s has a name, a sentence about it and the stages to a chat model", (path) => {
  const recipe = readRecipe(join(root, path));
  expect(path).toBe(`recipes/${recipe.name}.json`);
  expect(recipe.description).toMatch(/\w/);
  expect(recipe.sft).toBeDefined();
});

test("there are recipes", () => {
  expect(recipes.length).toBeGreaterThan(0);
});

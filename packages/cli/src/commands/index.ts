// Every subcommand, in the order of `myna --help`. These modules hold options only and load their work when they run,
// so that `myna --help` answers at once.

import type { Command } from "../command.ts";
import { chat } from "./chat.ts";
import { doctor } from "./doctor.ts";
import { generate } from "./generate.ts";
import { plan } from "./plan.ts";
import { pretrain } from "./pretrain.ts";
import { recipeRun } from "./recipe-run.ts";
import { runs, runsShow } from "./runs.ts";
import { serve } from "./serve.ts";
import { sft } from "./sft.ts";
import { tokenize } from "./tokenize.ts";
import { trainTokenizer } from "./train-tokenizer.ts";

export const commands: readonly Command[] = [
  serve,
  chat,
  generate,
  recipeRun,
  trainTokenizer,
  pretrain,
  sft,
  runs,
  runsShow,
  plan,
  tokenize,
  doctor,
];

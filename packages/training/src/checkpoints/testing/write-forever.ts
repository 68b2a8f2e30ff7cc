// A process for tests to kill: writes checkpoints of a run's folder one after another until it dies.
//
//   node write-forever.ts RUN_FOLDER FIRST_STEP

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostTensor } from "@myna/tensor";
import { writeCheckpoint } from "../write-checkpoint.ts";

const [runFolder, firstStep] = process.argv.slice(2);

for (let step = Number(firstStep); ; step++) {
  const moments = hostTensor("float32", [50_000]);
  moments.data.fill(step);
  await writeCheckpoint(
    runFolder!,
    {
      state: { stage: "pretrain", step, random: {}, tokenizerHash: "t", options: {} },
      writeModel: (folder) => writeFileSync(join(folder, "model.safetensors"), Buffer.alloc(300_000, step)),
      texts: { "tokenizer.json": `{"step":${step}}` },
      optimizer: { updates: step, tensors: { moments } },
    },
    { keep: 2 },
  );
  process.stdout.write(`${step}\n`);
}

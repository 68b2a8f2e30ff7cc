/** What a stage says about its data before it learns. */

import type { ShardProgress } from "../data/build-shards.ts";
import type { Dataset } from "../data/dataset.ts";
import type { TrainingBatches } from "../data/training-batches.ts";
import type { DataError } from "../errors.ts";
import type { TrainingListener } from "../events.ts";

const REPORT_MS = 500;
/** Bad lines told one by one; the rest are counted. */
const badLinesTold = 5;

const count = (value: number) => Math.round(value).toLocaleString("en");

/** Says what takes its time before the first step. */
export function announcePassing(emit: TrainingListener, text: string): void {
  emit({ type: "note", level: "info", text, isPassing: true });
}

/** Listeners for `openDataset`: progress twice a second, and the first bad lines. */
export function reportShards(emit: TrainingListener): {
  onProgress: (progress: ShardProgress) => void;
  onBad: (error: DataError) => void;
} {
  let reported = Number.NEGATIVE_INFINITY;
  let bad = 0;
  return {
    onProgress({ source, bytesRead, bytes, documents, tokens }) {
      if (performance.now() - reported < REPORT_MS) return;
      reported = performance.now();
      const percent = bytes === 0 ? 100 : Math.floor((100 * bytesRead) / bytes);
      const text = `tokenising ${source}: ${percent} %, ${count(documents)} documents, ${count(tokens)} tokens`;
      announcePassing(emit, text);
    },
    onBad(error) {
      bad += 1;
      if (bad <= badLinesTold) emit({ type: "note", level: "warning", text: error.message });
    },
  };
}

/** A sentence a source, and one about the whole. */
export function announceData(dataset: Dataset, batches: TrainingBatches): string[] {
  const sources = dataset.sources.map(({ path, weight, statistics }) => {
    const { documents, tokens, heldOutDocuments, duplicates, badLines } = statistics;
    const parts = [
      `${count(documents)} documents, ${count(tokens)} tokens`,
      ...(weight === 1 ? [] : [`weight ${weight}`]),
      `${count(heldOutDocuments)} held out`,
      ...(duplicates > 0 ? [`${count(duplicates)} exact copies dropped`] : []),
      ...(badLines > 0 ? [`${count(badLines)} bad lines left out`] : []),
    ];
    return `${path}: ${parts.join(", ")}`;
  });
  const { cutAtTurn, truncated, leftOut } = batches.shortened;
  const shortened = [
    ...(cutAtTurn > 0 ? [`${count(cutAtTurn)} cut at a turn`] : []),
    ...(truncated > 0 ? [`${count(truncated)} cut inside an answer`] : []),
    ...(leftOut > 0 ? [`${count(leftOut)} left out`] : []),
  ];
  const whole = `one pass is ${count(batches.tokensPerPass)} tokens`;
  return [...sources, shortened.length === 0 ? whole : `${whole}; too long conversations: ${shortened.join(", ")}`];
}

/** For run.json. */
export function describeSources(dataset: Dataset): Record<string, unknown>[] {
  return dataset.sources.map(({ path, weight, statistics }) => ({ path, weight, ...statistics }));
}

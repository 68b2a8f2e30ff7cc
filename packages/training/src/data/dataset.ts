/** The data of a run: every source tokenised, exact duplicates between sources left out, a share held out for validation. */

import { createHash } from "node:crypto";
import { OptionError } from "../errors.ts";
import { type BuildShardsOptions, buildShards } from "./build-shards.ts";
import { DigestSet } from "./digest-set.ts";
import { DocumentList, type DocumentReference } from "./document-list.ts";
import type { ShardSet } from "./shard-set.ts";
import type { DataSource } from "./source.ts";

export interface DatasetOptions extends Omit<BuildShardsOptions, "path"> {
  readonly sources: readonly DataSource[];
  /** Share of the documents kept for validation, in [0, 0.5]; which ones follows from the hash of each. */
  readonly heldOut: number;
}

export interface DatasetSource {
  /** As it was named. */
  readonly path: string;
  /** Times it is read per pass over the data. */
  readonly weight: number;
  readonly maximumEpochs: number;
  readonly train: DocumentList;
  readonly statistics: SourceStatistics;
}

export interface SourceStatistics {
  /** To train on. */
  readonly documents: number;
  readonly tokens: number;
  readonly heldOutDocuments: number;
  /** Exact copies left out, of documents of this source or an earlier one. */
  readonly duplicates: number;
  readonly empty: number;
  readonly badLines: number;
}

export interface Dataset {
  readonly kind: "text" | "conversation";
  /** Of the documents, their order and their split: equal hashes give equal batches. */
  readonly hash: string;
  readonly vocabularySize: number;
  readonly sources: readonly DatasetSource[];
  /** In the order of their hashes: the first of them are a fair sample. Empty if `heldOut` is 0. */
  readonly heldOut: DocumentList;
  close(): void;
}

/** @throws {DataError} as `buildShards`; {OptionError} for a weight or share out of range; {DOMException} AbortError */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  checkOptions(options);
  const sets: ShardSet[] = [];
  try {
    for (const { path } of options.sources) sets.push(await buildShards({ ...options, path }));
  } catch (error) {
    for (const set of sets) set.close();
    throw error;
  }
  const { kept, copies } = leaveOutCopies(sets);
  const { train, heldOut } = splitHeldOut(kept, options.heldOut);
  const sources = options.sources.map(({ path, weight = 1, maximumEpochs = Number.POSITIVE_INFINITY }, index) => {
    const own = new DocumentList(train.filter(({ source }) => source === index));
    const { duplicates, empty, badLines } = sets[index]!.manifest;
    const statistics: SourceStatistics = {
      documents: own.count,
      tokens: own.tokens,
      heldOutDocuments: heldOut.filter(({ source }) => source === index).length,
      duplicates: duplicates + copies[index]!,
      empty,
      badLines,
    };
    return { path, weight, maximumEpochs, train: own, statistics };
  });
  const facts = { sets: sets.map(({ manifest }) => manifest.key), heldOut: options.heldOut };
  return {
    kind: options.encoder.kind,
    hash: createHash("sha256").update(JSON.stringify(facts)).digest("hex"),
    vocabularySize: options.encoder.vocabularySize,
    sources,
    heldOut: new DocumentList(heldOut),
    close: () => {
      for (const set of sets) set.close();
    },
  };
}

interface SplitReference extends DocumentReference {
  readonly source: number;
}

/** Documents that no earlier source has, and how many copies each source had. */
function leaveOutCopies(sets: readonly ShardSet[]): { kept: SplitReference[]; copies: number[] } {
  const seen = new DigestSet();
  const kept: SplitReference[] = [];
  const copies = sets.map((set, source) => {
    let count = 0;
    for (let document = 0; document < set.documents; document++) {
      if (seen.add(set.digest(document))) kept.push({ set, document, source });
      else count += 1;
    }
    return count;
  });
  return { kept, copies };
}

/**
 * A document is held out if its hash is below the share: whoever adds, removes or reorders data moves no other document
 * from one side to the other. Of two documents or more, each side gets at least one.
 */
function splitHeldOut(
  references: readonly SplitReference[],
  share: number,
): { train: SplitReference[]; heldOut: SplitReference[] } {
  if (share === 0) return { train: [...references], heldOut: [] };
  const rank = ({ set, document }: SplitReference): number => set.digest(document)[3]!;
  const heldOut = references
    .filter((reference) => rank(reference) < share * 2 ** 32)
    .sort((one, two) => rank(one) - rank(two));
  if (references.length >= 2 && heldOut.length === 0) {
    heldOut.push(references.reduce((lowest, next) => (rank(next) < rank(lowest) ? next : lowest)));
  }
  if (heldOut.length === references.length) heldOut.pop();
  const isHeldOut = new Set(heldOut);
  return { train: references.filter((reference) => !isHeldOut.has(reference)), heldOut };
}

function checkOptions({ sources, heldOut }: DatasetOptions): void {
  if (!(heldOut >= 0 && heldOut <= 0.5)) {
    throw new OptionError({
      where: "heldOut",
      found: String(heldOut),
      expected: "a share from 0 to 0.5",
      fix: "pass --held-out 0.01, say",
    });
  }
  for (const { path, weight = 1, maximumEpochs = 1 } of sources) {
    if (weight > 0 && Number.isFinite(weight) && maximumEpochs > 0) continue;
    throw new OptionError({
      where: `source ${path}`,
      found: `weight ${weight}, at most ${maximumEpochs} epochs`,
      expected: "both above 0",
      fix: "correct the numbers, or leave the source out",
    });
  }
  if (sources.length > 0) return;
  throw new OptionError({ where: "data", found: "no source", expected: "a file or folder", fix: "name one" });
}

/** The data of a run: every source tokenised, exact duplicates between sources left out, a share held out for validation. */

import { createHash } from "node:crypto";
import { OptionError } from "../errors.ts";
import { type BuildShardsOptions, buildShards } from "./build-shards.ts";
import { DigestSet } from "./digest-set.ts";
import { DocumentList } from "./document-list.ts";
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
  const { train, heldOut } = splitHeldOut(sets, kept, options.heldOut);
  const sources = options.sources.map(({ path, weight = 1, maximumEpochs = Number.POSITIVE_INFINITY }, index) => {
    const own = new DocumentList([sets[index]!], train[index]!);
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
    heldOut: new DocumentList(
      sets,
      Uint32Array.from(heldOut, ({ document }) => document),
      Uint16Array.from(heldOut, ({ source }) => source),
    ),
    close: () => {
      for (const set of sets) set.close();
    },
  };
}

interface HeldOutDocument {
  readonly source: number;
  readonly document: number;
  /** From its digest: evenly spread over the 32-bit numbers. */
  readonly rank: number;
}

/** By source, the documents that no earlier source has, and how many copies it had. */
function leaveOutCopies(sets: readonly ShardSet[]): { kept: Uint32Array[]; copies: number[] } {
  const seen = new DigestSet();
  const kept = sets.map((set) => {
    const documents = new Uint32Array(set.documents);
    let count = 0;
    for (let document = 0; document < set.documents; document++) {
      if (seen.add(set.digest(document))) documents[count++] = document;
    }
    return documents.subarray(0, count);
  });
  return { kept, copies: sets.map((set, source) => set.documents - kept[source]!.length) };
}

/**
 * A document is held out if its hash is below the share: whoever adds, removes or reorders data moves no other document
 * from one side to the other. Of two documents or more, each side gets at least one.
 */
function splitHeldOut(
  sets: readonly ShardSet[],
  kept: readonly Uint32Array[],
  share: number,
): { train: Uint32Array[]; heldOut: HeldOutDocument[] } {
  const rankOf = (source: number, document: number): number => sets[source]!.digest(document)[3]!;
  const heldOutBelow = (limit: number): HeldOutDocument[] =>
    kept
      .flatMap((documents, source) =>
        Array.from(
          documents.filter((document) => rankOf(source, document) < limit),
          (document) => ({ source, document, rank: rankOf(source, document) }),
        ),
      )
      .sort((one, other) => one.rank - other.rank);
  const total = kept.reduce((sum, { length }) => sum + length, 0);
  let heldOut = share === 0 ? [] : heldOutBelow(share * 2 ** 32);
  // Too few documents for their hashes to be even: the lowest one stands in.
  if (share > 0 && heldOut.length === 0 && total >= 2) heldOut = heldOutBelow(2 ** 32).slice(0, 1);
  if (heldOut.length === total) heldOut.pop();
  const isHeldOut = kept.map(() => new Set<number>());
  for (const { source, document } of heldOut) isHeldOut[source]!.add(document);
  const train = kept.map((documents, source) => documents.filter((document) => !isHeldOut[source]!.has(document)));
  return { train, heldOut };
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

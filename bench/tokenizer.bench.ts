/**
 * Training a tokenizer on text of both languages and encoding with it, against Hugging Face `tokenizers`. Both read the same
 * JSONL file and both run in a process of their own. The peer trains on all cores; encoding is on one thread for both.
 *
 *   npm run bench -- tokenizer [--data FOLDER] [--megabytes 200] [--rounds 3]
 *
 * The data folder is --data, else MYNA_DATA, else ../shared/data beside the repository.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Tokenizer, trainTokenizer } from "@myna/tokenizer";
import { peerPython } from "./support/python.ts";

const VOCABULARY = 16_384;
const ENCODED_MEGABYTES = 20;
/** Every fiftieth document is kept out of training: characters per token are measured on those. */
const HELD_OUT = 50;
const languages = ["en", "zh"] as const;
const peerScript = join(import.meta.dirname, "peers", "tokenizers_speed.py");

interface Timed {
  readonly seconds: number;
}

export const benchmark = {
  description: "training and encoding against Hugging Face tokenizers",
  async run(parameters: readonly string[]): Promise<Record<string, unknown>> {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        data: { type: "string" },
        megabytes: { type: "string", default: "200" },
        rounds: { type: "string", default: "3" },
      },
    });
    const data = resolve(
      values.data ?? process.env.MYNA_DATA ?? join(import.meta.dirname, "..", "..", "shared", "data"),
    );
    const python = peerPython();
    const folder = mkdtempSync(join(tmpdir(), "myna-bench-tokenizer-"));
    try {
      return measure(data, folder, python, Number(values.megabytes), Number(values.rounds));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function measure(
  data: string,
  folder: string,
  python: string,
  megabytes: number,
  rounds: number,
): Record<string, unknown> {
  const files = {
    corpus: join(folder, "corpus.jsonl"),
    texts: join(folder, "texts.jsonl"),
    tokenizer: join(folder, "tokenizer.json"),
  };
  const { heldOut, bytes } = writeCorpus(data, files.corpus, files.texts, megabytes);
  note(`${(bytes / 1e6).toFixed(0)} MB of text`);

  const trained = inChild<Timed & { peakMb: number }>("train", files.corpus, files.tokenizer);
  note(`training: ${trained.seconds.toFixed(1)} s, peak ${trained.peakMb.toFixed(0)} MB`);
  const peerTrained = inPeer<Timed & { peakMb: number }>(
    python,
    "train",
    files.corpus,
    files.tokenizer,
    String(VOCABULARY),
  );
  note(`training, peer: ${peerTrained.seconds.toFixed(1)} s, peak ${peerTrained.peakMb.toFixed(0)} MB`);

  type Encoded = Timed & { ids: number; sha256: string };
  const ours: Encoded[] = [];
  const theirs: Encoded[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(inChild<Encoded>("encode", files.texts, files.tokenizer));
    theirs.push(inPeer<Encoded>(python, "encode", files.texts, files.tokenizer));
    note(`encoding: ${ours.at(-1)!.seconds.toFixed(2)} s, peer ${theirs.at(-1)!.seconds.toFixed(2)} s`);
  }
  const encodeSeconds = median(ours.map(({ seconds }) => seconds));
  const peerEncodeSeconds = median(theirs.map(({ seconds }) => seconds));
  return {
    trainRatio: round3(peerTrained.seconds / trained.seconds),
    encodeRatio: round3(peerEncodeSeconds / encodeSeconds),
    trainPeakMb: Math.round(trained.peakMb),
    charactersPerToken: charactersPerToken(files.tokenizer, heldOut),
    trainSeconds: round3(trained.seconds),
    peerTrainSeconds: round3(peerTrained.seconds),
    peerTrainPeakMb: Math.round(peerTrained.peakMb),
    encodeSeconds: round3(encodeSeconds),
    peerEncodeSeconds: round3(peerEncodeSeconds),
    identicalIds: ours[0]!.sha256 === theirs[0]!.sha256,
    corpusMb: Math.round(bytes / 1e6),
  };
}

type HeldOut = Record<(typeof languages)[number], string[]>;

/** Half of the text from each language, as far as there is enough; the files of a language in turn, so that all take part. */
function writeCorpus(
  data: string,
  corpus: string,
  texts: string,
  megabytes: number,
): { heldOut: HeldOut; bytes: number } {
  const heldOut: HeldOut = { en: [], zh: [] };
  const corpusFile = openSync(corpus, "w");
  const textsFile = openSync(texts, "w");
  let bytes = 0;
  for (const language of languages) {
    const documents = documentsOf(join(data, "pretrain"), language);
    const total = documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const limit = Math.min(total, (megabytes * 1e6) / languages.length);
    const encodedShare = (ENCODED_MEGABYTES * 1e6) / languages.length / limit;
    let used = 0;
    let encoded = 0;
    for (const [i, text] of documents.entries()) {
      if (used >= limit) break;
      if (i % HELD_OUT === 0) heldOut[language].push(text);
      else writeSync(corpusFile, `${JSON.stringify(text)}\n`);
      used += Buffer.byteLength(text);
      if (encoded > used * encodedShare) continue;
      encoded += Buffer.byteLength(text);
      writeSync(textsFile, `${JSON.stringify(text)}\n`);
    }
    bytes += used;
  }
  closeSync(corpusFile);
  closeSync(textsFile);
  return { heldOut, bytes };
}

function documentsOf(folder: string, language: string): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${language}_`) && name.endsWith(".jsonl.gz"));
  const files = names.map((name) => {
    const lines = gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .split("\n");
    return lines.filter((line) => line !== "").map((line) => (JSON.parse(line) as { text: string }).text);
  });
  // Spread evenly: document i of n stands at i / n.
  const placed = files.flatMap((texts) => texts.map((text, i) => ({ text, place: i / texts.length })));
  return placed.sort((a, b) => a.place - b.place).map(({ text }) => text);
}

function charactersPerToken(tokenizerFile: string, heldOut: HeldOut): Record<string, number> {
  const tokenizer = Tokenizer.fromJson(readFileSync(tokenizerFile, "utf8"));
  const perToken = (texts: readonly string[]) => {
    const characters = texts.reduce((sum, text) => sum + Array.from(text).length, 0);
    return round3(characters / texts.reduce((sum, text) => sum + tokenizer.count(text), 0));
  };
  return Object.fromEntries(languages.map((language) => [language, perToken(heldOut[language])]));
}

function inChild<T>(...parameters: readonly string[]): T {
  return lastLine<T>(process.execPath, [import.meta.filename, ...parameters]);
}

function inPeer<T>(python: string, ...parameters: readonly string[]): T {
  return lastLine<T>(python, [peerScript, ...parameters]);
}

function lastLine<T>(command: string, parameters: readonly string[]): T {
  const { stdout, status } = spawnSync(command, parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")}: found exit code ${status}; expected 0`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
}

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path) })) yield JSON.parse(line) as string;
}

/** What a child process does: the work itself, timed from the file on. */
async function child([command, input, tokenizerFile]: readonly string[]): Promise<unknown> {
  if (command === "train") {
    const start = performance.now();
    const tokenizer = await trainTokenizer(linesOf(input!), { vocabularySize: VOCABULARY });
    const seconds = (performance.now() - start) / 1000;
    writeFileSync(tokenizerFile!, tokenizer.toJson());
    return { seconds, peakMb: process.resourceUsage().maxRSS / 1024 };
  }
  const texts = await Array.fromAsync(linesOf(input!));
  const tokenizer = Tokenizer.fromJson(readFileSync(tokenizerFile!, "utf8"));
  const start = performance.now();
  const encoded = texts.map((text) => tokenizer.encode(text));
  const seconds = (performance.now() - start) / 1000;
  const digest = createHash("sha256");
  for (const ids of encoded) digest.update(ids);
  return { seconds, ids: encoded.reduce((sum, { length }) => sum + length, 0), sha256: digest.digest("hex") };
}

function note(text: string): void {
  console.error(`tokenizer: ${text}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}

if (import.meta.main) console.log(JSON.stringify(await child(process.argv.slice(2))));

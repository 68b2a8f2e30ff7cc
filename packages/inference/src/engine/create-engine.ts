/** An engine in this process, from a model's folder. */
import { InvalidRequestError } from "../errors.ts";
import { DecoderLanguageModel } from "../model/decoder-language-model.ts";
import type { ChatEngine } from "./chat-engine.ts";
import { LocalEngine } from "./local-engine.ts";
import { readModelFolder } from "./model-folder.ts";

export interface EngineOptions {
  /** config.json, model.safetensors, tokenizer.json, tokenizer_config.json; a checkpoint of ours will do. */
  readonly folder: string;
  /** Name for people and clients; default the folder's. */
  readonly id?: string;
  /** Threads of the model's own pool; default the process's shared pool, which uses the physical cores. */
  readonly threads?: number;
  /** Tokens of prompt and answer together, at least 16; default and at most the model's positions. Caps the cache's memory. */
  readonly contextLength?: number;
  /** Requests that may wait; default 64. */
  readonly queueLimit?: number;
  /** Prompt tokens read in one run, between which an abort is heard and progress told; default 256. */
  readonly prefillChunk?: number;
  /** A reader that leaves an event untaken for so long loses its slot; default 30,000. */
  readonly stallTimeoutMs?: number;
}

/**
 * Loads the model; runs leave the event loop free but for microseconds a token. Loading blocks it: a server starts its
 * engine with `startEngineWorker`.
 *
 * @throws {InvalidRequestError} for options outside their ranges
 * @throws {ModelRefusedError}   when the folder's parts do not belong together; the errors of its files, see readModelFolder
 */
export async function createEngine(options: EngineOptions): Promise<ChatEngine> {
  checkOptions(options);
  const { threads, queueLimit, prefillChunk, stallTimeoutMs } = options;
  const { config, weights, codec, info, defaults } = readModelFolder(options.folder, options.id);
  const contextLength = Math.min(options.contextLength ?? config.context, config.context);
  const model = new DecoderLanguageModel({
    config,
    weights,
    contextLength,
    ...(threads !== undefined && { threads }),
  });
  model.compile();
  return new LocalEngine({
    model,
    codec,
    info: { ...info, contextLength },
    defaults,
    ...(queueLimit !== undefined && { queueLimit }),
    ...(prefillChunk !== undefined && { prefillChunk }),
    ...(stallTimeoutMs !== undefined && { stallTimeoutMs }),
  });
}

const leasts = { threads: 1, contextLength: 16, queueLimit: 0, prefillChunk: 1, stallTimeoutMs: 1 } as const;

function checkOptions(options: EngineOptions): void {
  for (const [name, least] of Object.entries(leasts)) {
    const value = options[name as keyof typeof leasts];
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) continue;
    throw new InvalidRequestError({
      where: name,
      found: String(value),
      expected: `a whole number of at least ${least}`,
      fix: `choose ${name} in that range, or leave it out`,
    });
  }
}

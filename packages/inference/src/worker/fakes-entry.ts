/** A worker for tests: a fake model that recites, and dies when it is asked to. */
import { parentPort, workerData } from "node:worker_threads";
import { byteTokens, byteVocabulary, createByteCodec } from "../engine/fakes/byte-codec.ts";
import { certain, createFakeLanguageModel } from "../engine/fakes/fake-language-model.ts";
import { LocalEngine } from "../engine/local-engine.ts";
import { ModelRefusedError } from "../errors.ts";
import { serveEngine } from "./serve-engine.ts";

export interface FakesEntryData {
  /** What the model writes, again and again without end. */
  readonly text: string;
  /** Counts the tokens that the model produced. */
  readonly tokensProduced: SharedArrayBuffer;
  readonly refuses?: boolean;
  readonly queueLimit?: number;
}

const { text, tokensProduced, refuses = false, queueLimit = 4 } = workerData as FakesEntryData;
const produced = new Int32Array(tokensProduced);
const bytes = new TextEncoder().encode(text);
const codec = createByteCodec();

await serveEngine(parentPort!, async () => {
  if (refuses) {
    throw new ModelRefusedError({ where: "model", found: "none", expected: "one", fix: "make one" });
  }
  const model = createFakeLanguageModel({
    vocabularySize: byteVocabulary,
    contextLength: 4096,
    logits(history) {
      // A prompt that ends in "!" is the end of this thread.
      if (history.at(-1) === 33)
        setImmediate(() => {
          throw new Error("the model exploded");
        });
      const start = Math.min(history.length, history.lastIndexOf(byteTokens.startOfTurn) + 11);
      Atomics.add(produced, 0, 1);
      return certain(bytes[(history.length - start) % bytes.length]!, byteVocabulary);
    },
  });
  const info = {
    id: "fake",
    folder: "fake",
    architecture: "qwen3",
    parameters: 0,
    contextLength: 4096,
    createdAt: 0,
    templateHash: "",
  };
  return new LocalEngine({ model, codec, info, queueLimit });
});

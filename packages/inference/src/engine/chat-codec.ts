/** The engine's codec from a tokenizer and a chat template, and the checks that they can serve this model. */
import { ChatTemplateError, renderChat, type Tokenizer } from "@myna/tokenizer";
import { ModelRefusedError } from "../errors.ts";
import type { ChatMessage } from "./chat-engine.ts";
import type { TextCodec } from "./text-codec.ts";

export interface ChatCodecParts {
  readonly tokenizer: Tokenizer;
  /** Jinja source; absent for a model that completes but does not chat. */
  readonly template?: string | undefined;
  /** What the template may name besides messages: bos_token, eos_token. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Ids that the model's configuration says end a text. */
  readonly endTokens: Iterable<number>;
  /** What a completion of an empty text begins with; default the first end token, as GPT-2's documents do. */
  readonly beginToken?: number | undefined;
}

const probe = [
  { role: "user", content: "Hello" },
  { role: "assistant", content: "Hi" },
] as const;

/**
 * @throws {ModelRefusedError} when the template refuses a plain conversation, or asks for an answer that nothing ends
 */
export function createChatCodec(parts: ChatCodecParts): TextCodec {
  const { tokenizer, template, variables } = parts;
  const ends = new Set(parts.endTokens);
  const render =
    template === undefined
      ? undefined
      : (messages: readonly ChatMessage[], findsAnswers: boolean, addGenerationPrompt = true) =>
          renderChat({
            tokenizer,
            template,
            messages: messages.map(({ role, content }) => ({ role, content })),
            addGenerationPrompt,
            findsAnswers,
            ...(variables && { variables }),
          });
  const findsAnswers = render !== undefined && readTemplate(render, tokenizer, ends);
  const beginToken = parts.beginToken ?? [...ends][0];

  return {
    vocabularySize: tokenizer.vocabularySize,
    longestTokenBytes: longestToken(tokenizer),
    endTokens: ends,
    encodeChat(messages) {
      if (render === undefined) {
        throw new ModelRefusedError({
          where: "chat",
          found: "a model without a chat template",
          expected: "a model that was fine-tuned on conversations",
          fix: "use complete, or fine-tune the model with `myna sft`",
        });
      }
      return [...render(messages, findsAnswers).ids];
    },
    encodeText(text) {
      const ids = tokenizer.encode(text, { allowSpecial: true, addSpecial: true });
      return ids.length > 0 || beginToken === undefined ? [...ids] : [beginToken];
    },
    // A vocabulary may have gaps among its ids; a token that is not there shows as nothing.
    createDecoder() {
      const decoder = tokenizer.streamDecoder({ skipSpecial: true });
      return { push: (id) => (tokenizer.has(id) ? decoder.push(id) : ""), flush: () => decoder.flush() };
    },
    tokenBytes: (id) => (tokenizer.has(id) ? tokenizer.bytesOf(id) : new Uint8Array(0)),
  };
}

/**
 * Adds the token that ends a turn in the template to `ends`.
 *
 * @returns whether the template tells where earlier answers are. Training cuts tokens there, so a served conversation must
 *          be cut alike; templates that hide their answers were trained elsewhere and are rendered as one text.
 */
function readTemplate(
  render: (
    messages: readonly ChatMessage[],
    findsAnswers: boolean,
    addGenerationPrompt: boolean,
  ) => {
    readonly ids: Int32Array;
    readonly isAnswer: Uint8Array;
  },
  tokenizer: Tokenizer,
  ends: Set<number>,
): boolean {
  let isFound = true;
  try {
    const { ids, isAnswer } = render(probe, true, false);
    const last = ids[isAnswer.lastIndexOf(1)];
    if (last !== undefined && tokenizer.isSpecial(last)) ends.add(last);
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    isFound = false;
    requireRenders(render, error);
  }
  if (ends.size > 0) return isFound;
  throw new ModelRefusedError({
    where: "chat template",
    found: "no token that ends an answer, neither in the template nor in the configuration",
    expected: "one, or answers would never end",
    fix: "set eos_token_id in config.json or generation_config.json",
  });
}

function requireRenders(
  render: (messages: readonly ChatMessage[], findsAnswers: boolean, addGenerationPrompt: boolean) => unknown,
  hidden: ChatTemplateError,
): void {
  try {
    render(probe, false, true);
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    throw new ModelRefusedError(
      {
        where: "chat template",
        found: `that it cannot be honoured: ${error.details.found}`,
        expected: error.details.expected,
        fix: error.details.fix,
      },
      { cause: hidden },
    );
  }
}

function longestToken(tokenizer: Tokenizer): number {
  let longest = 1;
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    if (tokenizer.has(id)) longest = Math.max(longest, tokenizer.bytesOf(id).length);
  }
  return longest;
}

/** Share of a model's embedding rows that may be padding: Qwen3 pads 151,669 tokens to 151,936 rows. */
const largestPadding = 0.01;

/**
 * @throws {ModelRefusedError} when the model's embedding and the tokenizer cannot belong together
 */
export function checkVocabularies(modelRows: number, tokenizerSize: number): void {
  if (modelRows >= tokenizerSize && modelRows - tokenizerSize <= modelRows * largestPadding) return;
  throw new ModelRefusedError({
    where: "tokenizer.json",
    found: `${tokenizerSize} tokens`,
    expected: `${modelRows}, the model's vocabulary${modelRows > tokenizerSize ? ", less at most 1 % of padding" : ""}`,
    fix: "put the tokenizer that the model was trained with beside its weights",
  });
}

/** A tokenizer whose tokens are bytes, for tests: 0–255 are bytes, then the specials of a ChatML-like template. */
import type { ChatMessage } from "../chat-engine.ts";
import type { TextCodec } from "../text-codec.ts";

export const byteTokens = { startOfTurn: 256, endOfTurn: 257, endOfText: 258 } as const;

export const byteVocabulary = 259;

const utf8 = new TextEncoder();

export function createByteCodec(): TextCodec {
  const turn = ({ role, content }: ChatMessage) => [
    byteTokens.startOfTurn,
    ...utf8.encode(`${role}\n${content}`),
    byteTokens.endOfTurn,
  ];
  return {
    vocabularySize: byteVocabulary,
    longestTokenBytes: 1,
    endTokens: new Set([byteTokens.endOfTurn, byteTokens.endOfText]),
    encodeChat: (messages) => [...messages.flatMap(turn), byteTokens.startOfTurn, ...utf8.encode("assistant\n")],
    encodeText: (text) => (text === "" ? [byteTokens.endOfText] : [...utf8.encode(text)]),
    createDecoder() {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      return {
        push: (token) => decoder.decode(Uint8Array.of(token), { stream: true }),
        flush: () => decoder.decode(),
      };
    },
    tokenBytes: (token) => (token < 256 ? Uint8Array.of(token) : utf8.encode(`<${token}>`)),
  };
}

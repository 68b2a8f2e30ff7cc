/**
 * Marks: characters that travel through a template inside of messages, and come out in the text to tell what is whose. They
 * are noncharacters of Unicode, which no text holds; if one does, others are taken.
 */
import { ChatTemplateError } from "../errors.ts";

export interface Marks {
  /** Stands after the first character of what looks like a control token in a message. */
  readonly escape: string;
  /** Around an answer. */
  readonly start: string;
  readonly end: string;
}

const noncharacters = Array.from({ length: 32 }, (_, i) => String.fromCharCode(0xfdd0 + i));

/** @throws {ChatTemplateError} if the texts hold all of Unicode's noncharacters */
export function chooseMarks(template: string, variables: unknown): Marks {
  const texts = template + (JSON.stringify(variables) ?? "");
  const free = noncharacters.filter((mark) => !texts.includes(mark));
  if (free.length < 3) {
    throw new ChatTemplateError({
      where: "chat messages",
      found: "nearly all of the characters U+FDD0 to U+FDEF",
      expected: "text without these noncharacters",
      fix: "remove them from the messages",
    });
  }
  return { escape: free[0]!, start: free[1]!, end: free[2]! };
}

/** Breaks control tokens in all strings of a value, so that they come out of the template as ordinary text. */
export class Escaper {
  private readonly pattern: RegExp | undefined;
  private readonly mark: string;

  constructor(controlTokens: readonly string[], mark: string) {
    const escaped = controlTokens.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join("|"), "g");
    this.mark = mark;
  }

  escape(value: unknown): unknown {
    if (typeof value === "string") return this.escapeText(value);
    if (Array.isArray(value)) return value.map((element) => this.escape(element));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [this.escapeText(key), this.escape(inner)]));
  }

  private escapeText(text: string): string {
    const { pattern, mark } = this;
    if (pattern === undefined) return text;
    let current = text;
    // Again until nothing is left: breaking one token may leave another that overlapped it.
    for (;;) {
      const next = current.replace(pattern, (token) => token[0] + mark + token.slice(1));
      if (next === current) return current;
      current = next;
    }
  }
}

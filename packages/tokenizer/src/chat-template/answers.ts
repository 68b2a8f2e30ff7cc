/**
 * Where the assistant's answers are in a rendered conversation. A template with `generation` tags says so itself. For any other,
 * the same template is rendered for the conversation cut off before and after each answer, and what the cuts have in common with
 * the whole tells the place: an answer begins where the generation prompt ends and goes to the end-of-turn token.
 */
import type { Segment } from "../added-tokens.ts";
import { ChatTemplateError } from "../errors.ts";
import type { Marks } from "./marks.ts";

/** text[start, end) */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Message {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** Writes marks in place of the `generation` tags, with the whitespace rules of block tags; undefined if there are none. */
export function markGenerationTags(template: string, { start, end }: Marks): string | undefined {
  // trim_blocks and lstrip_blocks hold for tags, but not for the {{ }} that replace them here.
  const tag = /(?:^[ \t]*)?\{%(-?)\s*(end)?generation\s*(-?)%\}\n?/gm;
  const marked = template.replace(tag, (_, left: string, isEnd: string | undefined, right: string) => {
    return `{{${left} '${isEnd === undefined ? start : end}' ${right}}}`;
  });
  return marked === template ? undefined : marked;
}

/** Takes the marks out of a text and returns what lay between them. */
export function takeMarkedSpans(marked: string, { start, end }: Marks): { text: string; spans: Span[] } {
  const spans: Span[] = [];
  let text = "";
  let from: number | undefined;
  let at = 0;
  for (let i = 0; i <= marked.length; i++) {
    const char = marked[i];
    if (char !== start && char !== end && i < marked.length) continue;
    text += marked.slice(at, i);
    at = i + 1;
    if (char === start) from ??= text.length;
    if (char !== end || from === undefined) continue;
    if (text.length > from) spans.push({ start: from, end: text.length });
    from = undefined;
  }
  return { text, spans };
}

export interface AnswerSearch {
  /** Renders messages through the template, control tokens in them escaped. */
  readonly render: (messages: readonly Message[], addGenerationPrompt: boolean) => string;
  readonly messages: readonly Message[];
  /** The whole conversation, rendered. */
  readonly text: string;
  readonly marks: Marks;
  /** Segments of a rendered text, of which those with an id are the template's control tokens. */
  readonly segmentsOf: (text: string) => readonly Segment[];
  /** Whether a control token ends turns and such, rather than being part of what a model says. */
  readonly isSpecial: (id: number) => boolean;
}

/**
 * Answers in a template without `generation` tags.
 *
 * @throws {ChatTemplateError} if the template does not show where an answer begins or ends
 */
export function findAnswers(search: AnswerSearch): Span[] {
  const spans: Span[] = [];
  for (const [index, { role }] of search.messages.entries()) {
    if (role !== "assistant") continue;
    const start = startByGenerationPrompt(search, index) ?? startByContent(search, index);
    const end = start === undefined ? undefined : endOfAnswer(search, index, start);
    if (start === undefined || end === undefined || start < (spans.at(-1)?.end ?? 0)) throw unclear(index);
    if (end > start) spans.push({ start, end });
  }
  return spans;
}

function unclear(index: number): ChatTemplateError {
  return new ChatTemplateError({
    where: `chat template, message ${index + 1}`,
    found: "an answer whose place in the rendered text cannot be told",
    expected: "a template that writes each answer after its generation prompt, or that has {% generation %} tags",
    fix: "put {% generation %} and {% endgeneration %} around the answer in the template",
  });
}

/** A template may refuse a cut conversation, such as one that begins with nothing. */
function tryRender({ render }: AnswerSearch, messages: readonly Message[], addGenerationPrompt: boolean) {
  try {
    return render(messages, addGenerationPrompt);
  } catch (error) {
    if (error instanceof ChatTemplateError) return undefined;
    throw error;
  }
}

function startByGenerationPrompt(search: AnswerSearch, index: number): number | undefined {
  const before = search.messages.slice(0, index);
  const prompt = tryRender(search, before, true);
  const history = tryRender(search, before, false);
  if (prompt === undefined || history === undefined || prompt.length <= history.length) return undefined;
  return search.text.startsWith(prompt) && prompt.startsWith(history) ? prompt.length : undefined;
}

/** A mark in front of the content, or after its leading whitespace for templates that trim. */
function startByContent(search: AnswerSearch, index: number): number | undefined {
  const message = search.messages[index]!;
  if (typeof message.content !== "string" || message.content === "") return undefined;
  const { start } = search.marks;
  const trimmed = message.content.trimStart();
  const leading = message.content.slice(0, message.content.length - trimmed.length);
  for (const content of [start + message.content, leading + start + trimmed]) {
    const marked = tryRender(search, search.messages.with(index, { ...message, content }), false);
    if (marked === undefined) continue;
    const at = marked.indexOf(start);
    if (at >= 0 && search.text.startsWith(marked.replace(start, ""))) return at;
  }
  return undefined;
}

function endOfAnswer(search: AnswerSearch, index: number, start: number): number | undefined {
  const upToHere = tryRender(search, search.messages.slice(0, index + 1), false);
  const specials = search
    .segmentsOf(search.text)
    .filter((segment) => segment.id !== undefined && segment.start >= start && search.isSpecial(segment.id));
  if (upToHere !== undefined && upToHere.length >= start && search.text.startsWith(upToHere)) {
    const last = specials.findLast((segment) => segment.start < upToHere.length);
    return last?.end ?? Math.max(start, upToHere.trimEnd().length);
  }
  // Templates that write the last answer in another way than earlier ones (Qwen3 drops old thoughts) still end them alike.
  const endOfTurn = endOfTurnToken(search);
  return endOfTurn === undefined ? undefined : specials.find(({ id }) => id === endOfTurn)?.end;
}

/** The first control token after the content of an answer in a conversation made for the purpose. */
function endOfTurnToken(search: AnswerSearch): number | undefined {
  const probe = tryRender(
    search,
    [
      { role: "user", content: "a" },
      { role: "assistant", content: `b${search.marks.end}` },
    ],
    false,
  );
  if (probe === undefined) return undefined;
  const at = probe.indexOf(search.marks.end);
  return search.segmentsOf(probe).find(({ id, start }) => id !== undefined && start > at && search.isSpecial(id))?.id;
}

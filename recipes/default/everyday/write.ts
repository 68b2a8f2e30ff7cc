/**
 * Writes everyday conversations in English and 中文 for supervised fine-tuning of the default model: every way of asking
 * that the tables beside this file describe, some conversations with a second turn, and a share of questions held back.
 *
 *   node recipes/default/everyday/write.ts OUT.jsonl [--held-out HELD.jsonl] [--seed 1]
 *
 * A question is held back by the hash of its text, so the same questions are held back whatever else changes.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface Intent {
  readonly ask: readonly string[];
  readonly answer: readonly string[];
}

interface Language {
  readonly intents: readonly Intent[];
  readonly templates: readonly (Intent & { readonly table: string })[];
  readonly arithmetic: { readonly ask: readonly string[]; readonly answer: string };
  readonly followUps: readonly string[];
  readonly followUpAnswers: readonly string[];
}

interface Table {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Exchange {
  readonly question: string;
  readonly answer: string;
  readonly language: "en" | "zh";
}

function read<Value>(name: string): Value {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as Value;
}

/** `[a|b] c` → "a c", "b c". */
export function expandChoices(pattern: string): string[] {
  const match = /\[([^\]]*)\]/.exec(pattern);
  if (match === null) return [pattern];
  const before = pattern.slice(0, match.index);
  const rest = expandChoices(pattern.slice(match.index + match[0].length));
  return match[1]!.split("|").flatMap((choice) => rest.map((tail) => before + choice + tail));
}

/** Replaces `{field}`; `{Field}` gives the value with a capital. */
function fill(pattern: string, values: Readonly<Record<string, string>>): string {
  return pattern.replace(/\{([^}]+)\}/g, (whole, field: string) => {
    if (field in values) return values[field]!;
    const lower = field.toLowerCase();
    const value = values[lower];
    return value === undefined ? whole : value.slice(0, 1).toUpperCase() + value.slice(1);
  });
}

function arithmetic(language: Language): [string, string][] {
  const isChinese = language.arithmetic.answer.endsWith("。");
  const problems: [number, string, number, number][] = [];
  for (let a = 0; a <= 20; a++) for (let b = 0; b <= 20; b++) problems.push([a, isChinese ? "加" : "+", b, a + b]);
  for (let a = 0; a <= 20; a++) for (let b = 0; b <= a; b++) problems.push([a, isChinese ? "减" : "-", b, a - b]);
  for (let a = 1; a <= 10; a++)
    for (let b = 1; b <= 10; b++) problems.push([a, isChinese ? "乘以" : "times", b, a * b]);
  return problems.flatMap(([a, sign, b, c], index) => {
    const values = { a: `${a}`, "+": sign, b: `${b}`, c: `${c}` };
    const ask = language.arithmetic.ask[index % language.arithmetic.ask.length]!;
    const symbol = { 加: "+", 减: "-", 乘以: "×", times: "×" }[sign] ?? sign;
    return [[fill(ask, values), fill(language.arithmetic.answer, { ...values, "+": symbol })]] as [string, string][];
  });
}

/** Every question with its possible answers, in a fixed order. */
export function allExchanges(): Exchange[] {
  const tables = read<Record<string, Table>>("tables.json");
  return (["en", "zh"] as const).flatMap((code) => {
    const language = read<Language>(`${code}.json`);
    const pairs: [string, string][] = [];
    const addIntent = (
      ask: readonly string[],
      answers: readonly string[],
      values: Readonly<Record<string, string>>,
    ): void => {
      const questions = new Set(ask.flatMap(expandChoices).map((question) => fill(question, values)));
      for (const question of questions) for (const answer of answers) pairs.push([question, fill(answer, values)]);
    };
    for (const { ask, answer } of language.intents) addIntent(ask, answer, {});
    for (const { table, ask, answer } of language.templates) {
      const { fields, rows } = tables[table]!;
      for (const row of rows)
        addIntent(ask, answer, Object.fromEntries(fields.map((field, index) => [field, row[index]!])));
    }
    pairs.push(...arithmetic(language));
    return pairs.map(([question, answer]) => ({ question, answer, language: code }));
  });
}

/** One question in twenty, chosen by its text. */
export function isHeldBack(question: string): boolean {
  return createHash("sha256").update(question).digest()[0]! < 256 / 20;
}

/** Mulberry32: enough for shuffling lines. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function conversations(exchanges: readonly Exchange[], seed: number): string[] {
  const next = random(seed);
  const byLanguage = {
    en: exchanges.filter((e) => e.language === "en"),
    zh: exchanges.filter((e) => e.language === "zh"),
  };
  const languages = { en: read<Language>("en.json"), zh: read<Language>("zh.json") };
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)]!;
  const turns = ({ question, answer }: Exchange) => [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ];
  const lines = exchanges.map((exchange) => {
    const messages = turns(exchange);
    const draw = next();
    if (draw < 0.15) messages.push(...turns(pick(byLanguage[exchange.language])));
    else if (draw < 0.22) {
      const { followUps, followUpAnswers } = languages[exchange.language];
      messages.push(...turns({ ...exchange, question: pick(followUps), answer: pick(followUpAnswers) }));
    }
    return JSON.stringify({ messages, source: "myna/everyday", lang: exchange.language });
  });
  for (let index = lines.length - 1; index > 0; index--) {
    const other = Math.floor(next() * (index + 1));
    [lines[index], lines[other]] = [lines[other]!, lines[index]!];
  }
  return lines;
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { "held-out": { type: "string" }, seed: { type: "string", default: "1" } },
  });
  const [out] = positionals;
  if (out === undefined) {
    console.error("write: found no output file; expected OUT.jsonl. To fix: name the file to write.");
    process.exit(2);
  }
  const exchanges = allExchanges();
  const kept = exchanges.filter(({ question }) => !isHeldBack(question));
  writeFileSync(out, `${conversations(kept, Number(values.seed)).join("\n")}\n`);
  const held = values["held-out"];
  if (held !== undefined) {
    const heldBack = exchanges.filter(({ question }) => isHeldBack(question));
    writeFileSync(held, `${conversations(heldBack, Number(values.seed)).join("\n")}\n`);
  }
  console.error(`${kept.length} exchanges to learn from, ${exchanges.length - kept.length} held back`);
}

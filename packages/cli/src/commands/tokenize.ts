// `myna tokenize`: shows how a text is cut into tokens.

import { readFile } from "node:fs/promises";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { Palette } from "../terminal/colour.ts";
import { formatCount } from "../terminal/format.ts";
import { printable } from "../terminal/width.ts";
import { openTokenizer, type TokenView } from "./support/tokenizer-view.ts";

const options = z.object({
  text: z.string().optional().describe("The text; without it --file or standard input is read"),
  file: z.string().optional().describe("Reads the text from a file").meta({ unit: "file" }),
  tokenizer: z
    .string()
    .optional()
    .describe("Folder with tokenizer.json; without it the default model's")
    .meta({ unit: "folder" }),
  special: z.boolean().default(false).describe("Lets the text contain special tokens such as <|im_end|>"),
  ids: z.boolean().default(false).describe("Lists each token with its id and bytes"),
});

export const tokenize = defineCommand({
  name: "tokenize",
  summary: "Shows the tokens of a text",
  examples: ['myna tokenize "Hello 世界"', "myna tokenize --file book.txt --json"],
  options,
  positionals: ["text"],
  async run({ text: given, file, tokenizer: folder, special, ids }, context) {
    const tokenizer = await openTokenizer(folder, context.home);
    const text = given ?? (await readText(file));
    const tokens = tokenizer.split(text, special);
    const characters = [...text].length;
    const counts = { tokens: tokens.length, characters, bytes: Buffer.byteLength(text) };
    if (context.isJson) {
      context.output.write(`${JSON.stringify({ ...counts, ids: tokens.map((token) => token.id), tokens })}\n`);
      return;
    }
    if (ids) for (const token of tokens) context.output.write(`${String(token.id).padStart(7)}  ${describe(token)}\n`);
    else context.output.write(`${paint(tokens, context.palette)}\n`);
    const ratio = tokens.length === 0 ? "" : `, ${(characters / tokens.length).toFixed(2)} characters per token`;
    context.output.write(
      `${formatCount(counts.tokens)} tokens, ${formatCount(characters)} characters, ${formatCount(counts.bytes)} bytes${ratio}\n`,
    );
  },
});

/** Neighbouring tokens get different colours, or bars between them where there are no colours. */
function paint(tokens: readonly TokenView[], palette: Palette): string {
  const isColourful = palette.bold("x") !== "x";
  if (!isColourful) return tokens.map((token) => printable(token.text)).join("│");
  const colours = [palette.cyan, palette.yellow, palette.green, palette.magenta];
  return tokens
    .map((token, index) => {
      const colour = token.isSpecial ? palette.inverse : colours[index % colours.length]!;
      return printable(token.text).split("\n").map(colour).join("\n");
    })
    .join("");
}

function describe(token: TokenView): string {
  const shown = JSON.stringify(printable(token.text)).replaceAll("\ufffd", "·");
  const bytes = token.isWholeText
    ? ""
    : `  bytes ${token.bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
  return `${shown}${token.isSpecial ? "  special" : ""}${bytes}`;
}

async function readText(file: string | undefined): Promise<string> {
  if (file !== undefined) {
    try {
      return await readFile(file, "utf8");
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      throw new UsageError({ where: `--file ${file}`, found, expected: "a readable text file", fix: "check the path" });
    }
  }
  if (process.stdin.isTTY === true) {
    throw new UsageError({
      where: "myna tokenize",
      found: "no text",
      expected: "a text",
      fix: 'write myna tokenize "some text"',
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

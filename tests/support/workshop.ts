// A folder for trying the `myna` command as a person would: small texts, a tokenizer, models that train in seconds.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { main } from "../../packages/cli/src/main.ts";
import { root } from "./repository.ts";

export interface Told {
  code: number;
  /** Standard output. */
  output: string;
  /** Standard error. */
  errors: string;
}

/** The options that make a model as small as it gets. */
export const tiny = ["--context", "64", "--batch", "256", "--micro-batch", "4", "--held-out", "0.1"];

export class Workshop {
  /** Spaces and Chinese on purpose: every command must take such paths. */
  readonly folder = mkdtempSync(join(tmpdir(), "myna 八哥 "));
  readonly home = join(this.folder, "home");

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  write(name: string, contents: string | Uint8Array): string {
    mkdirSync(join(this.path(name), ".."), { recursive: true });
    writeFileSync(this.path(name), contents);
    return this.path(name);
  }

  /** Runs a command inside of this process. */
  async run(...words: string[]): Promise<Told> {
    const told: Told = { code: -1, output: "", errors: "" };
    told.code = await main(words, {
      output: { write: (text) => (told.output += text) },
      errorOutput: { write: (text) => (told.errors += text) },
      environment: { MYNA_HOME: this.home, NO_COLOR: "1" },
      folder: this.folder,
    });
    return told;
  }

  /** Runs a command that must succeed. */
  async succeed(...words: string[]): Promise<Told> {
    const told = await this.run(...words);
    if (told.code !== 0) throw new Error(`myna ${words.join(" ")} ended with ${told.code}:\n${told.errors}`);
    return told;
  }

  /** Starts a command in a process of its own; `prefix` is a shell's beginning, such as "ulimit -f 100; ". */
  start(words: readonly string[], prefix = "") {
    const program = join(root, "packages", "cli", "bin", "myna.mjs");
    const shell = ["-c", `${prefix}exec "$@"`, "sh", process.execPath, program, ...words];
    const child = spawn("sh", shell, {
      cwd: this.folder,
      env: { ...process.env, MYNA_HOME: this.home, NO_COLOR: "1" },
    });
    const told: Told = { code: -1, output: "", errors: "" };
    child.stdout.on("data", (text) => (told.output += text));
    child.stderr.on("data", (text) => (told.errors += text));
    const ended = new Promise<Told>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ ...told, code: code ?? (signal === null ? -1 : -2) }));
    });
    /** Resolves once standard error matches; rejects if the process ends before. */
    const says = (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const check = () => pattern.test(told.errors) && resolve();
        child.stderr.on("data", check);
        child.on("close", () => reject(new Error(`it ended without saying ${pattern}:\n${told.errors}`)));
        check();
      });
    return { child, ended, says };
  }

  /** A corpus, a tokenizer of 300 tokens, a run "base" and conversations. */
  async makeBase(): Promise<void> {
    this.write(
      "texts.jsonl",
      sentences(200)
        .map((text) => JSON.stringify({ text }))
        .join("\n"),
    );
    this.write("talks.jsonl", talks(60));
    await this.succeed(
      "train-tokenizer",
      this.path("texts.jsonl"),
      "--output",
      this.path("tokenizer"),
      "--vocabulary",
      "300",
    );
    await this.succeed(...this.pretrain("base", "--steps", "2"));
  }

  /** The words of a small pretraining. */
  pretrain(run: string, ...more: string[]): string[] {
    const data = ["pretrain", this.path("texts.jsonl"), "--tokenizer", this.path("tokenizer")];
    return [...data, "--run", run, "--depth", "1", "--width", "32", "--heads", "2", ...tiny, ...more];
  }

  sft(run: string, ...more: string[]): string[] {
    return ["sft", this.path("talks.jsonl"), "--run", run, "--batch", "256", "--held-out", "0.1", ...more];
  }

  /**
   * Every file under the home (or another folder) with its contents' hash: equal listings, nothing changed. How fast the
   * machine is may be measured at any time, so machine.json is left out.
   */
  listing(folder: string = this.home): Record<string, string> {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name !== "machine.json")
      .map((name) => join(folder, name));
    const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);
    return Object.fromEntries(
      names.map((path) => [relative(folder, path), statSync(path).isFile() ? hash(path) : "folder"]).sort(),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Different short texts in both languages. */
export function sentences(count: number): string[] {
  const animals = ["fox", "bird", "cat", "owl", "八哥", "猫", "fish", "horse"];
  return Array.from({ length: count }, (_, index) => {
    const animal = animals[index % animals.length]!;
    return `Story ${index}: the ${animal} saw ${index % 7} apples and said hello. 第${index}个故事：${animal}说你好。`;
  });
}

function talks(count: number): string {
  const line = (index: number) => ({
    messages: [
      { role: "user", content: `What is ${index}?` },
      { role: "assistant", content: `It is the number ${index}.` },
    ],
  });
  return Array.from({ length: count }, (_, index) => JSON.stringify(line(index))).join("\n");
}

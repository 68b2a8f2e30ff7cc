/**
 * npm run bench -- NAME [options]: runs one benchmark. Progress goes to the error stream; the last line of the output is
 * one JSON object with the benchmark's fields.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What a benchmark's file exports. */
export interface Benchmark {
  /** One sentence for the list of benchmarks. */
  readonly description: string;
  /** @param parameters what follows the name on the command line */
  run(parameters: readonly string[]): Promise<Record<string, unknown>>;
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.slice(0, -".bench.ts".length))
  .sort();

async function load(name: string): Promise<Benchmark> {
  const module = await import(pathToFileURL(join(import.meta.dirname, `${name}.bench.ts`)).href);
  return module.benchmark as Benchmark;
}

async function main([name, ...parameters]: readonly string[]): Promise<number> {
  if (name === undefined || !names.includes(name)) {
    console.error(`bench: found ${name === undefined ? "no name" : `"${name}"`}; expected one of:`);
    for (const known of names) console.error(`  ${known.padEnd(14)} ${(await load(known)).description}`);
    return 2;
  }
  const { run } = await load(name);
  console.log(JSON.stringify(await run(parameters)));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));

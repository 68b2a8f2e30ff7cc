/** Runs a decoder over given tokens, for tests. */
import { compile, type HostTensor, hostTensor, type Tensor, type TensorSpec, traceProgram } from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { type DecoderInputs, decoder, logits } from "../decoder/decoder.ts";
import { decoderParameters } from "../decoder/parameters.ts";

export function int64(rows: readonly (readonly number[])[]): HostTensor<"int64"> {
  return hostTensor("int64", [rows.length, rows[0]!.length], BigInt64Array.from(rows.flat(), BigInt));
}

type HostInputs = Readonly<Record<string, HostTensor>>;

/**
 * @param inputs  tokens and whatever else `makeInputs` reads
 * @returns       logits [batch, time, vocabulary]
 */
export async function runDecoder(
  config: DecoderConfig,
  weights: ReadonlyMap<string, HostTensor>,
  inputs: HostInputs,
  makeInputs: (x: Record<string, Tensor>) => Omit<DecoderInputs, "tokens"> = () => ({}),
): Promise<HostTensor> {
  const specs: Record<string, TensorSpec> = {};
  for (const [name, { type, shape }] of Object.entries(inputs)) specs[name] = { type, shape };
  for (const { name, shape } of decoderParameters(config)) specs[name] = { type: "float32", shape };
  const program = traceProgram(specs, (x) => ({
    logits: logits(config, x, decoder(config, x, { tokens: x.tokens!, ...makeInputs(x) })),
  }));
  const executable = compile(program, { weights: Object.fromEntries(weights) });
  const results = await executable.run(inputs);
  executable.release();
  return results.logits!;
}

/** Logits of one row's tokens [from, to) as plain numbers. */
export function logitsOf({ shape, data }: HostTensor, row: number, from: number, to: number): number[] {
  const [, time, vocabulary] = shape as [number, number, number];
  const start = row * time;
  return Array.from(data.slice((start + from) * vocabulary, (start + to) * vocabulary), Number);
}

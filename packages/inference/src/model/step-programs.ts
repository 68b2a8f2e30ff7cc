/** The two programs of a decoder with a cache: reading a prompt, and continuing answers by one token each. */
import { type DecoderConfig, decoderParameters, decoderStep, logits as headLogits, rotaryTables } from "@myna/models";
import {
  type CompileOptions,
  type Executable,
  type HostTensor,
  hostTensor,
  type Program,
  ProgramCache,
  symbolicLength,
  type TensorSpec,
  traceProgram,
} from "@myna/tensor";

export type StepKind = "prefill" | "decode";

const symbols = { batch: symbolicLength("batch"), time: symbolicLength("time"), capacity: symbolicLength("capacity") };

export interface StepExecutables {
  get(kind: StepKind): Executable;
  release(): void;
}

/**
 * @param places positions that rotary tables must reach
 * @param options weights' sharing and threads; each program is compiled when it is first asked for
 */
export function compileSteps(
  config: DecoderConfig,
  weights: ReadonlyMap<string, HostTensor>,
  places: number,
  options: Omit<CompileOptions, "weights">,
): StepExecutables {
  const tables = rotaryInputs(config, places);
  const programs = new ProgramCache({ ...options, weights: { ...Object.fromEntries(weights), ...tables } });
  return {
    get: (kind) => programs.get(kind, () => traceStep(config, kind, tables)),
    release: () => programs.release(),
  };
}

/**
 * Inputs besides weights: tokens int64 [batch, time], lengths int32 [batch], total int32 [], wanted int64 [batch] (for which of
 * the batch · time tokens logits are asked), past.N.key and past.N.value. Outputs: logits [batch, vocabulary],
 * present.N.key and present.N.value.
 */
export function traceStep(
  config: DecoderConfig,
  kind: StepKind,
  tables: Readonly<Record<string, HostTensor>>,
): Program {
  const [batch, time] = kind === "prefill" ? [1, symbols.time] : [symbols.batch, 1];
  const cache: TensorSpec = { type: "float32", shape: [batch, config.kvHeads, symbols.capacity, config.headDim] };
  const layers = Array.from({ length: config.layers }, (_, layer) => layer);
  const inputs: Record<string, TensorSpec> = {
    tokens: { type: "int64", shape: [batch, time] },
    lengths: { type: "int32", shape: [batch] },
    total: { type: "int32", shape: [] },
    wanted: { type: "int64", shape: [batch] },
    ...byCacheName("past", layers, () => ({ key: cache, value: cache })),
    ...tables,
    ...Object.fromEntries(decoderParameters(config).map(({ name, shape }) => [name, { type: "float32", shape }])),
  };
  return traceProgram(inputs, (x) => {
    const { hidden, present } = decoderStep(config, x, {
      tokens: x.tokens!,
      lengths: x.lengths!,
      total: x.total!,
      wanted: x.wanted!,
      past: layers.map((layer) => ({ key: x[`past.${layer}.key`]!, value: x[`past.${layer}.value`]! })),
      ...(x["rotary.cosines"] && { rotary: { cosines: x["rotary.cosines"], sines: x["rotary.sines"]! } }),
    });
    return { logits: headLogits(config, x, hidden), ...byCacheName("present", layers, (layer) => present[layer]!) };
  });
}

/** One record of every layer's keys and values, by the names of the program's inputs or outputs. */
export function byCacheName<Value>(
  side: "past" | "present",
  layers: readonly number[],
  of: (layer: number) => { readonly key: Value; readonly value: Value },
): Record<string, Value> {
  return Object.fromEntries(
    layers.flatMap((layer) => {
      const { key, value } = of(layer);
      return [
        [`${side}.${layer}.key`, key],
        [`${side}.${layer}.value`, value],
      ] as const;
    }),
  );
}

function rotaryInputs({ positions, headDim }: DecoderConfig, places: number): Record<string, HostTensor> {
  if (positions.kind !== "rotary") return {};
  const { cosines, sines } = rotaryTables(positions, headDim, places);
  const shape = [places, headDim / 2];
  return {
    "rotary.cosines": hostTensor("float32", shape, cosines),
    "rotary.sines": hostTensor("float32", shape, sines),
  };
}

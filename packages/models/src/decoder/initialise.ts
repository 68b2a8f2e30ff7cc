/** First values of a decoder's parameters, decided by a seed. */
import { type HostTensor, hostTensor } from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { hashName, Xoshiro128 } from "../random/xoshiro.ts";
import { decoderParameters, type ParameterSpec } from "./parameters.ts";

/**
 * The same numbers for the same configuration and seed on every machine. Every parameter draws from a stream of its own,
 * named after it, so that a deeper model of the same width begins with the same layers up to the residual scaling.
 *
 * @param seed     a whole number in [0, 2³²)
 * @param allocate where each parameter's values go; default: arrays of their own
 */
export function initialiseParameters(
  config: DecoderConfig,
  seed: number,
  allocate: (spec: ParameterSpec) => HostTensor<"float32"> = ({ shape }) => hostTensor("float32", shape),
): Map<string, HostTensor<"float32">> {
  return new Map(
    decoderParameters(config).map((spec) => {
      const tensor = allocate(spec);
      const { initialisation, name } = spec;
      if (initialisation.kind === "normal") {
        new Xoshiro128(seed, hashName(name)).fillNormal(tensor.data, initialisation.standardDeviation);
      } else {
        tensor.data.fill(initialisation.kind === "ones" ? 1 : 0);
      }
      return [name, tensor];
    }),
  );
}

/** Linear layers with weights of 4 or 8 bits, and how a weight becomes one. */
import { ShapeError } from "../errors.ts";
import { type HostTensor, hostTensor } from "../runtime/host-tensor.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

export type QuantisationBits = 4 | 8;

export interface QuantisedWeight {
  readonly bits: QuantisationBits;
  /** Inputs that share a scale. */
  readonly block: number;
  readonly inputs: number;
  readonly outputs: number;
  /** uint8 [outputs, blocks, block · bits / 8]; of two 4-bit integers in a byte the low half is first */
  readonly packed: HostTensor<"uint8">;
  /** float32 [outputs, blocks] */
  readonly scales: HostTensor<"float32">;
}

/**
 * Symmetric quantisation in blocks along the inputs: W ≈ (integer − 2^(bits − 1)) · scale. The element of a block with the
 * largest magnitude maps to −2^(bits − 1), as llama.cpp's Q4_0 does, so that the whole range of integers is used.
 *
 * @param weight [outputs, inputs]
 * @param block  a power of two from 16 to 256
 * @throws {ShapeError} if the weight has not two axes, or the block is another number
 */
export function quantiseWeight(weight: HostTensor<"float32">, bits: QuantisationBits, block = 32): QuantisedWeight {
  const [outputs, inputs] = weight.shape;
  if (weight.shape.length !== 2 || outputs === undefined || inputs === undefined) {
    throw new ShapeError({
      where: "quantiseWeight",
      found: `a weight of shape [${weight.shape.join(", ")}]`,
      expected: "[outputs, inputs]",
      fix: "quantise matrices only",
    });
  }
  if (block < 16 || block > 256 || !Number.isInteger(Math.log2(block))) {
    throw new ShapeError({
      where: "quantiseWeight",
      found: `blocks of ${block}`,
      expected: "16, 32, 64, 128 or 256",
      fix: "choose 32, which kernels are fastest with",
    });
  }
  const blocks = Math.ceil(inputs / block);
  const blockBytes = (block * bits) / 8;
  const packed = hostTensor("uint8", [outputs, blocks, blockBytes]);
  const scales = hostTensor("float32", [outputs, blocks]);
  for (let output = 0; output < outputs; output++) {
    for (let index = 0; index < blocks; index++) {
      const start = output * inputs + index * block;
      const values = weight.data.subarray(start, start + Math.min(block, inputs - index * block));
      const position = output * blocks + index;
      scales.data[position] = packBlock(values, bits, packed.data, position * blockBytes, blockBytes);
    }
  }
  return { bits, block, inputs, outputs, packed, scales };
}

/** Writes one block and returns its scale. Places beyond the values hold the integer that means 0. */
function packBlock(
  values: Float32Array,
  bits: QuantisationBits,
  packed: Uint8Array,
  start: number,
  blockBytes: number,
): number {
  const zero = 2 ** (bits - 1);
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  const scale = Math.fround(extreme / -zero);
  const inverse = scale === 0 ? 0 : 1 / scale;
  const integerAt = (index: number): number =>
    Math.min(2 * zero - 1, Math.max(0, Math.round((values[index] ?? 0) * inverse) + zero));
  for (let byte = 0; byte < blockBytes; byte++) {
    packed[start + byte] = bits === 8 ? integerAt(byte) : integerAt(2 * byte) | (integerAt(2 * byte + 1) << 4);
  }
  return scale;
}

/** The weight that the integers stand for: [outputs, inputs]. */
export function dequantiseWeight({
  bits,
  block,
  inputs,
  outputs,
  packed,
  scales,
}: QuantisedWeight): HostTensor<"float32"> {
  const weight = hostTensor("float32", [outputs, inputs]);
  const blocks = Math.ceil(inputs / block);
  const zero = 2 ** (bits - 1);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const position = output * blocks + Math.floor(input / block);
      const within = input % block;
      const byte = packed.data[(position * block * bits) / 8 + (bits === 8 ? within : within >> 1)]!;
      const integer = bits === 8 ? byte : within % 2 === 0 ? byte & 15 : byte >> 4;
      weight.data[output * inputs + input] = (integer - zero) * scales.data[position]!;
    }
  }
  return weight;
}

/**
 * x Wᵀ with a quantised weight. Activations are quantised to 8 bits inside the kernel, which is what makes it fast.
 *
 * @param x      […, inputs]
 * @param packed uint8 [outputs, blocks, block · bits / 8]
 * @param scales [outputs, blocks]
 * @returns      […, outputs]
 */
export function quantisedLinear(
  x: Tensor,
  packed: Tensor,
  scales: Tensor,
  { bits, block = 32 }: { readonly bits: QuantisationBits; readonly block?: number },
): Tensor {
  const attributes = { inputs: x.shape.at(-1)!, outputs: packed.shape[0]!, bits, block };
  return new Tensor(record("quantisedLinear", [x.value, packed.value, scales.value], attributes)[0]!);
}

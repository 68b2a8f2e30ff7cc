/**
 * Keys and values of the tokens that sequences hold, one pair of buffers a layer. A sequence is a slot: a whole number of
 * contiguous floats, so that a run over one slot, or over the first n, needs no copy. What lies beyond a sequence's
 * length is never read, so forgetting is a change of the length alone.
 */
import { type HostTensor, hostTensor } from "@myna/tensor";

export interface KvCacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly sequences: number;
  /** Tokens that a sequence may ever hold. */
  readonly contextLength: number;
}

export interface LayerCache {
  /** [sequences, kvHeads, capacity, headDim] */
  readonly key: HostTensor<"float32">;
  /** As key. */
  readonly value: HostTensor<"float32">;
}

const smallestCapacity = 256;

export class KvCache {
  readonly shape: KvCacheShape;
  /** Tokens of each sequence for which there is room now; grows by doubling, up to the context. */
  capacity = 0;
  readonly #lengths: number[];
  #layers: LayerCache[] = [];

  /** @param capacity room from the start; default 256 tokens or the context */
  constructor(shape: KvCacheShape, capacity = smallestCapacity) {
    this.shape = shape;
    this.#lengths = new Array<number>(shape.sequences).fill(0);
    this.#resize(Math.min(capacity, shape.contextLength));
  }

  get bytes(): number {
    const { layers, kvHeads, headDim, sequences } = this.shape;
    return 2 * 4 * layers * sequences * kvHeads * this.capacity * headDim;
  }

  length(sequence: number): number {
    const length = this.#lengths[sequence];
    if (length === undefined) throw new Error(`internal: sequence ${sequence} of ${this.shape.sequences}`);
    return length;
  }

  /** After a run has written keys and values there, or to forget the end of a sequence. */
  setLength(sequence: number, length: number): void {
    this.length(sequence);
    if (!(length >= 0 && length <= this.capacity)) throw new Error(`internal: length ${length} of ${this.capacity}`);
    this.#lengths[sequence] = length;
  }

  /** Gives sequence `to` the first `length` tokens of sequence `from`, in place of what it held. */
  copy(from: number, to: number, length: number): void {
    if (length > this.length(from)) throw new Error(`internal: ${length} tokens of ${this.length(from)}`);
    const { kvHeads, headDim } = this.shape;
    for (const { key, value } of this.#layers) {
      for (const { data } of [key, value]) {
        for (let head = 0; head < kvHeads; head++) {
          const start = (from * kvHeads + head) * this.capacity * headDim;
          data.copyWithin((to * kvHeads + head) * this.capacity * headDim, start, start + length * headDim);
        }
      }
    }
    this.setLength(to, length);
  }

  /** @returns whether buffers were replaced, so that what was bound to them must be bound anew */
  ensureCapacity(tokens: number): boolean {
    if (tokens <= this.capacity) return false;
    let capacity = this.capacity;
    while (capacity < tokens) capacity *= 2;
    this.#resize(Math.min(capacity, this.shape.contextLength));
    return true;
  }

  /** The same memory as [count, kvHeads, capacity, headDim], from sequence `first` on. */
  view(layer: number, first: number, count: number): LayerCache {
    const { key, value } = this.#layers[layer]!;
    const size = key.data.length / this.shape.sequences;
    const part = ({ shape, data }: HostTensor<"float32">) =>
      hostTensor("float32", [count, ...shape.slice(1)], data.subarray(first * size, (first + count) * size));
    return { key: part(key), value: part(value) };
  }

  #resize(capacity: number): void {
    const { layers, kvHeads, headDim, sequences } = this.shape;
    const old = this.capacity;
    const grow = (from: HostTensor<"float32"> | undefined) => {
      const to = hostTensor("float32", [sequences, kvHeads, capacity, headDim]);
      if (from === undefined) return to;
      for (let sequence = 0; sequence < sequences; sequence++) {
        const held = this.#lengths[sequence]! * headDim;
        for (let head = 0; head < kvHeads; head++) {
          const row = sequence * kvHeads + head;
          const start = row * old * headDim;
          to.data.set(from.data.subarray(start, start + held), row * capacity * headDim);
        }
      }
      return to;
    };
    // Layer by layer, so that at most one layer is in memory twice.
    for (let layer = 0; layer < layers; layer++) {
      const { key, value } = this.#layers[layer] ?? {};
      this.#layers[layer] = { key: grow(key), value: grow(value) };
    }
    this.capacity = capacity;
  }
}

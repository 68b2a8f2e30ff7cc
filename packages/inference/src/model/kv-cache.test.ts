import { expect, test } from "vitest";
import { KvCache } from "./kv-cache.ts";

const shape = { layers: 2, kvHeads: 3, headDim: 4, sequences: 2, contextLength: 20 };

/** A number for every place, so that a misplaced one shows. */
const mark = (layer: number, sequence: number, head: number, time: number, channel: number) =>
  1 + layer * 10_000 + sequence * 5000 + head * 1000 + time * 10 + channel;

function eachPlace(cache: KvCache, sequence: number, visit: (data: Float32Array, at: number, value: number) => void) {
  for (let layer = 0; layer < shape.layers; layer++) {
    const { key, value } = cache.view(layer, sequence, 1);
    for (let head = 0; head < shape.kvHeads; head++) {
      for (let time = 0; time < cache.length(sequence); time++) {
        for (let channel = 0; channel < shape.headDim; channel++) {
          const at = (head * cache.capacity + time) * shape.headDim + channel;
          visit(key.data, at, mark(layer, sequence, head, time, channel));
          visit(value.data, at, -mark(layer, sequence, head, time, channel));
        }
      }
    }
  }
}

test("growing doubles the room up to the context and keeps every sequence", () => {
  const cache = new KvCache(shape, 4);
  cache.setLength(0, 4);
  cache.setLength(1, 2);
  const write = (data: Float32Array, at: number, value: number) => {
    data[at] = value;
  };
  eachPlace(cache, 0, write);
  eachPlace(cache, 1, write);
  expect(cache.ensureCapacity(4)).toBe(false);
  expect(cache.ensureCapacity(9)).toBe(true);
  expect(cache.capacity).toBe(16);
  expect(cache.ensureCapacity(17)).toBe(true);
  expect(cache.capacity).toBe(20);
  const read = (data: Float32Array, at: number, value: number) => expect(data[at]).toBe(value);
  eachPlace(cache, 0, read);
  eachPlace(cache, 1, read);
  expect(cache.bytes).toBe(2 * 4 * 2 * 2 * 3 * 20 * 4);
});

test("a copy holds the beginning of the other sequence and leaves it alone", () => {
  const cache = new KvCache(shape, 8);
  cache.setLength(0, 6);
  eachPlace(cache, 0, (data, at, value) => {
    data[at] = value;
  });
  cache.copy(0, 1, 4);
  expect([cache.length(0), cache.length(1)]).toEqual([6, 4]);
  const ofFirst = (value: number) => Math.sign(value) * (Math.abs(value) - 5000);
  eachPlace(cache, 1, (data, at, value) => expect(data[at]).toBe(ofFirst(value)));
  eachPlace(cache, 0, (data, at, value) => expect(data[at]).toBe(value));
  expect(() => cache.copy(0, 1, 7)).toThrow("internal: 7 tokens of 6");
});

test("a view is the cache's own memory", () => {
  const cache = new KvCache(shape, 8);
  cache.view(1, 1, 1).key.data[0] = 7;
  const both = cache.view(1, 0, 2);
  expect(both.key.shape).toEqual([2, 3, 8, 4]);
  expect(both.key.data[3 * 8 * 4]).toBe(7);
});

test("a cache is never larger than the context", () => {
  expect(new KvCache(shape).capacity).toBe(20);
  expect(() => new KvCache(shape, 4).setLength(0, 5)).toThrow("internal: length 5 of 4");
  expect(() => new KvCache(shape, 4).length(2)).toThrow("internal: sequence 2 of 2");
});

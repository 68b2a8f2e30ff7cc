import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostTensor, hostTensor } from "@myna/tensor";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDecoderConfig } from "../config/create-config.ts";
import { initialiseParameters } from "../decoder/initialise.ts";
import { CheckpointError, ConfigError } from "../errors.ts";
import { readSafetensors } from "../safetensors/reader.ts";
import { writeSafetensors } from "../safetensors/writer.ts";
import { arbitraryConfig } from "../testing/arbitrary-config.ts";
import { loadDecoder } from "./load.ts";
import { saveDecoder } from "./save.ts";

const config = createDecoderConfig("qwen3", { vocabulary: 9, width: 8, layers: 2, heads: 2, headDim: 4, context: 16 });
const weights = initialiseParameters(config, 1);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "myna checkpoint 八哥 "));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Rewrites the one weight file. */
function edit(change: (tensors: Map<string, HostTensor>) => void): void {
  const path = join(folder, "model.safetensors");
  const { tensors } = readSafetensors(path);
  change(tensors);
  writeSafetensors(path, tensors);
}

describe("a saved decoder", () => {
  test("loads with the same configuration and weights, in one file or several", () => {
    fc.assert(
      fc.property(arbitraryConfig, fc.constantFrom(undefined, 300, 3000), (any, maximumShardBytes) => {
        const values = initialiseParameters(any, 5);
        saveDecoder(folder, any, values, maximumShardBytes === undefined ? {} : { maximumShardBytes });
        const loaded = loadDecoder(folder);
        expect(loaded.config).toEqual(any);
        expect([...loaded.weights.keys()]).toEqual([...values.keys()]);
        for (const [name, tensor] of values) expect(loaded.weights.get(name)).toEqual(tensor);
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  test("in 16 bits loads as the rounded numbers, or as its bits", () => {
    for (const dtype of ["bfloat16", "float16"] as const) {
      saveDecoder(folder, config, weights, { dtype });
      const name = "model.layers.0.mlp.up_proj.weight";
      const [rounded, exact] = [loadDecoder(folder).weights.get(name)!, weights.get(name)!];
      exact.data.forEach((value, index) => {
        expect(Math.abs(Number(rounded.data[index]) - value)).toBeLessThanOrEqual(Math.abs(value) / 256);
      });
      expect(loadDecoder(folder, { dtype: "stored" }).weights.get(name)!.type).toBe(dtype);
      expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).dtype).toBe(dtype);
    }
  });

  test("replaces an earlier one, whose weight files do not stay", () => {
    saveDecoder(folder, config, weights, { maximumShardBytes: 500 });
    expect(readdirSync(folder).length).toBeGreaterThan(4);
    saveDecoder(folder, config, weights);
    expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors"]);
    saveDecoder(folder, config, weights, { maximumShardBytes: 2000 });
    expect(readdirSync(folder)).not.toContain("model.safetensors");
    expect(loadDecoder(folder).weights.get("model.norm.weight")).toEqual(weights.get("model.norm.weight"));
  });

  test("carries texts, and its numbers go where the caller allocates", () => {
    saveDecoder(folder, config, weights, { metadata: { template: "abc" } });
    const allocated: string[] = [];
    const { metadata } = loadDecoder(folder, {
      allocate: ({ name, shape }) => {
        allocated.push(name);
        return new Float32Array(new ArrayBuffer(4 * shape.reduce((product, size) => product * size, 1)));
      },
    });
    expect(Object.fromEntries(metadata)).toEqual({ format: "pt", template: "abc" });
    expect(allocated).toEqual([...weights.keys()]);
  });

  test("must be complete", () => {
    const some = new Map([...weights].slice(1));
    expect(() => saveDecoder(folder, config, some)).toThrow(/found no weight "model.embed_tokens.weight"/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("names", () => {
  test("of a bare GPT-2, with the masks that old files carry, are understood", () => {
    const gpt2 = createDecoderConfig("gpt2", { vocabulary: 9, width: 8, layers: 2, heads: 2, context: 16 });
    const values = initialiseParameters(gpt2, 1);
    saveDecoder(folder, gpt2, values);
    edit((tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        tensors.set(name.replace("transformer.", ""), tensor);
      }
      tensors.set("h.0.attn.bias", hostTensor("uint8", [1, 1, 16, 16]));
      tensors.set("h.1.attn.masked_bias", hostTensor("float32", []));
    });
    expect(loadDecoder(folder).weights.get("transformer.wpe.weight")).toEqual(values.get("transformer.wpe.weight"));
  });

  test("of a tied head that was stored all the same are skipped", () => {
    saveDecoder(folder, config, weights);
    edit((tensors) => tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!));
    expect(loadDecoder(folder).weights.has("lm_head.weight")).toBe(false);
  });
});

describe("a checkpoint that does not fit is refused, naming what is wrong", () => {
  beforeEach(() => saveDecoder(folder, config, weights));

  test("missing tensors", () => {
    edit((tensors) => tensors.delete("model.norm.weight"));
    expect(() => loadDecoder(folder)).toThrow(
      /found no "model.norm.weight"; expected the 24 tensors of a qwen3 with 2 layers/,
    );
  });

  test("tensors left over, and what to do", () => {
    edit((tensors) => {
      for (let index = 0; index < 5; index++) tensors.set(`extra.${index}`, hostTensor("float32", [1]));
    });
    expect(() => loadDecoder(folder)).toThrow(
      /found "extra.0", "extra.1", "extra.2" and 2 more left over; .* To fix: use the config.json that belongs/,
    );
  });

  test("a tensor of another shape", () => {
    edit((tensors) => tensors.set("model.norm.weight", hostTensor("float32", [9])));
    expect(() => loadDecoder(folder)).toThrow(/tensor "model.norm.weight": found shape \[9\]; expected \[8\]/);
  });

  test("a tensor of integers", () => {
    edit((tensors) => tensors.set("model.norm.weight", hostTensor("int32", [8])));
    expect(() => loadDecoder(folder)).toThrow(/found dtype I32; expected F32, BF16 or F16/);
  });

  test("an untied head that is not there", () => {
    const path = join(folder, "config.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), tie_word_embeddings: false }));
    expect(() => loadDecoder(folder)).toThrow(/found no "lm_head.weight".*set tie_word_embeddings to true/);
  });

  test("a config.json that is not JSON, not a configuration, or not there", () => {
    const path = join(folder, "config.json");
    writeFileSync(path, "{");
    expect(() => loadDecoder(folder)).toThrow(/config.json: found text that is not JSON/);
    writeFileSync(path, "[".repeat(1000));
    expect(() => loadDecoder(folder)).toThrow(/config.json: found JSON with brackets 33 deep/);
    writeFileSync(path, Buffer.alloc(10_000_001));
    expect(() => loadDecoder(folder)).toThrow(/config.json: found 10000001 bytes; expected at most 10000000/);
    writeFileSync(path, '{"model_type":"bert"}');
    expect(() => loadDecoder(folder)).toThrow(ConfigError);
    expect(() => loadDecoder(folder)).toThrow(path);
    rmSync(path);
    expect(() => loadDecoder(folder)).toThrow(/config.json: found nothing/);
    expect(() => loadDecoder(join(folder, "absent"))).toThrow(CheckpointError);
  });

  test("no weights", () => {
    rmSync(join(folder, "model.safetensors"));
    expect(() => loadDecoder(folder)).toThrow(/found neither model.safetensors nor model.safetensors.index.json/);
  });
});

describe("files outside the folder are not read", () => {
  let outside: string;
  beforeEach(() => {
    saveDecoder(folder, config, weights);
    outside = mkdtempSync(join(tmpdir(), "myna-outside-"));
    cpSync(folder, outside, { recursive: true });
  });
  afterEach(() => rmSync(outside, { recursive: true, force: true }));

  test.each(["model.safetensors", "config.json"])("through a link named %s", (name) => {
    rmSync(join(folder, name));
    symlinkSync(join(outside, name), join(folder, name));
    expect(() => loadDecoder(folder)).toThrow(/found a link to .*; expected a file in this folder/);
  });

  test("but a link within the folder, and to the folder, is followed", () => {
    const inner = join(folder, "blobs");
    mkdirSync(inner);
    cpSync(join(folder, "model.safetensors"), join(inner, "x"));
    rmSync(join(folder, "model.safetensors"));
    symlinkSync(join("blobs", "x"), join(folder, "model.safetensors"));
    const alias = join(outside, "alias");
    symlinkSync(folder, alias);
    expect(loadDecoder(alias).config).toEqual(config);
  });

  test.each(["../secret.safetensors", "/etc/passwd", "..", "", "a\\b", "nul\0"])(
    "by the name %j in an index",
    (name) => {
      rmSync(join(folder, "model.safetensors"));
      const index = { weight_map: { "model.norm.weight": name } };
      writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
      expect(() => loadDecoder(folder)).toThrow(/expected a file in this folder/);
    },
  );

  test.each([{}, [], { weight_map: [] }, { weight_map: { x: 1 } }, { weight_map: {} }])(
    "an index of %j is refused",
    (index) => {
      rmSync(join(folder, "model.safetensors"));
      writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
      expect(() => loadDecoder(folder)).toThrow(CheckpointError);
    },
  );
});

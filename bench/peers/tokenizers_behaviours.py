"""Records corners of Hugging Face `tokenizers`, for packages/tokenizer/src/fixtures/behaviours.json: what each pre-tokeniser and
each flag of an added token does, and which merges BpeTrainer learns from a small text.

    python bench/peers/tokenizers_behaviours.py
"""

import json
from itertools import product
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tokenizers_fixtures import FIXTURES, TEXTS, random_texts

TEXTS_TO_CUT = [
    "The-final--countdown-", "--a", "12ab 345 c6", "  x  y ", "don't 他说：12月3日。", "a\r\n\nb\u00a0c\u0085d\ufeffe", "ééé e\u0301",
    "½Ⅻ²3", "", "a", "ſ's'S'ſ",
]
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
OURS = (
    r"\p{Han}+|(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[[\p{L}\p{M}]&&[^\p{Han}]]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
REGEXES = [
    r"\s+", r"\d", r"\w+", r"\W", r"[^\S\n]+", r"\bd", r"^.|.$", r"[\d&&[^3]]+", r"[^a-c\-]", r"[]x]", r"\p{^L}+", r"\P{Han}",
    r"(?i:T)h", r"[ab]++", r"(?>a|ab)c?", r"\x61|\x{62}",
    r"(?<=a)b|(?<!a)-", r" ?\p{L}{1,2}", r"[\r\n]+", r"x*", r"a{,2}", r"[-x]*", r"(?:12){1}", OURS,
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]


def tokenizer_json(pre_tokenizer, normalizer=None, added=()) -> dict:
    """Bytes alone, so that ids show where the words are cut only through the pieces recorded beside them."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet(), key=ord)
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added), "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": BYTES,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {c: i for i, c in enumerate(alphabet)}, "merges": []},
    }


def cuts() -> list[dict]:
    steps = [{"type": "Digits", "individual_digits": flag} for flag in (True, False)]
    behaviors = ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
    for behavior, invert, pattern in product(behaviors, (False, True), ({"String": "-"}, {"Regex": r"\d+|\s"}, {"Regex": r"-*"})):
        steps.append({"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert})
    steps += [{"type": "Split", "pattern": {"Regex": r}, "behavior": "Isolated", "invert": False} for r in REGEXES]
    configs = [{"type": "Sequence", "pretokenizers": [step, BYTES]} for step in steps]
    configs += [{**BYTES, "use_regex": True}, {**BYTES, "use_regex": True, "add_prefix_space": True}]
    configs.append({"type": "Sequence", "pretokenizers": [steps[0], {**BYTES, "use_regex": True}]})
    cases = []
    for config in configs:
        tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(config)))
        pieces = [[piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)] for text in TEXTS_TO_CUT]
        cases.append({"preTokenizer": config, "pieces": pieces})
    return cases


def added_tokens() -> list[dict]:
    texts = ["a  <x>  b", "<x><x>", "x<x>y <x>", "foo food foo. foo_ éfoo", "Ｆoo e\u0301 \u00e9 foo", "<xy><x <x>> ", " <x>\n\nfoo\t"]
    cases = []
    for lstrip, rstrip, single_word, normalized in product((False, True), repeat=4):
        flags = {"lstrip": lstrip, "rstrip": rstrip, "single_word": single_word, "normalized": normalized}
        added = [
            {"id": 256, "content": "<x>", "special": True, **flags},
            {"id": 257, "content": "<xy>", "special": True, **flags},
            {"id": 258, "content": "foo", "special": False, **flags},
            {"id": 259, "content": "e\u0301", "special": False, **flags},
        ]
        whole = tokenizer_json({**BYTES, "use_regex": True}, {"type": "NFKC"}, added)
        tokenizer = Tokenizer.from_str(json.dumps(whole))
        cases.append({"flags": flags, "ids": [tokenizer.encode(text).ids for text in texts]})
    return [{"texts": texts, "json": whole, "cases": cases}]


def training() -> dict:
    documents = TEXTS + random_texts(40) + [t.upper() for t in TEXTS] + ["aaaa aaaa aaaaaa abab abab ababab 我们我们我们 谢谢谢谢"]
    tokenizer = Tokenizer(models.BPE())
    config = {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": OURS}, "behavior": "Isolated", "invert": False}, BYTES]}
    tokenizer.pre_tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(config))).pre_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=700, min_frequency=2, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(documents, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return {"documents": documents, "vocabularySize": 700, "merges": merges}


def main() -> None:
    recorded = {"texts": TEXTS_TO_CUT, "cuts": cuts(), "addedTokens": added_tokens()[0], "training": training()}
    path = FIXTURES / "behaviours.json"
    path.write_text(json.dumps(recorded, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()

"""Hugging Face `tokenizers` on the same files as bench/tokenizer.bench.ts; the last line of output is JSON.

    tokenizers_speed.py train CORPUS.jsonl TOKENIZER.json VOCABULARY_SIZE   # pre-tokeniser and special tokens from TOKENIZER.json
    tokenizers_speed.py encode TEXTS.jsonl TOKENIZER.json                   # one thread
"""

import hashlib
import json
import os
import resource
import sys
import time

if sys.argv[1] == "encode":
    os.environ["RAYON_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402


def documents(path: str):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def train(corpus: str, tokenizer_file: str, vocabulary_size: int) -> dict:
    ours = Tokenizer.from_file(tokenizer_file)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = ours.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=2,
        show_progress=False,
        special_tokens=[token.content for token in ours.get_added_tokens_decoder().values()],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    start = time.perf_counter()
    tokenizer.train_from_iterator(documents(corpus), trainer)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peakMb": peak, "tokens": tokenizer.get_vocab_size()}


def encode(texts_file: str, tokenizer_file: str) -> dict:
    texts = list(documents(texts_file))
    tokenizer = Tokenizer.from_file(tokenizer_file)
    seconds = {}
    # The faster of the library's two ways counts; encode_batch_fast leaves offsets out.
    for name in ("encode_batch", "encode_batch_fast"):
        start = time.perf_counter()
        encodings = getattr(tokenizer, name)(texts, add_special_tokens=False)
        seconds[name] = time.perf_counter() - start
        if name == "encode_batch":
            digest = hashlib.sha256()
            count = 0
            for encoding in encodings:
                count += len(encoding.ids)
                digest.update(b"".join(id.to_bytes(4, "little") for id in encoding.ids))
        del encodings
    return {"seconds": min(seconds.values()), "ways": seconds, "ids": count, "sha256": digest.hexdigest()}


if __name__ == "__main__":
    command, *parameters = sys.argv[1:]
    result = train(parameters[0], parameters[1], int(parameters[2])) if command == "train" else encode(*parameters)
    print(json.dumps(result))

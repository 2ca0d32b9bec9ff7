#!/usr/bin/env python3
"""Prints what `tokenizer.golden` holds: the ids that the `tokenizers` library gives to every line of some
files, as a digest.

    pip install tokenizers
    python3 Tests/FeaturesTests/tokenizer_golden.py DATA > Tests/FeaturesTests/tokenizer.golden

A line of output: file, lines, ids, SHA-256 of the ids as little-endian 32-bit numbers.
"""

import hashlib
import pathlib
import struct
import sys

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = """banking77/train.csv banking77/test.csv clinc150/data_full.json bitext_cs/bitext_v1.csv
gsm8k/train.jsonl gpteacher/Codegen/codegen-instruct.json halueval_general/general_data_first1500.jsonl
smile_zh_multiturn/smile_first1000.jsonl huatuo_med_zh/data/llama_data.json
belle/eval_set.json naughty_strings/blns.txt""".split()


def main():
    tokenizer = Tokenizer.from_file(
        str(ROOT / "Sources/Features/Tables/minilm-l6-256/tokenizer.json"))
    data = pathlib.Path(sys.argv[1])
    for name in FILES:
        path = data / name
        if not path.exists():
            continue
        lines = [line.decode() for line in path.read_bytes().split(b"\n") if line]
        digest, count = hashlib.sha256(), 0
        for encoding in tokenizer.encode_batch_fast(lines, add_special_tokens=False):
            digest.update(struct.pack(f"<{len(encoding.ids)}I", *encoding.ids))
            count += len(encoding.ids)
        print(name, len(lines), count, digest.hexdigest())


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The built-in embedding beside the packages `tokenizers` and `model2vec`, on the same table and texts.

    pip install tokenizers model2vec scikit-learn
    python3 Benchmarks/Peers/compare_embedding.py DATA [--out FILE]

DATA is a folder of datasets; every .json, .jsonl, .csv and .train file in the folders named below is read,
all strings of a record are its text. Compares the ids of every record, the vectors of those that the table
embeds (both sides on one processor, best of three), and the accuracy of logistic regression on BANKING77.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"

import numpy  # noqa: E402
from model2vec import StaticModel  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "Sources/Features/Tables/minilm-l6-256"
KERNELS = ROOT / ".build/release/assay-kernels"
SETS = """banking77 clinc150 bitext_cs gsm8k gpteacher halueval_general mmlu_redux plagiarism_minhash
llama_factory_data self_instruct smile_zh_multiturn huatuo_med_zh belle zh_sft_handwritten""".split()


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def records(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".csv":
        yield from csv.reader(text.splitlines(keepends=True))
    elif path.suffix == ".train":
        yield from text.splitlines()
    else:
        try:
            document = json.loads(text)
            if isinstance(document, dict):
                document = [part for part in document.values() if isinstance(part, list)]
                document = sum(document, [])
            yield from document
        except ValueError:
            for line in text.splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


def texts(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".json", ".jsonl", ".csv", ".train"):
            for record in records(path):
                text = "\n".join(strings(record)).replace("\0", "")
                text = text.encode("utf-8", errors="replace").decode()
                if text:
                    yield text


def kernel(name, file, out, repeat=1):
    command = ["taskset", "-c", "0", str(KERNELS), name, str(file), "--model", str(TABLE)]
    command += ["--out", str(out), "--repeat", str(repeat)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def compare(name, all_texts, tokenizer, model, work):
    file, out = work / "texts", work / "out"
    file.write_bytes(b"".join(text.encode() + b"\0" for text in all_texts))
    expected = [e.ids for e in tokenizer.encode_batch_fast(all_texts, add_special_tokens=False)]
    kernel("ids", file, out)
    found, position, different = numpy.fromfile(out, dtype=numpy.uint32), 0, 0
    for ids in expected:
        count = int(found[position])
        different += found[position + 1 : position + 1 + count].tolist() != ids
        position += 1 + count
    peer = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        theirs = model.encode(all_texts, use_multiprocessing=False)
        peer = min(peer, time.perf_counter() - start)
    own = kernel("embed", file, out, repeat=3)
    ours = numpy.fromfile(out, dtype=numpy.float32).reshape(len(all_texts), -1)
    unknown = tokenizer.token_to_id("[UNK]")
    by_table = numpy.array(
        [len(ids) > 0 and ids.count(unknown) <= 0.15 * len(ids) for ids in expected])
    gap = numpy.abs(ours - theirs)[by_table]
    return {
        "set": name, "records": len(all_texts), "ids": sum(map(len, expected)),
        "records_with_other_ids": int(different), "by_table": int(by_table.sum()),
        "largest_difference": float(gap.max()) if len(gap) else None,
        "model2vec_seconds": round(peer, 3), "assay_seconds": round(own["best_seconds"], 3),
        "times_as_fast": round(peer / own["best_seconds"], 1),
    }


def accuracy(data, work):
    def side(name):
        with open(data / "banking77" / name, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        (work / "texts").write_bytes(b"".join(row["text"].encode() + b"\0" for row in rows))
        kernel("embed", work / "texts", work / "out")
        vectors = numpy.fromfile(work / "out", dtype=numpy.float32).reshape(len(rows), -1)
        return vectors, [row["category"] for row in rows]

    (train, labels), (test, truth) = side("train.csv"), side("test.csv")
    return {
        f"C={c}": round(
            LogisticRegression(C=c, max_iter=1000).fit(train, labels).score(test, truth), 4)
        for c in (1, 10, 100)
    }


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", type=pathlib.Path)
    options.add_argument("--out", type=pathlib.Path)
    arguments = options.parse_args()
    os.sched_setaffinity(0, {0})
    tokenizer = Tokenizer.from_file(str(TABLE / "tokenizer.json"))
    model = StaticModel.from_pretrained(str(TABLE), max_length=None)
    results = []
    with tempfile.TemporaryDirectory() as work:
        for name in SETS:
            found = list(texts(arguments.data / name))
            if found:
                results.append(compare(name, found, tokenizer, model, pathlib.Path(work)))
                print(results[-1], flush=True)
        banking = accuracy(arguments.data, pathlib.Path(work))
    print("BANKING77", banking)
    document = {"table": TABLE.name, "sets": results, "banking77_accuracy": banking}
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()

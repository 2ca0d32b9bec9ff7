#!/usr/bin/env python3
"""Near duplicates: Assay's stage beside `rensa` and `datasketch`, at the same number of hash functions.

    pip install rensa datasketch
    python3 Benchmarks/Peers/compare_near.py DATA [--count N ...] [--out FILE]

Records are made of the sentences of instruction datasets, five drawn at random each; one in ten is a copy of an earlier one
with up to a twelfth of its words changed. All three are given the same sets: the words of a record and the pairs of
neighbouring words, made beforehand for the peers and within the measured time for Assay. Seconds of Assay: shingles, signatures, candidates,
sets of the candidates, every copy verified against the record that stays; one process, as many threads as processors. Of
rensa: the fastest way its interface has (a digest matrix in parallel, flags in one shot), and its objects one by one.
Recall and precision are against the exact Jaccard similarity of all pairs of a sample, 5,000 records, at 0.8; a record
counts as found when it is said to repeat another one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import rensa
from datasketch import MinHash, MinHashLSH

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / ".build/release/assay-near"
HASHES = 64
BANDS = 16
THRESHOLD = 0.8
WORD = re.compile(r"[^\W_]+")


def sentences(data: Path) -> list[str]:
    texts: list[str] = []
    for path in sorted((data / "gpteacher").rglob("*.json")):
        for row in json.loads(path.read_text()):
            texts += [row["instruction"], row.get("response") or row.get("output") or ""]
    for line in (data / "gsm8k/train.jsonl").open():
        row = json.loads(line)
        texts += [row["question"], row["answer"]]
    found = {part.strip() for text in texts for part in re.split(r"(?<=[.!?])\s+|\n", text)}
    return sorted(part for part in found if 4 <= len(WORD.findall(part)) <= 40)


def records(parts: list[str], count: int, seed: int) -> list[list[str]]:
    """Words of each record."""
    draw = random.Random(seed)
    found: list[list[str]] = []
    vocabulary = sorted({word for part in parts for word in WORD.findall(part.lower())})
    for index in range(count):
        if index > 100 and draw.random() < 0.1:
            words = list(found[draw.randrange(index)])
            for _ in range(draw.randint(0, max(1, len(words) // 12))):
                words[draw.randrange(len(words))] = draw.choice(vocabulary)
        else:
            words = [word for part in draw.sample(parts, 5) for word in WORD.findall(part.lower())]
        found.append(words)
    return found


def shingles(words: list[str]) -> list[str]:
    return list(dict.fromkeys(words + [f"{one} {two}" for one, two in zip(words, words[1:])]))


def exact(sets: list[set[str]]) -> set[int]:
    """Records of which an earlier one, or a later one, is at or above the threshold."""
    found: set[int] = set()
    owners: dict[str, list[int]] = defaultdict(list)
    for index, own in enumerate(sets):
        counts: dict[int, int] = defaultdict(int)
        for word in own:
            for other in owners[word]:
                counts[other] += 1
        for other, shared in counts.items():
            if shared >= THRESHOLD * (len(own) + len(sets[other]) - shared) - 1e-9:
                found |= {index, other}
        for word in own:
            owners[word].append(index)
    return found


def numbers(rows: list[list[str]]) -> bytes:
    """Words as 32-bit numbers behind their count, record after record."""
    ids: dict[str, int] = {}
    packed = bytearray()
    for words in rows:
        packed += struct.pack("<I", len(words))
        # A number of 32 bits that a hash of the word might be.
        for word in words:
            if word not in ids:
                ids[word] = (len(ids) * 0x9E3779B1 + 0x1234567) & 0xFFFFFFFF
            packed += struct.pack("<I", ids[word])
    return bytes(packed)


def assay(rows: list[list[str]], folder: Path) -> tuple[float, list[int]]:
    path = folder / "words.bin"
    path.write_bytes(numbers(rows))
    best, leaders = 1e9, []
    for _ in range(3):
        result = subprocess.run([str(KERNELS), str(path), str(THRESHOLD)], capture_output=True, text=True, check=True)
        found = json.loads(result.stdout)
        best, leaders = min(best, found["seconds"]), found["leaders"]
    return best, leaders


def rensa_fast(sets: list[list[str]]) -> tuple[float, list[bool]]:
    best, flags = 1e9, []
    for _ in range(3):
        start = time.perf_counter()
        matrix = rensa.RMinHash.digest_matrix_from_token_sets(sets, HASHES, 42)
        index = rensa.RMinHashLSH(threshold=THRESHOLD, num_perm=HASHES, num_bands=BANDS)
        flags = index.query_duplicate_flags_matrix_one_shot(matrix)
        best = min(best, time.perf_counter() - start)
    return best, list(flags)


def rensa_objects(sets: list[list[str]]) -> tuple[float, list[bool]]:
    start = time.perf_counter()
    index = rensa.RMinHashLSH(threshold=THRESHOLD, num_perm=HASHES, num_bands=BANDS)
    hashes = []
    for own in sets:
        value = rensa.RMinHash(num_perm=HASHES, seed=42)
        value.update(own)
        hashes.append(value)
    for key, value in enumerate(hashes):
        index.insert(key, value)
    flags = [len(index.query(value)) > 1 for value in hashes]
    return time.perf_counter() - start, flags


def datasketch(sets: list[list[str]]) -> tuple[float, list[bool]]:
    start = time.perf_counter()
    index = MinHashLSH(num_perm=HASHES, params=(BANDS, HASHES // BANDS))
    hashes = []
    for key, own in enumerate(sets):
        value = MinHash(num_perm=HASHES, seed=42)
        value.update_batch([word.encode() for word in own])
        index.insert(key, value)
        hashes.append(value)
    flags = [len(index.query(value)) > 1 for value in hashes]
    return time.perf_counter() - start, flags


def quality(found: set[int], true: set[int]) -> dict[str, float]:
    right = len(found & true)
    return {"recall": right / max(1, len(true)), "precision": right / max(1, len(found))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, nargs="*", default=[50_000, 500_000])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    parts = sentences(options.data)
    report: dict = {"hashes": HASHES, "threshold": THRESHOLD, "processors": os.cpu_count(), "runs": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = records(parts, 5000, 1)
        sets = [shingles(words) for words in rows]
        true = exact([set(own) for own in sets])
        _, leaders = assay(rows, folder)
        own = {index for index, leader in enumerate(leaders) if leader != index}
        both = own | {leaders[index] for index in own}
        report["quality"] = {
            "duplicates": len(true),
            "assay": quality(both, true),
            "rensa": quality({i for i, flag in enumerate(rensa_objects(sets)[1]) if flag}, true),
            "rensa, in one shot": quality({i for i, flag in enumerate(rensa_fast(sets)[1]) if flag}, true),
            "datasketch": quality({i for i, flag in enumerate(datasketch(sets)[1]) if flag}, true),
        }
        print(json.dumps(report["quality"], indent=1), flush=True)
        for count in options.count:
            rows = records(parts, count, 2)
            seconds, leaders = assay(rows, folder)
            removed = sum(leader != index for index, leader in enumerate(leaders))
            sets = [shingles(words) for words in rows]
            run = {"records": count, "words": sum(map(len, rows)), "removed": removed,
                   "assay": count / seconds, "rensa, in one shot": count / rensa_fast(sets)[0],
                   "rensa": count / rensa_objects(sets)[0]}
            if count <= 50_000:
                run["datasketch"] = count / datasketch(sets)[0]
            for peer in ("rensa, in one shot", "rensa", "datasketch"):
                if peer in run:
                    run[f"times {peer}"] = round(run["assay"] / run[peer], 2)
            report["runs"].append(run)
            print(json.dumps(run, indent=1), flush=True)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

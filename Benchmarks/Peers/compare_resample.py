#!/usr/bin/env python3
"""Resampling toward a reference: Assay beside DSIR's own package, `data-selection`.

    pip install data-selection
    python3 Benchmarks/Peers/compare_resample.py DATA [--out FILE]

A mixture of 6,000 records of each of five datasets, a reference of 1,000 further ones of one of them, 5,000 records to
be drawn; each dataset is the target once. Reports the share of the target's records, the bias-corrected
divergences of what was drawn from the reference (measured by Assay for both), and seconds: of Assay the whole process with its
report and with the comparisons kept to a minimum, of the peer without its imports. The peer runs with its defaults, which drop every
record below 100 characters, and with that limit at 1.
"""

from __future__ import annotations

import argparse
import collections
import csv
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
from data_selection import HashedNgramDSIR

ROOT = Path(__file__).resolve().parents[2]
ASSAY = ROOT / ".build/stage/bin/assay"


def datasets(data: Path) -> dict[str, list[dict]]:
    def pairs(path: str) -> list[dict]:
        lines = (data / path).read_text().splitlines()
        return [{"prompt": row["question"], "response": row["answer"]} for row in map(json.loads, lines)]

    clinc = json.loads((data / "clinc150/data_full.json").read_text())
    found = {
        "gsm8k": pairs("gsm8k/train.jsonl"),
        "clinc150": [{"prompt": text} for part in ("train", "val", "test") for text, _ in clinc[part]],
        "banking77": [{"prompt": row["text"]} for row in csv.DictReader(open(data / "banking77/train.csv"))],
        "goemotions": [
            {"prompt": line.split("\t")[0]} for line in (data / "goemotions/original/train.tsv").open()
        ],
        "gpteacher": [],
    }
    for path in sorted((data / "gpteacher").rglob("*.json")):
        for row in json.loads(path.read_text()):
            prompt = (row["instruction"] + "\n" + (row.get("input") or "")).strip()
            found["gpteacher"].append({"prompt": prompt, "response": row.get("response") or row.get("output") or ""})
    return found


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def assay(folder: Path, data: Path, reference: Path, *settings: str) -> tuple[Path, float]:
    out = folder / "report"
    arguments = [ASSAY, "run", data, "--reference", reference, "--plugins", "distribution", "--quiet", "--out", out]
    arguments += ["--fields", "prompt=prompt,response=response"]
    for setting in settings:
        arguments += ["--set", f"distribution.{setting}"]
    begin = time.time()
    subprocess.run(arguments, check=True, capture_output=True)
    return out, time.time() - begin


def divergences(folder: Path, rows: list[dict], reference: Path) -> dict[str, float]:
    write(folder / "drawn.jsonl", rows)
    out, _ = assay(folder, folder / "drawn.jsonl", reference)
    metrics = json.loads((out / "report.json").read_text())["analyzers"][0]["metrics"]
    prefix = "distribution.js."
    return {m["name"].removeprefix(prefix): round(m["value"], 4) for m in metrics if m["name"].startswith(prefix)}


def peer(folder: Path, mixture: list[dict], reference: list[dict], least: int) -> tuple[list[int], float]:
    for name, rows in (("raw.jsonl", mixture), ("target.jsonl", reference)):
        texts = [{"text": row["prompt"] + " " + row.get("response", ""), "row": n} for n, row in enumerate(rows)]
        write(folder / name, texts)
    numpy.random.seed(0)
    work = Path(tempfile.mkdtemp(dir=folder))
    begin = time.time()
    model = HashedNgramDSIR(
        [str(folder / "raw.jsonl")], [str(folder / "target.jsonl")], cache_dir=str(work / "cache"), num_proc=2,
        min_example_length=least)
    model.fit_importance_estimator(num_tokens_to_fit="auto")
    model.compute_importance_weights()
    model.resample(out_dir=str(work / "out"), num_to_sample=5000, cache_dir=str(work / "resampled"))
    seconds = time.time() - begin
    rows = [json.loads(line)["row"] for path in sorted((work / "out").iterdir()) for line in path.open()]
    return rows, seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    sets = datasets(options.data)
    results = []
    for target in sets:
        generator = random.Random(7)
        mixture, reference = [], []
        for name, rows in sets.items():
            drawn = generator.sample(rows, 7000)
            mixture += [(name, row) for row in drawn[:6000]]
            if name == target:
                reference = drawn[6000:]
        generator.shuffle(mixture)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rows = [row for _, row in mixture]
            write(folder / "mixture.jsonl", rows)
            write(folder / "reference.jsonl", reference)
            paths = (folder / "mixture.jsonl", folder / "reference.jsonl")
            _, least = assay(folder, *paths, "size=5000", "permutations=19", "significance=0.05", "sample_size=1000")
            out, seconds = assay(folder, *paths, "size=5000")
            dropped = {json.loads(line)["row_index"] for line in (out / "proposals.jsonl").open()}
            sides = {"assay": ([n for n in range(len(rows)) if n not in dropped], seconds)}
            sides["data-selection"] = peer(folder, rows, reference, 100)
            sides["data-selection, least length 1"] = peer(folder, rows, reference, 1)
            for side, (drawn, seconds) in sides.items():
                right = sum(mixture[n][0] == target for n in drawn)
                result = {
                    "target": target, "side": side, "records": len(drawn), "right": round(right / len(drawn), 4),
                    "divergence_bits": divergences(folder, [rows[n] for n in drawn], folder / "reference.jsonl"),
                    "seconds": round(seconds, 2),
                }
                if side == "assay":
                    result["seconds_least_comparison"] = round(least, 2)
                    result["sources"] = collections.Counter(mixture[n][0] for n in drawn)
                print(json.dumps(result))
                results.append(result)
    if options.out:
        options.out.write_text("".join(json.dumps(result) + "\n" for result in results))


if __name__ == "__main__":
    main()

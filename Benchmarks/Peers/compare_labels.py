#!/usr/bin/env python3
"""Label errors: Assay's default flags beside cleanlab's, on the same injected errors.

    peer/bin/python Benchmarks/Peers/compare_labels.py ../shared/data [--out FILE]

BANKING77 train with 5, 10 and 20 % of the labels made wrong at random and with 10 % given the label of the
class whose texts are most alike, CLINC150 with 5 %; three seeds each. The peer is cleanlab's
`find_label_issues` with its defaults on out-of-fold probabilities of scikit-learn's logistic regression
on tf-idf, once with one job, its default, and once with two. Its seconds leave the imports out; Assay's are
those of the whole process, reading and report included.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

ROOT = Path(__file__).resolve().parent.parent.parent
ASSAY = ROOT / ".build/stage/bin/assay"
SEEDS = (1, 2, 3)


def banking(data: Path) -> tuple[list[str], np.ndarray]:
    with (data / "banking77/train.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], np.array([row["category"] for row in rows])


def clinc(data: Path) -> tuple[list[str], np.ndarray]:
    document = json.loads((data / "clinc150/data_full.json").read_text(encoding="utf-8"))
    rows = [row for part in ("train", "val", "test") for row in document[part]]
    return [row[0] for row in rows], np.array([row[1] for row in rows])


def neighbours(texts: list[str], labels: np.ndarray) -> np.ndarray:
    """The class whose mean tf-idf vector is nearest, for each class."""
    features = TfidfVectorizer().fit_transform(texts)
    means = np.vstack([np.asarray(features[labels == k].mean(0)).ravel() for k in range(labels.max() + 1)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    alike = means @ means.T
    np.fill_diagonal(alike, -1)
    return alike.argmax(1)


def inject(labels: np.ndarray, rate: float, seed: int, nearest: np.ndarray | None):
    draw = np.random.default_rng(seed)
    changed, classes = labels.copy(), labels.max() + 1
    rows = draw.choice(len(labels), int(rate * len(labels)), replace=False)
    if nearest is None:
        changed[rows] = (labels[rows] + draw.integers(1, classes, len(rows))) % classes
    else:
        changed[rows] = nearest[labels[rows]]
    truth = np.zeros(len(labels), bool)
    truth[rows] = True
    return changed, truth


def quality(flags: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    found = int((flags & truth).sum())
    return {
        "f1": round(2 * found / (flags.sum() + truth.sum()), 4),
        "precision": round(found / max(1, flags.sum()), 4),
        "recall": round(found / truth.sum(), 4),
    }


def peer(texts: list[str], labels: np.ndarray, jobs: int) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    features = TfidfVectorizer().fit_transform(texts)
    model = LogisticRegression(max_iter=1000)
    probabilities = cross_val_predict(model, features, labels, cv=5, method="predict_proba", n_jobs=jobs)
    flags = find_label_issues(labels, probabilities, n_jobs=1)
    return flags, time.perf_counter() - start


def assay(texts: list[str], labels: np.ndarray, names: list[str]) -> tuple[np.ndarray, float, dict]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for text, label in zip(texts, labels):
                file.write(json.dumps({"text": text, "label": names[label]}) + "\n")
        report = Path(folder) / "report"
        start = time.perf_counter()
        subprocess.run(
            [str(ASSAY), "run", str(path), "--quiet", "--plugins", "noise", "--out", str(report)],
            check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        flags = np.zeros(len(labels), bool)
        with (report / "findings.jsonl").open(encoding="utf-8") as file:
            for line in file:
                finding = json.loads(line)
                if finding["code"] == "NSE050":
                    flags[finding["row_index"]] = True
        document = json.loads((report / "report.json").read_text(encoding="utf-8"))
        metrics = {m["name"]: m for m in document["analyzers"][0]["metrics"]}
        return flags, seconds, metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not ASSAY.exists():
        sys.exit("error: assay is not staged\nhelp: make build")
    results = []
    sets = {"banking77": banking(options.data), "clinc150": clinc(options.data)}
    for name, (texts, given) in sets.items():
        names = sorted(set(given))
        labels = np.array([names.index(label) for label in given])
        nearest = neighbours(texts, labels)
        cases = [(0.05, None)] if name == "clinc150" else [(0.05, None), (0.1, None), (0.2, None), (0.1, nearest)]
        for rate, target in cases:
            for seed in SEEDS:
                changed, truth = inject(labels, rate, seed, target)
                flags, seconds, metrics = assay(texts, changed, names)
                one, one_seconds = peer(texts, changed, 1)
                _, two_seconds = peer(texts, changed, 2)
                results.append({
                    "dataset": name, "rate": rate, "kind": "random" if target is None else "neighbour",
                    "seed": seed,
                    "assay": quality(flags, truth) | {
                        "stated_precision": round(metrics["noise.label_error_precision"]["value"], 4),
                        "stated_rate": round(metrics["noise.label_error_rate"]["value"], 4),
                        "seconds": round(seconds, 2)},
                    "cleanlab": quality(one, truth) | {
                        "seconds_one_job": round(one_seconds, 2), "seconds_two_jobs": round(two_seconds, 2)},
                })
                print(json.dumps(results[-1]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()

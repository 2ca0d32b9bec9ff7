#!/usr/bin/env python3
"""What a subset of a tenth keeps: Assay's facility location and k-centre beside random draws, on CLINC150 without its labels.

    pip install scikit-learn
    python3 Benchmarks/Peers/measure_subset.py DATA [--share 0.1] [--out FILE]

Assay is given the texts of the training part alone and keeps a share of them. Measured with the labels afterwards: the
share of the 150 intents that are still there, and the accuracy on the test part of logistic regression (TF-IDF of words
and pairs) trained on what was kept. Random draws: mean and extremes of five seeds.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[2]
ASSAY = ROOT / ".build/stage/bin/assay"


def kept(texts: list[str], size: int, method: str) -> tuple[list[int], float]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "data.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        start = time.perf_counter()
        subprocess.run(
            [str(ASSAY), "run", str(path), "--plugins", "diversity", "--quiet", "--out", f"{name}/report",
             "--set", f"diversity.subset_size={size}", "--set", f"diversity.subset_method={method}"],
            check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        dropped = set()
        for line in (Path(name) / "report/proposals.jsonl").open():
            proposal = json.loads(line)
            if proposal["action"] == "drop":
                dropped.add(proposal["row_index"])
    return [index for index in range(len(texts)) if index not in dropped], seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    parts = json.loads((options.data / "clinc150/data_full.json").read_text())
    texts, labels = zip(*parts["train"])
    test_texts, test_labels = zip(*parts["test"])
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(texts)
    train, test = features.transform(texts), features.transform(test_texts)
    size = round(options.share * len(texts))

    def measure(rows: list[int]) -> dict[str, float]:
        model = LogisticRegression(C=10, max_iter=300).fit(train[rows], [labels[row] for row in rows])
        return {"records": len(rows), "intents": len({labels[row] for row in rows}) / len(set(labels)),
                "accuracy": round(model.score(test, test_labels), 4)}

    report: dict = {"records": len(texts), "size": size}
    for method in ("facility-location", "k-center"):
        rows, seconds = kept(list(texts), size, method)
        report[method] = measure(rows) | {"seconds": round(seconds, 2)}
        print(method, json.dumps(report[method]), flush=True)
    draws = [measure(random.Random(seed).sample(range(len(texts)), size)) for seed in range(5)]
    report["random"] = {key: [round(min(d[key] for d in draws), 4), round(sum(d[key] for d in draws) / 5, 4),
                              round(max(d[key] for d in draws), 4)] for key in ("intents", "accuracy")}
    print("random (least, mean, most)", json.dumps(report["random"]))
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

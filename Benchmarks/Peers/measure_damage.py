#!/usr/bin/env python3
"""Damages a tenth of real instruction records in a known way and measures what Assay's default flags find.

    measure_damage.py DATA_FOLDER [--assay PROGRAM] [--sets a,b] [--kinds a,b] [--trusted N] [--limit N] [--seed N]

For every set and kind of damage one line: flagged, precision, recall, for shuffled responses the AUROC of
the row scores, and the mean score of the flags (what is stated). `none` counts the flags on untouched records.
A set called `gsm8k+huatuo+Roleplay` is a mixture, 1,500 records of each, every one damaged within itself. The kinds
`turns` and `lastturns` exchange one answer of a conversation (sets `smile`, `assistants`).
Standard library only.
"""

import argparse
import csv
import json
import pathlib
import random
import re
import subprocess
import tempfile

CODES = {
    "shuffled": "NSE041", "cut": "NSE002", "repeated": "NSE023", "language": "NSE027", "mojibake": "NSE020",
    "echo": "NSE025", "merged": "NSE026",
}
# Records of each set of a mixture, and the kinds of damage that conversations have: one answer exchanged for another
# conversation's, at any place or at the end.
MIXED = 1500
TURNS = {"turns": "NSE041", "lastturns": "NSE041"}


def records(data, name):
    """Prompt and response of every record of a set."""
    if name == "gsm8k":
        lines = (data / "gsm8k/train.jsonl").read_text().splitlines()
        return [(d["question"], d["answer"]) for d in map(json.loads, lines)]
    if name == "huatuo":
        lines = (data / "huatuo_med_zh/data/llama_data.json").read_text().splitlines()
        return [(d["instruction"], d["output"]) for d in map(json.loads, lines)]
    if name == "halueval":
        lines = next((data / "halueval_general").glob("*.json*")).read_text().splitlines()
        return [(d["user_query"], d["chatgpt_response"]) for d in map(json.loads, lines)]
    if name == "bitext":
        with open(data / "bitext_cs/bitext_v1.csv", newline="") as file:
            return [(d["instruction"], d["response"]) for d in csv.DictReader(file)]
    if name == "handwritten":
        topics = sorted((data / "zh_sft_handwritten/topics").glob("*.json"))
        lines = [d for path in topics for d in json.loads(path.read_text())]
        return [((d["instruction"] + "\n" + d.get("input", "")).strip(), d["output"]) for d in lines]
    found = []
    for path in sorted((data / "gpteacher" / name).glob("*.json")):
        for d in json.loads(path.read_text()):
            found.append(((d["instruction"] + "\n" + d.get("input", "")).strip(), d["response"]))
    return found


def conversations(data, name):
    """Turns of every conversation in which the assistant speaks more than once: (who, text)."""
    found = []
    if name == "smile":
        for line in (data / "smile_zh_multiturn/smile_first1000.jsonl").read_text().splitlines():
            turns = json.loads(line)["dialog"]
            found.append([("user" if t["role"] == "client" else "assistant", t["content"]) for t in turns])
    else:
        words = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}
        for part in ("kto_en_demo", "dpo_en_demo", "glaive_toolcall_en_demo"):
            for record in json.loads((data / f"llama_factory_data/{part}.json").read_text()):
                turns = [
                    (words[t.get("role") or t.get("from")], t.get("content") or t.get("value"))
                    for t in record.get("conversations") or record["messages"]
                    if (t.get("role") or t.get("from")) in words]
                if record.get("chosen"):
                    turns.append(("assistant", record["chosen"].get("value") or record["chosen"].get("content")))
                found.append(turns)
    return [turns for turns in found if sum(who == "assistant" for who, _ in turns) > 1]


def exchanged(kind, talks, seed, rate):
    """The conversations with an answer of some of them exchanged, and the rows of those."""
    rng = random.Random(seed)
    slots = []
    for row, turns in enumerate(talks):
        answers = [place for place, (who, _) in enumerate(turns) if who == "assistant" and place > 0]
        if answers:
            slots.append((row, answers[-1] if kind == "lastturns" else rng.choice(answers)))
    chosen = rng.sample(slots, int(len(slots) * rate))
    changed = [list(turns) for turns in talks]
    for (row, place), (other, source) in zip(chosen, chosen[1:] + chosen[:1]):
        changed[row][place] = ("assistant", talks[other][source][1])
    return changed, {row for row, _ in chosen}


def mixture(kind, data, name, seed, strangers, rate):
    """Records of several sets (`one+another`), each damaged within itself."""
    changed, rows = [], set()
    for part in name.split("+"):
        pairs = records(data, part)
        random.Random(7).shuffle(pairs)
        own, found = damage(kind, pairs[:MIXED], seed, strangers, rate)
        rows |= {row + len(changed) for row in found}
        changed += own
    return changed, rows


def damaged(kind, pairs, row, rng, strangers):
    """A damaged record, or None where this damage changes nothing."""
    prompt, response = pairs[row]
    if kind == "cut":
        if len(response) < 20:
            return None
        kept = response[: rng.randint(len(response) // 4, len(response) * 4 // 5)].rstrip()
        if rng.random() < 0.5 and " " in kept:
            kept = kept[: kept.rindex(" ")].rstrip()
        return None if kept[-1:] in ".!?。？！" else (prompt, kept)
    if kind == "repeated":
        way = rng.choice(["sentence", "phrase", "whole"])
        if way == "sentence":
            last = [s for s in re.split(r"(?<=[.!?。！？\n])", response) if s.strip()][-1].strip()
            return prompt, response + " " + " ".join([last] * rng.randint(4, 10))
        if way == "phrase":
            words = response.split(" ")
            if len(words) > 4:
                first = rng.randint(0, len(words) - 4)
                phrase = " ".join(words[first : first + rng.randint(2, 4)])
                return prompt, " ".join(words[:first] + [phrase] * rng.randint(10, 20))
            first = rng.randint(0, max(0, len(response) - 6))
            return prompt, response[:first] + response[first : first + 5] * rng.randint(10, 20)
        return prompt, "\n".join([response] * 3)
    if kind == "language":
        return prompt, rng.choice(strangers)
    if kind == "mojibake":
        way = rng.choice([("cp1252", "ignore"), ("latin1", "strict"), ("gbk", "replace")])
        broken = response.encode().decode(*way)
        return (prompt, broken) if broken != response else None
    if kind == "echo":
        return prompt, prompt if rng.random() < 0.5 else prompt + "\n" + response
    other = pairs[rng.randrange(len(pairs))][0]
    return prompt + rng.choice(["\n", " ", "\n\n"]) + other, response


def damage(kind, pairs, seed, strangers, rate=0.1):
    """The records with some of them damaged, and the rows of those."""
    rng = random.Random(seed)
    chosen = rng.sample(range(len(pairs)), int(len(pairs) * rate)) if kind != "none" else []
    changed = list(pairs)
    if kind == "shuffled":
        for row, other in zip(chosen, chosen[1:] + chosen[:1]):
            changed[row] = (pairs[row][0], pairs[other][1])
    else:
        for row in chosen:
            changed[row] = damaged(kind, pairs, row, rng, strangers) or pairs[row]
    return changed, {row for row in chosen if changed[row] != pairs[row]}


def auroc(scores, rows):
    """Chance that a damaged record scores above another one; equal scores count half."""
    order = sorted(range(len(scores)), key=lambda row: scores[row])
    total, first = 0.0, 0
    while first < len(order):
        end = first
        while end < len(order) and scores[order[end]] == scores[order[first]]:
            end += 1
        total += sum((first + end + 1) / 2 for row in order[first:end] if row in rows)
        first = end
    n = len(rows)
    if not n:
        return float("nan")
    return (total - n * (n + 1) / 2) / (n * (len(scores) - n))


def write(path, pairs):
    lines = (
        json.dumps({"instruction": p, "input": "", "output": r}, ensure_ascii=False) + "\n" for p, r in pairs)
    path.write_text("".join(lines))


def write_talks(path, talks):
    lines = (
        json.dumps({"messages": [{"role": who, "content": text} for who, text in turns]}, ensure_ascii=False) + "\n"
        for turns in talks)
    path.write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--assay", default=".build/stage/bin/assay")
    parser.add_argument("--sets", default="gsm8k,Codegen,Roleplay,Toolformer,huatuo,halueval,bitext,handwritten")
    parser.add_argument("--kinds", default=",".join(CODES) + ",none")
    parser.add_argument("--trusted", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="records of a set at most, 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.1)
    options = parser.parse_args()
    chinese = [r for _, r in records(options.data, "huatuo")[:3000]]
    english = [r for _, r in records(options.data, "Roleplay")[:3000]]
    for kind in options.kinds.split(","):
        for name in options.sets.split(","):
            is_talk = kind in TURNS
            pairs = [] if is_talk or "+" in name else records(options.data, name)
            random.Random(7).shuffle(pairs)
            trusted, pairs = pairs[: options.trusted], pairs[options.trusted :]
            pairs = pairs[: options.limit or len(pairs)]
            strangers = english if name in ("huatuo", "handwritten") else chinese
            if is_talk:
                changed, rows = exchanged(kind, conversations(options.data, name), options.seed, options.rate)
            elif "+" in name:
                changed, rows = mixture(kind, options.data, name, options.seed, strangers, options.rate)
            else:
                changed, rows = damage(kind, pairs, options.seed, strangers, options.rate)
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                (write_talks if is_talk else write)(folder / "data.jsonl", changed)
                command = [
                    options.assay, "run", str(folder / "data.jsonl"), "--plugins", "noise", "--quiet", "--out",
                    str(folder / "report")]
                if trusted:
                    write(folder / "trusted.jsonl", trusted)
                    command += ["--trusted", str(folder / "trusted.jsonl")]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                findings = [json.loads(x) for x in (folder / "report/findings.jsonl").read_text().splitlines()]
                # What is said of the whole set is no flag.
                findings = [x for x in findings if x["row_index"] is not None]
                scores = [json.loads(x)["scores"] for x in (folder / "report/rows.jsonl").read_text().splitlines()]
            if kind == "none":
                by_code = {}
                for finding in findings:
                    by_code.setdefault(finding["code"], set()).add(finding["row_index"])
                counts = {code: len(found) for code, found in sorted(by_code.items())}
                print(f"{name:10} none     n={len(changed)} {counts}", flush=True)
                continue
            own = [f for f in findings if f["code"] == (CODES | TURNS)[kind]]
            flagged = {f["row_index"] for f in own}
            right = len(flagged & rows)
            line = (
                f"{name:10} {kind:8} n={len(changed)} damaged={len(rows)} flagged={len(flagged)} "
                f"precision={right / max(1, len(flagged)):.4f} recall={right / max(1, len(rows)):.4f} "
                f"stated={sum(f['score'] for f in own) / max(1, len(own)):.3f}")
            if kind == "shuffled" or is_talk:
                line += f" auroc={auroc([s.get('noise.mismatched_response', 0) for s in scores], rows):.4f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()

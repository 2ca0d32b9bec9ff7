#!/usr/bin/env python3
"""Writes synthetic instruction records (Alpaca, JSON lines, about 450 bytes each) to standard output.

    python3 Benchmarks/make_records.py 1000000 > records.jsonl

Words follow Zipf's law over 60,000 invented words and the common English ones; one record in
twenty is of Chinese characters, one in a hundred repeats an earlier record, one in two hundred asks an
earlier question with another answer, a few have the defects that the noise checks look for. The same
count and seed give the same bytes.
"""

import argparse
import itertools
import json
import random
import sys

COMMON = """the of and to a in is it you that he was for on are with as i his they be at one have this
from or had by not but what all were we when your can said there use an each which she do how their
if will up other about out many then them these so some her would make like him into time has look two
more write go see number no way could people my than first water been call who oil its now find long
down day did get come made may part explain list describe give create compare""".split()
VERBS = ["Write", "Explain", "List", "Describe", "Compare", "Summarize", "Translate", "Give", "Find", "Create"]
ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sl st t th tr v w".split()
VOWELS = "a e i o u ai ea ee ie oa oo ou".split()
CODAS = ["", "", "n", "r", "s", "t", "l", "nd", "st", "ck", "m", "ng"]
DEFECTS = [
    ("I'm sorry, but as an AI language model I cannot help with that.", None),
    ("", None),
    (None, "caf\u00c3\u00a9 "),
    (None, "<div class=\"a\">"),
]


def words(draw):
    made = dict.fromkeys(COMMON)
    while len(made) < 60_000:
        syllables = 1 + min(3, int(draw.expovariate(0.9)))
        made["".join(draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS) for _ in range(syllables))] = None
    return list(made)


def cumulative(count, shift):
    return list(itertools.accumulate(1 / (rank + shift) for rank in range(count)))


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("count", type=int)
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    draw = random.Random(arguments.seed)
    vocabulary = words(draw)
    weights = cumulative(len(vocabulary), 2.7)
    characters = [chr(0x4E00 + index) for index in range(3000)]
    draw.shuffle(characters)
    character_weights = cumulative(len(characters), 10)
    kept, out = [], sys.stdout

    def sentence(count):
        chosen = draw.choices(vocabulary, cum_weights=weights, k=count)
        if count > 9:
            chosen[count // 2] += ","
        return chosen[0].capitalize() + " " + " ".join(chosen[1:])

    def chinese(count):
        return "".join(draw.choices(characters, cum_weights=character_weights, k=count))

    for row in range(arguments.count):
        chance = draw.random()
        if chance < 0.01 and kept:
            record = dict(draw.choice(kept))
        elif chance < 0.015 and kept:
            record = dict(draw.choice(kept), output=sentence(20) + ".")
        elif chance < 0.065:
            record = {
                "instruction": chinese(draw.randint(8, 30)) + "？",
                "input": "",
                "output": "，".join(chinese(draw.randint(6, 20)) for _ in range(draw.randint(2, 10))) + "。",
            }
        else:
            answer = ". ".join(sentence(draw.randint(5, 18)) for _ in range(draw.randint(1, 9))) + "."
            record = {
                "instruction": f"{draw.choice(VERBS)} {sentence(draw.randint(4, 14)).lower()}.",
                "input": sentence(draw.randint(3, 12)) if chance > 0.7 else "",
                "output": answer,
            }
            if chance > 0.99:
                whole, prefix = draw.choice(DEFECTS)
                record["output"] = whole if whole is not None else prefix + answer
        if row % 97 == 0 and len(kept) < 5_000:
            kept.append(record)
        out.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

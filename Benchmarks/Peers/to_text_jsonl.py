"""Writes a dataset as the `text` JSONL that Data-Juicer reads: all text of a record, joined.

python to_text_jsonl.py INPUT OUTPUT.jsonl
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

csv.field_size_limit(1 << 30)


def records(path: Path) -> Iterator[object]:
    """The records of a CSV, JSONL or JSON array file."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
        return
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        yield from json.loads(text)
        return
    for line in text.split("\n"):
        try:
            if line.strip():
                yield json.loads(line)
        except ValueError:
            continue  # Assay reports such a line; the peer never sees it.


def texts(value: object) -> Iterator[str]:
    """Every text in a value, in its order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def main() -> None:
    """Converts one file."""
    if len(sys.argv) != 3:
        sys.exit("usage: to_text_jsonl.py INPUT OUTPUT.jsonl")
    with open(sys.argv[2], "w", encoding="utf-8") as output:
        for record in records(Path(sys.argv[1])):
            text = "\n".join(part for part in texts(record) if part)
            output.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

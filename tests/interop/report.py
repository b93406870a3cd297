"""docs/interop.md."""
import platform
from importlib import metadata

from differences import DIFFERENCES

OF_PYTHON = {"csv", "json", "zipfile", "gzip", "tarfile"}
# What is compared, and what a case is where it is no file.
WHAT = {
    "safetensors": "headers, metadata, bytes and float32 values",
    "wordpiece": "texts: ids of vocab.txt and of the tokenizer.json that the library writes, with all normalisers",
    "characters": "texts: every character of Unicode, by itself and in a word",
    "sentencepiece": "texts: ids of models that the package trains (unigram, BPE, characters, words)",
    "tokenizer_json": "texts: ids of Unigram and BPE that the library trains, and of what ingot writes of SentencePiece models",
    "csv": "fields, separated by commas, semicolons, bars or tabs", "tsv": "fields", "json": "values", "jsonl": "rows and values",
    "journal": "trials of studies that Optuna writes, and of ours as Optuna reads them", "torch": "values of state dicts",
    "zip": "members", "gzip": "bytes", "tar": "members, also under gzip, bzip2 and xz",
}


def program(comparison):
    peer = comparison.peer
    if peer in OF_PYTHON:
        return f"{peer}, Python {platform.python_version()}"
    return f"{peer} {comparison.version or metadata.version(peer)}"


def page(results, arguments):
    """The page of all comparisons that were made."""
    made = [c for c in results if not c.skipped]
    rows = [f"| {c.name} | {WHAT[c.name]} | {program(c)} | {c.n:,} | {c.accepted:,} | {c.refused:,} | {sum(c.stated.values()):,} | {c.written:,} | {len(c.disagreements)} |"
            for c in made]
    totals = [sum(values) for values in zip(*((c.n, c.accepted, c.refused, sum(c.stated.values()), c.written, len(c.disagreements)) for c in made))]
    skipped = "".join(f"\n{c.name} was skipped: {c.skipped}.\n" for c in results if c.skipped)
    stated = []
    for c in made:
        stated += [f"| {c.name} | {key} | {c.stated.get(key, 0):,} | {reason} |" for key, reason in DIFFERENCES[c.name].items()]
    return f"""# Beside the programs that others use

`tests/interop/run --cases {arguments.cases} --seed {arguments.seed}` wrote this page. It makes files, right ones and nearly right ones, and
compares what ingot reads with what the usual programs read: both take the file and find the same in it, or both refuse it.
Where ingot differs on purpose the difference is stated below, with its reason, and counted by itself. Everything else is a
disagreement. "Written" are files that ingot wrote of what it had read, and in which the other program found the same.

| format | compared | with | cases | the same | refused by both | stated differences | written | disagreements |
|---|---|---|--:|--:|--:|--:|--:|--:|
{chr(10).join(rows)}
| all | | | {totals[0]:,} | {totals[1]:,} | {totals[2]:,} | {totals[3]:,} | {totals[4]:,} | {totals[5]} |
{skipped}
The stated differences, with the number of cases:

| format | difference | cases | reason |
|---|---|--:|---|
{chr(10).join(stated)}
"""

#!/usr/bin/env python3
"""bench/large_table.py BINARY FOLDER [TEXTS]: the memory that training on a table of short texts takes, and how it grows.

Makes tables of TEXTS / 10 and TEXTS (2,000,000) made-up texts in FOLDER, learns a vocabulary from each and trains a model
of one layer on it for 20 steps, without caches of before. Prints the largest memory of each command: all of it, and what
of it is the process's own; the rest is files that it maps, which the system drops where memory is short.
"""
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path


def write_table(path, n_texts):
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(5000)]
    with open(path, "w") as table:
        table.write("text,label\n")
        for i in range(n_texts):
            table.write(" ".join(rng.choices(words, k=rng.randint(6, 18))) + (",a\n" if i % 2 else ",b\n"))


def memory_of(pid):
    """(all, own) in bytes, now; None once the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmHWM", "RssAnon"))}
    return (kb["VmHWM"] * 1024, kb["RssAnon"] * 1024) if len(kb) == 2 else None


def run(binary, folder, words):
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    start, peak = time.monotonic(), (0, 0)
    with subprocess.Popen([binary, *words.split(), "--quiet"], cwd=folder, env=environment,
                          stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            now = memory_of(process.pid)
            peak = tuple(map(max, peak, now)) if now else peak
            time.sleep(0.01)
        if process.returncode:
            sys.exit(f"{words}: exit code {process.returncode}")
    return *peak, time.monotonic() - start


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    binary, folder = os.path.abspath(sys.argv[1]), Path(sys.argv[2]).resolve()
    most = int(sys.argv[3]) if len(sys.argv) == 4 else 2_000_000
    folder.mkdir(parents=True, exist_ok=True)
    print("| texts | table, MB | command | seconds | memory, MB | own, MB |\n|--:|--:|---|--:|--:|--:|")
    found = {}
    for n_texts in (most // 10, most):
        table = folder / f"{n_texts}.csv"
        write_table(table, n_texts)
        shutil.rmtree(folder / "cache", ignore_errors=True)
        shutil.rmtree(folder / "run", ignore_errors=True)
        for name, words in (("tokenizer train", f"tokenizer train --data {table.name} --pieces 4000 --out tok.model"),
                            ("train", f"train --data {table.name} --tokenizer tok.model --layers 1 --hidden 16 --heads 2 "
                                      "--ffn 16 --length 32 --batch 64 --max-steps 20 --validation 1000 --out run")):
            whole, own, seconds = run(binary, folder, words)
            found[n_texts, name] = own
            print(f"| {n_texts:,} | {table.stat().st_size / 1e6:.0f} | `{name}` | {seconds:.0f} | {whole / 1e6:.0f} | "
                  f"{own / 1e6:.0f} |", flush=True)
        table.unlink()
    for name in ("tokenizer train", "train"):
        slope = (found[most, name] - found[most // 10, name]) / (most - most // 10)
        print(f"\n`{name}`: {slope:.0f} bytes of its own a text: "
              f"{(found[most, name] + slope * (10_000_000 - most)) / 1e6:.0f} MB for 10 million.")


main()

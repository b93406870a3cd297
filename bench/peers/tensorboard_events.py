#!/usr/bin/env python3
"""tensorboard_events.py RUN...: reads the event files of runs with TensorBoard's own reader, and compares each number
with metrics.jsonl. Ends with code 1 where one differs, is missing, or is there twice.

    python3 -m venv V && V/bin/pip install tensorboard
    ingot train ... --tensorboard --out RUN
    V/bin/python bench/peers/tensorboard_events.py RUN
"""
import json
import sys
from pathlib import Path

import numpy
import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, SCALARS


def tag_of(name, line):
    group = "train" if "loss" in line else "validation"
    return f"{group}/{name.removeprefix('validation_')}"


def wanted(run):
    """{tag: [(step, float32)]} of metrics.jsonl."""
    curves = {}
    for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
        for name, value in line.items():
            if name != "step" and isinstance(value, (int, float)):
                curves.setdefault(tag_of(name, line), []).append((line["step"], numpy.float32(value)))
    return curves


def read(run):
    """The same by TensorBoard, which finds the file in the folder as its server does."""
    events = EventAccumulator(str(run), size_guidance={SCALARS: 0})
    events.Reload()
    return {tag: [(event.step, numpy.float32(event.value)) for event in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print(f"TensorBoard {tensorboard.__version__}")
    failed = False
    for run in map(Path, sys.argv[1:]):
        curves, found = wanted(run), read(run)
        for tag in sorted(curves.keys() | found.keys()):
            ours, theirs = curves.get(tag, []), found.get(tag, [])
            same = ours == theirs
            failed |= not same
            print(f"{run.name}: {tag}: {len(ours)} values in metrics.jsonl, {len(theirs)} read, "
                  f"{'all the same' if same else 'DIFFERENT'}")
        failed |= not curves
    sys.exit(1 if failed else 0)


main()

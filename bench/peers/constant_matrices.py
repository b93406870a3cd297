#!/usr/bin/env python3
"""constant_matrices.py INGOT OUT [--only 8x4,16x16] [--bits ternary,2,3,4,8] [--targets xilinx,ecp5,ice40]

Layers y = floor and saturate (W x + b) of 8-bit numbers, a vector a cycle, without multipliers: what Yosys makes of
`ingot emit --parallelism adders` and of da4ml (pip install da4ml==0.6.0 numpy), with the same commands and counted in the
same way. Of both the values are compared with numpy's. Writes OUT/table.md; goes on where it stopped.
"""
import argparse
import json
import re
import struct
import subprocess
import time
from pathlib import Path

import numpy as np

YOSYS = {
    "xilinx": "synth_xilinx -flatten -family xc7 -nosrl -nodsp -noiopad",
    "ecp5": "synth_ecp5 -nodsp",
    "ice40": "synth_ice40",
}
STAGE = 2  # levels of adders between two registers, in both


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ingot", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="8x4,16x16,64x64")
    parser.add_argument("--bits", default="ternary,2,3,4,8")
    parser.add_argument("--targets", default="xilinx,ecp5,ice40")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds of a synthesis")
    return parser.parse_args()


class Case:
    """A layer of n outputs and k inputs; codes of weights and biases are drawn from all there are."""

    def __init__(self, n, k, bits, lab=False):
        self.name = f"lab-{n}x{k}" if lab else f"{n}x{k}-{bits}"
        self.title = f"{n} x {k}, " + ("8 bits, shift and ReLU of Lab 4" if lab else "ternary" if bits == "ternary" else f"{bits} bits")
        self.n, self.k, self.relu = n, k, lab
        self.width = 2 if bits == "ternary" else int(bits)
        rng = np.random.default_rng([n, k, self.width, bits == "ternary"])
        low, high = (-1, 1) if bits == "ternary" else (-(2 ** (self.width - 1)), 2 ** (self.width - 1) - 1)
        self.weights = rng.integers(low, high + 1, (n, k))
        self.bias = rng.integers(-128, 128, n)  # 3 fraction bits
        self.weight_frac = 3 if lab else self.width - 1
        self.out_frac = 3 if lab else 3 - int(np.log2(k) / 2)
        self.shift = 3 + self.weight_frac - self.out_frac

    def function(self, x):
        sums = x @ self.weights.T + (self.bias << self.weight_frac)
        y = np.clip(sums >> self.shift, -128, 127)
        return np.maximum(y, 0) if self.relu else y

    def model(self, folder):
        """A model file for `ingot emit`, and its tensors."""
        tensors = {"fc.weight": self.weights / 2.0**self.weight_frac, "fc.bias": self.bias / 8.0}
        header, data = {}, b""
        for name, values in tensors.items():
            bytes_ = values.astype("<f4").tobytes()
            header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
            data += bytes_
        text = json.dumps(header).encode()
        (folder / "layer.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
        vectors = np.random.default_rng(1).integers(-128, 128, (200, self.k))
        (folder / "layer.toml").write_text(
            f'name = "layer"\ninput = "fixed(8,3)"\nweights = "layer.safetensors"\nvectors = {vectors.tolist()}\n'
            f'[[layers]]\nname = "fc"\ntype = "linear"\ninputs = {self.k}\noutputs = {self.n}\n'
            f'weight = "fixed({self.width},{self.weight_frac})"\nbias = "fixed(8,3)"\noutput = "fixed(8,{self.out_frac},floor)"\n'
            + ('[[layers]]\nname = "act"\ntype = "relu"\n' if self.relu else ""))
        return vectors


def counted(cells):
    """LUTs, cells of carry chains and flip-flops."""
    total = lambda pattern: sum(n for kind, n in cells.items() if re.fullmatch(pattern, kind))
    return {"lut": total(r"LUT\d|SB_LUT4|INV"), "carry": total("CARRY4|CCU2C|SB_CARRY"),
            "ff": total(r"FD[A-Z]+|TRELLIS_FF|SB_DFF\w*")}


def synthesise(sources, top, target, folder, timeout):
    script = (f"read_verilog -sv -defer {' '.join(map(str, sources))}; hierarchy -check -top {top}; "
              f"{YOSYS[target]} -top {top}; tee -q -o stat.json stat -json")
    subprocess.run(["yosys", "-q", "-p", script], cwd=folder, check=True, timeout=timeout)
    return counted(json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"])


def ours(case, folder, ingot):
    vectors = case.model(folder)
    start = time.time()
    subprocess.run([ingot, "emit", folder / "layer.toml", "--parallelism", "adders", "--out", folder / "rtl", "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    seconds = time.time() - start
    graph = json.loads((folder / "rtl/graph.json").read_text())["layers"][0]
    assert graph["weights"] == case.weights.ravel().tolist()
    # The codes that emit stored are those of its integers, which `simulate` holds the RTL against.
    subprocess.run([ingot, "simulate", folder / "rtl", "--activations", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    raw = (folder / "rtl/vectors.safetensors").read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    begin, end = json.loads(raw[8:8 + size])["output"]["data_offsets"]
    stored = np.frombuffer(raw[8 + size + begin:8 + size + end], "<i4").reshape(-1, case.n)
    assert np.array_equal(stored, case.function(vectors)), "ingot computes another function"
    sources = json.loads((folder / "rtl/manifest.json").read_text())["sources"]
    return [folder / "rtl" / name for name in sources], "top", seconds


def theirs(case, folder):
    from da4ml.codegen import RTLModel
    from da4ml.trace import FixedVariableArray, HWConfig, comb_trace
    from da4ml.trace.ops import relu

    start = time.time()
    ones = np.ones(case.k)
    x = FixedVariableArray.from_lhs(-128 * ones, 127 * ones, ones, HWConfig(1, -1, -1), 0, None)
    y = x @ case.weights.T.astype(float) + (case.bias << case.weight_frac).astype(float)
    y = y.quantize(1, 7 + case.shift, -case.shift, "SAT", "TRN")
    logic = comb_trace(x, relu(y) if case.relu else y)
    RTLModel(logic, "layer", folder / "da4ml", latency_cutoff=STAGE, print_latency=False).write()
    seconds = time.time() - start
    vectors = np.random.default_rng(1).integers(-128, 128, (200, case.k))
    assert np.array_equal(logic.predict(vectors.astype(float)), case.function(vectors) * 2.0**case.shift), \
        "da4ml computes another function"
    source = folder / "da4ml/src"
    modules = [source / "static" / f"{name}.v" for name in ("shift_adder", "mux", "negative", "binop")]
    return [*source.glob("layer_stage*.v"), source / "layer.v", *modules], "layer", seconds


def measure(case, options):
    file = options.out / case.name / "result.json"
    result = json.loads(file.read_text()) if file.exists() else {}
    folder = file.parent.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for who, make in (("ingot", lambda: ours(case, folder, options.ingot.resolve())), ("da4ml", lambda: theirs(case, folder))):
        missing = [t for t in options.targets.split(",") if f"{who}-{t}" not in result]
        if not missing:
            continue
        sources, top, result[f"{who}-seconds"] = make()
        for target in missing:
            try:
                result[f"{who}-{target}"] = synthesise(sources, top, target, folder, options.timeout)
            except subprocess.TimeoutExpired:
                result[f"{who}-{target}"] = None
            file.write_text(json.dumps(result, indent=2) + "\n")
    return result


def cell(area):
    return f"{area['lut']} + {area['carry']}, {area['ff']}" if area else "not in time"


def main():
    options = arguments()
    sizes = [tuple(map(int, size.split("x"))) for size in options.only.split(",")]
    cases = [Case(n, k, "8", lab=True) for n, k in sizes if (n, k) == (8, 4)]
    cases += [Case(n, k, bits) for n, k in sizes for bits in options.bits.split(",")]
    targets = options.targets.split(",")
    lines = ["LUT + carry cells, flip-flops:", "",
             "| layer | " + " | ".join(f"{t}: ingot | da4ml" for t in targets) + " |",
             "|---|" + "--:|--:|" * len(targets)]
    for case in cases:
        result = measure(case, options)
        areas = (cell(result.get(f"{who}-{target}")) for target in targets for who in ("ingot", "da4ml"))
        lines.append(f"| {case.title} | " + " | ".join(areas) + " |")
        (options.out / "table.md").write_text("\n".join(lines) + "\n")
        print(lines[-1], flush=True)


main()

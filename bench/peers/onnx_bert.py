#!/usr/bin/env python3
"""A BERT classifier as an ONNX graph, to time an inference of ONNX Runtime against.

The graph is built here through the onnx package, operation by operation as exporters write it: post-LN, exact GELU,
attention as two batched products with a softmax between them, random weights. Every sequence has the full length.
Needs the packages onnxruntime and onnx of PyPI, which Debian does not have.
"""
import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"onnx_bert.py: {error}: install onnxruntime and onnx from PyPI: python3 -m venv V && "
          "V/bin/pip install onnxruntime onnx, then V/bin/python bench/peers/onnx_bert.py", file=sys.stderr)
    sys.exit(2)


class Graph:
    """Nodes and weights under running names; each method adds one operation and returns the name of its result."""

    def __init__(self, seed):
        self.random, self.nodes, self.weights = np.random.default_rng(seed), [], []

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, *shape):
        return self.constant((0.02 * self.random.standard_normal(shape)).astype(np.float32))

    def add(self, operation, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    def scalar(self, value):
        return self.constant(np.array(value, np.float32))

    def linear(self, x, inner, outer):
        return self.add("Add", self.add("MatMul", x, self.weight(inner, outer)), self.weight(outer))

    def norm(self, x, size):
        ones, zeros = np.ones(size, np.float32), np.zeros(size, np.float32)
        return self.add("LayerNormalization", x, self.constant(ones), self.constant(zeros), axis=-1, epsilon=1e-12)

    def gelu(self, x):
        erf = self.add("Erf", self.add("Div", x, self.scalar(2 ** 0.5)))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, self.scalar(1))), self.scalar(0.5))

    def heads(self, x, options, order):
        shape = self.constant(np.array([options.batch, options.length, options.heads, -1], np.int64))
        return self.add("Transpose", self.add("Reshape", x, shape), perm=order)

    def attention(self, x, options):
        hidden = options.hidden
        query = self.heads(self.linear(x, hidden, hidden), options, [0, 2, 1, 3])
        key = self.heads(self.linear(x, hidden, hidden), options, [0, 2, 3, 1])
        value = self.heads(self.linear(x, hidden, hidden), options, [0, 2, 1, 3])
        scores = self.add("Div", self.add("MatMul", query, key), self.scalar((hidden / options.heads) ** 0.5))
        context = self.add("MatMul", self.add("Softmax", scores, axis=-1), value)
        shape = self.constant(np.array([options.batch, options.length, hidden], np.int64))
        context = self.add("Reshape", self.add("Transpose", context, perm=[0, 2, 1, 3]), shape)
        return self.linear(context, hidden, hidden)


def make_model(options):
    """The serialised model: ids [batch, length] -> logits [batch, labels]."""
    g, hidden = Graph(options.seed), options.hidden
    x = g.add("Add", g.add("Gather", g.weight(options.vocab, hidden), "ids"), g.weight(options.length, hidden))
    x = g.norm(g.add("Add", x, g.weight(hidden)), hidden)
    for _ in range(options.layers):
        x = g.norm(g.add("Add", x, g.attention(x, options)), hidden)
        inner = g.gelu(g.linear(x, hidden, options.ffn))
        x = g.norm(g.add("Add", x, g.linear(inner, options.ffn, hidden)), hidden)
    first = g.add("Gather", x, g.constant(np.array(0, np.int64)), axis=1)
    logits = g.linear(g.add("Tanh", g.linear(first, hidden, hidden)), hidden, options.labels)
    graph = helper.make_graph(
        g.nodes, "bert", [helper.make_tensor_value_info("ids", TensorProto.INT64, [options.batch, options.length])],
        [helper.make_tensor_value_info(logits, TensorProto.FLOAT, [options.batch, options.labels])], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def quantized(model):
    """With int8 weights and activations quantised as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    logging.disable(logging.WARNING)  # it recommends a pass that this graph does not need
    with tempfile.TemporaryDirectory() as folder:
        before, after = os.path.join(folder, "before.onnx"), os.path.join(folder, "after.onnx")
        with open(before, "wb") as file:
            file.write(model)
        quantize_dynamic(before, after, weight_type=QuantType.QInt8)
        with open(after, "rb") as file:
            return file.read()


def flops(options):
    """Of the products of the layers and the head, 2 m n k each."""
    tokens, hidden = options.batch * options.length, options.hidden
    linear = 2 * tokens * (4 * hidden * hidden + 2 * hidden * options.ffn)
    attention = 2 * 2 * tokens * options.length * hidden
    return options.layers * (linear + attention) + 2 * options.batch * hidden * (hidden + options.labels)


def environment(session, options):
    return {
        "onnxruntime": onnxruntime.__version__,
        "build": onnxruntime.get_build_info() if hasattr(onnxruntime, "get_build_info") else "not stated",
        "onnx": onnx.__version__,
        "from": os.path.dirname(onnxruntime.__file__),
        "providers": session.get_providers(),
        "threads": options.threads,
        "load_average": os.getloadavg()[0],
    }


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = {"batch": 32, "length": 128, "threads": 2, "steps": 10, "warmup": 3, "vocab": 30522, "layers": 2,
             "hidden": 128, "heads": 2, "ffn": 512, "labels": 2, "seed": 1}
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"default {size}")
    parser.add_argument("--int8", action="store_true", help="dynamic quantisation to int8")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    model = quantized(make_model(options)) if options.int8 else make_model(options)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(options.seed).integers(0, options.vocab, (options.batch, options.length))
    seconds = []
    for i in range(options.warmup + options.steps):
        start = time.perf_counter()
        session.run(None, {"ids": ids})
        if i >= options.warmup:
            seconds.append(time.perf_counter() - start)
    median, best, tokens = statistics.median(seconds), min(seconds), options.batch * options.length
    found = environment(session, options)
    result = {"options": vars(options), "environment": found, "tokens_per_step": tokens,
              "flops_per_step": flops(options), "median_ms": 1e3 * median, "best_ms": 1e3 * best,
              "tokens_per_second": tokens / median, "gflops_per_second": flops(options) / median / 1e9}
    if options.json:
        print(json.dumps(result))
        return
    print(f"ONNX Runtime {found['onnxruntime']} from {found['from']}, {found['build']}")
    print(f"load: {found['load_average']:.2f}")
    print(f"infer{', int8' if options.int8 else ''}, batch {options.batch}, length {options.length}, {options.threads} "
          f"threads, vocabulary {options.vocab}: median {1e3 * median:.3g} ms, best {1e3 * best:.3g} ms, "
          f"{tokens / median:,.0f} tokens/s, {flops(options) / median / 1e9:.1f} GFLOP/s")


main()

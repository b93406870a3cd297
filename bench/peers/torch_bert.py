"""A BERT made of torch.nn, to time a training step or an inference against. Start it with bench/peers/run.

The computation is that of Hugging Face's BertForSequenceClassification in eager mode: post-LN, exact GELU, attention
as two batched products with a softmax and dropout between them. --form frozen traces and freezes it (TorchScript),
--form encoder has torch.nn.TransformerEncoder instead, whose inference takes PyTorch's fast path. Every sequence has the full length, so a step
processes batch x length tokens. A training step is forward, cross entropy, backward, clipping and AdamW.

With --paced another program sets the pace: this one prints its environment as a JSON object, then for each line with a
number on standard input makes so many steps and prints the seconds of one.
"""
import argparse
import ctypes
import json
import os
import statistics
import sys
import time

import torch
from torch import nn

LIBRARIES = ("blas", "mkl", "dnnl", "gomp", "iomp")


class Layer(nn.Module):
    def __init__(self, hidden, heads, inner, dropout):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(4))
        self.up, self.down = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.attention_norm, self.output_norm = (nn.LayerNorm(hidden, eps=1e-12) for _ in range(2))
        self.dropout, self.gelu = nn.Dropout(dropout), nn.GELU()

    def split(self, x):  # [batch, length, hidden] -> [batch, heads, length, hidden / heads]
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x):
        query, key, value = (self.split(linear(x)) for linear in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        context = self.dropout(scores.softmax(-1)) @ value
        context = context.transpose(1, 2).reshape(x.shape)
        x = self.attention_norm(x + self.dropout(self.output(context)))
        return self.output_norm(x + self.dropout(self.down(self.gelu(self.up(x)))))


class Bert(nn.Module):
    def __init__(self, options, dropout):
        super().__init__()
        hidden = options.hidden
        self.words = nn.Embedding(options.vocab, hidden)
        self.positions = nn.Embedding(options.length, hidden)
        self.types = nn.Embedding(2, hidden)
        self.norm, self.dropout = nn.LayerNorm(hidden, eps=1e-12), nn.Dropout(dropout)
        if options.form == "encoder":
            layer = nn.TransformerEncoderLayer(hidden, options.heads, options.ffn, dropout, "gelu", 1e-12, True)
            self.layers = nn.TransformerEncoder(layer, options.layers)
        else:
            layers = (Layer(hidden, options.heads, options.ffn, dropout) for _ in range(options.layers))
            self.layers = nn.Sequential(*layers)
        self.pooler, self.classifier = nn.Linear(hidden, hidden), nn.Linear(hidden, options.labels)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, ids):
        positions = torch.arange(ids.shape[1])
        x = self.words(ids) + self.positions(positions) + self.types(torch.zeros_like(ids))
        x = self.layers(self.dropout(self.norm(x)))
        return self.classifier(self.dropout(torch.tanh(self.pooler(x[:, 0]))))


def flops(options):
    """Of one step: the products of the layers and the pooler, 2 m n k each; backward counts twice the forward."""
    tokens, hidden = options.batch * options.length, options.hidden
    linear = 2 * tokens * (4 * hidden * hidden + 2 * hidden * options.ffn)
    attention = 2 * 2 * tokens * options.length * hidden
    head = 2 * options.batch * hidden * (hidden + options.labels)
    forward = options.layers * (linear + attention) + head
    return forward * (3 if options.mode == "train" else 1)


def mapped_libraries():
    """The files of the libraries above that this process has mapped."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if ".so" in line}
    return sorted(path for path in paths if any(name in path.rsplit("/", 1)[-1] for name in LIBRARIES))


def openblas_core():
    """The name of the kernels that OpenBLAS chose for this CPU, or None where another BLAS is in use."""
    try:
        core = ctypes.CDLL(None).openblas_get_corename
    except AttributeError:
        return None
    core.restype = ctypes.c_char_p
    return core().decode()


def matmul_error():
    """Largest error of a float32 product, relative to the sum of |a||b|, against element-wise float64 sums: products
    of the shapes of the model, on every 61st row, and a small one with tails, each alone and in a batch."""
    worst = 0.0
    for m, k, n in ((4096, 128, 512), (4096, 512, 128), (128, 4096, 512), (67, 131, 45)):
        a, b = torch.randn(m, k), torch.randn(k, n)
        terms = a[::61].double()[:, :, None] * b.double()[None]
        for product in (a @ b, torch.bmm(a.expand(2, m, k), b.expand(2, k, n))[1]):
            error = (product[::61] - terms.sum(1)).abs() / terms.abs().sum(1)
            worst = max(worst, error.max().item())
    return worst


def environment(options):
    settings = [part for part in torch.__config__.show().replace("\n", " ").split(", ") if "BLAS_INFO" in part]
    return {
        "torch": torch.__version__,
        "blas_built_for": settings[0].split("=")[-1] if settings else "not stated",
        "blas_mapped": mapped_libraries(),
        "openblas_core": openblas_core(),
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE"),  # an override of that choice
        "load_average": os.getloadavg()[0],
        "threads": torch.get_num_threads(),
        "matmul_relative_error": matmul_error(),
        "parallel_info": torch.__config__.parallel_info().split("Environment variables")[0].split("\n"),
    }


def products(options):
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bf16)


def make_step(options):
    model = Bert(options, 0.0 if options.no_dropout else 0.1)
    ids = torch.randint(0, options.vocab, (options.batch, options.length))
    labels = torch.randint(0, options.labels, (options.batch,))
    if options.mode == "infer":
        model.eval()
        if options.int8:
            model = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
        if options.form == "frozen":
            with torch.inference_mode(), products(options):
                model = torch.jit.freeze(torch.jit.trace(model, ids))

        def infer():
            with torch.inference_mode(), products(options):
                model(ids)
        return infer
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)

    def train():
        optimizer.zero_grad(set_to_none=True)
        with products(options):
            loss = nn.functional.cross_entropy(model(ids), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return train


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=("train", "infer"), default="train")
    sizes = {"batch": 32, "length": 128, "threads": 2, "steps": 10, "warmup": 3, "vocab": 30522, "layers": 2,
             "hidden": 128, "heads": 2, "ffn": 512, "labels": 2, "seed": 1}
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size, help=f"default {size}")
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--form", choices=("eager", "frozen", "encoder"), default="eager")
    parser.add_argument("--int8", action="store_true", help="infer: Linears quantised to int8 as activations come")
    parser.add_argument("--bf16", action="store_true", help="torch.autocast: products in bfloat16")
    parser.add_argument("--no-dropout", action="store_true", help="0 instead of 0.1")
    parser.add_argument("--paced", action="store_true", help="steps on demand, see above")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    return parser.parse_args(arguments)


def pace(step, found):
    print(json.dumps(found), flush=True)
    for line in sys.stdin:
        calls = int(line)
        start = time.perf_counter()
        for _ in range(calls):
            step()
        print((time.perf_counter() - start) / calls, flush=True)


def main():
    options = parse(sys.argv[1:])
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    found = environment(options)
    if found["matmul_relative_error"] > 1e-5:
        sys.exit(f"torch_bert: this BLAS is wrong: a product is off by {found['matmul_relative_error']:.1e}: {found}")
    step = make_step(options)
    for _ in range(options.warmup):
        step()
    if options.paced:
        pace(step, found)
        return
    seconds = []
    for _ in range(options.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    median, best = statistics.median(seconds), min(seconds)
    tokens = options.batch * options.length
    result = {"options": vars(options), "environment": found,
              "tokens_per_step": tokens, "flops_per_step": flops(options),
              "median_ms": 1e3 * median, "best_ms": 1e3 * best, "tokens_per_second": tokens / median,
              "gflops_per_second": flops(options) / median / 1e9}
    if options.json:
        print(json.dumps(result))
        return
    print(f"torch {found['torch']}, BLAS built for: {found['blas_built_for']}, mapped:")
    for path in found["blas_mapped"]:
        print(f"  {path}")
    print(f"OpenBLAS kernels: {found['openblas_core']} (OPENBLAS_CORETYPE: {found['openblas_coretype'] or 'not set'}), "
          f"matmul relative error {found['matmul_relative_error']:.1e}")
    print(f"load before the start: {found['load_average']:.2f} (its threads wait for each other at every product, so a "
          "busy core can make a step ten times slower)")
    print("\n".join(line for line in found["parallel_info"] if line.strip()))
    print(f"{options.mode}, batch {options.batch}, length {options.length}, {options.threads} threads, vocabulary "
          f"{options.vocab}, dropout {0 if options.no_dropout else 0.1}: median {1e3 * median:.1f} ms, best "
          f"{1e3 * best:.1f} ms, {tokens / median:,.0f} tokens/s, {flops(options) / median / 1e9:.1f} GFLOP/s")


main()

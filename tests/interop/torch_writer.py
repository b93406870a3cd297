"""Writes files by torch.save and, for each, what torch.load reads: a program of the Python that has PyTorch.

    torch_writer.py FOLDER SEED N
"""
import json
import random
import sys
import warnings
from collections import OrderedDict
from pathlib import Path

def tensor_of(rng, torch):
    """A tensor of one of the dtypes, perhaps a view of a larger one."""
    dtype = rng.choice([torch.float32, torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8,
                        torch.uint8, torch.bool])
    shape = [rng.choice([0, 1, 2, 3, 5]) for _ in range(rng.choice([0, 1, 2, 2, 3]))]
    tensor = torch.randint(-100 if dtype not in (torch.uint8, torch.bool) else 0, 100, shape).to(dtype)
    if dtype.is_floating_point and rng.random() < 0.5:
        tensor = torch.randn(shape, dtype=torch.float64).mul(10.0**rng.randrange(-40, 38)).to(dtype)
    kind = rng.randrange(8)
    if kind == 0 and tensor.dim() > 1:
        tensor = tensor.transpose(0, 1)
    elif kind == 1 and tensor.dim() > 0 and tensor.shape[0] > 1:
        tensor = tensor[1:]
    elif kind == 2 and tensor.dim() > 0:
        tensor = tensor[..., ::2] if tensor.shape[-1] else tensor
    elif kind == 3 and tensor.dim() > 0:
        tensor = tensor.unsqueeze(0)
    elif kind == 4 and tensor.dim() > 1:
        tensor = tensor.permute(*rng.sample(range(tensor.dim()), tensor.dim()))
    return tensor


def state_of(rng, torch):
    """A dict of tensors, some of which share their storage."""
    state = rng.choice([dict, OrderedDict])()
    for name in rng.sample(["a", "bert.encoder.layer.0.weight", "\u00e9", "", "b c", "\u4e2d", "x" * 300, "bias"], rng.choice([0, 1, 2, 4])):
        tensor = tensor_of(rng, torch)
        state[name] = torch.nn.Parameter(tensor) if tensor.dtype.is_floating_point and rng.random() < 0.3 else tensor
        if rng.random() < 0.2:
            state[name + ".same"] = tensor
        if rng.random() < 0.2 and tensor.dim() > 0 and tensor.shape[0] > 0:
            state[name + ".part"] = tensor[:1]
    odd = rng.random()
    if odd < 0.03:
        state["number"] = 1
    elif odd < 0.06:
        state["complex"] = torch.zeros(2, dtype=torch.complex64)
    elif odd < 0.09:
        state["expanded"] = torch.zeros(1).expand(5)
    elif odd < 0.12:
        state["list"] = [torch.zeros(1)]
    elif odd < 0.15:
        state["sparse"] = torch.zeros(2, 2).to_sparse()
    return state


def said_of(state, torch):
    """What ingot says of such a state."""
    tensors = {}
    for name, tensor in state.items():
        tensor = tensor.detach()
        entry = {"dtype": DTYPES[str(tensor.dtype)], "shape": list(tensor.shape)}
        contiguous = tensor.contiguous()
        if tensor.dtype in (torch.float32, torch.float16, torch.bfloat16):
            entry["floats"] = contiguous.float().numpy().tobytes().hex()
        elif tensor.dtype == torch.bool:
            entry["bytes"] = contiguous.to(torch.uint8).numpy().tobytes().hex()
        else:
            entry["bytes"] = contiguous.numpy().tobytes().hex()
        tensors[name] = entry
    return tensors


DTYPES = {"torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16", "torch.float64": "F64", "torch.int64": "I64", "torch.int32": "I32",
          "torch.int16": "I16", "torch.int8": "I8", "torch.uint8": "U8", "torch.bool": "BOOL"}


def write(folder, seed, n):
    """Files that torch.save writes, each with what torch.load reads, and what is in them that ingot does not take."""
    import torch
    warnings.filterwarnings("ignore")
    rng = random.Random(seed)
    torch.manual_seed(seed)
    for i in range(n):
        state = state_of(rng, torch)
        odd = [name for name in ("number", "complex", "expanded", "list", "sparse") if name in state]
        path = folder / f"{i}.bin"
        old = rng.random() < 0.03
        torch.save(state, path, pickle_protocol=rng.choice([2, 2, 3, 4]), _use_new_zipfile_serialization=not old)
        loaded = torch.load(path)
        said = {"odd": "before 1.6" if old else odd[0] if odd else None, "tensors": {} if odd else said_of(loaded, torch)}
        path.with_suffix(".json").write_text(json.dumps(said))
    print(torch.__version__)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

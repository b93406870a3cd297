"""Files of torch.save against torch.load; torch_writer.py makes them."""
import json
import subprocess
from pathlib import Path

PEER = "torch"
WRITER = Path(__file__).resolve().parents[1] / "torch_writer.py"


def same(ours, theirs):
    ours, theirs = ours["tensors"], theirs["tensors"]
    if list(ours) != sorted(theirs):
        return False
    for name, tensor in theirs.items():
        # The bytes of a view that is not row-major are not shown.
        if any(ours[name].get(key) != value for key, value in tensor.items() if key in ("dtype", "shape", "floats") or key in ours[name]):
            return False
    return True


def compare(comparison, reader, folder, rng, n, python):
    written = subprocess.run([python, WRITER, folder, str(rng.randrange(2**31)), str(n)], capture_output=True, text=True)
    if written.returncode != 0:
        comparison.skipped = f"{python} cannot import torch" if "No module named 'torch'" in written.stderr else written.stderr[-300:]
        return
    comparison.version = written.stdout.split()[-1]
    for i in range(n):
        path = folder / f"{i}.bin"
        theirs, ours = json.loads(path.with_suffix(".json").read_text()), reader.ask("torch", path)
        comparison.add(path, ours, theirs, same, lambda o, t: t["odd"] if not isinstance(o, dict) else None)

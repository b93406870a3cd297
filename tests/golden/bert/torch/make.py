#!/usr/bin/env python3
"""make.py: writes the files of this folder anew with the PyTorch that is installed (they are of 2.5.1; another one's differ in
bytes that say nothing).

*.bin are files of torch.save, and expected.safetensors has the values of those that are read, as "FILE/NAME", in float32 and
row-major, computed by PyTorch. What is in refused/ is refused. model/ is a BERT under the names of 2018, as pytorch_model.bin
and as model.safetensors under today's.
"""
import collections
import json
import struct
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
EXPECTED = {}


def save(name, tensors, **options):
    torch.save(tensors, HERE / f"{name}.bin", **options)
    EXPECTED.update({f"{name}/{key}": tensor for key, tensor in tensors.items() if tensor.is_floating_point()})


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        values = tensor.detach().float().contiguous().flatten().tolist()
        part = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def kinds():
    base = torch.randn(4, 6)
    return {"plain": base, "transposed": base.t(), "rows": base[1:3], "columns": base[:, ::2], "half": base.half().t()}


def bert():
    size, hidden, ffn = 17, 8, 12
    layer, old = "bert.encoder.layer.0.", {}
    shapes = {"bert.embeddings.word_embeddings.weight": (size, hidden), "bert.embeddings.position_embeddings.weight": (16, hidden),
              "bert.embeddings.token_type_embeddings.weight": (2, hidden), "bert.embeddings.LayerNorm.weight": (hidden,),
              "bert.embeddings.LayerNorm.bias": (hidden,)}
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        shapes |= {f"{layer}{part}.weight": (hidden, hidden), f"{layer}{part}.bias": (hidden,)}
    shapes |= {f"{layer}intermediate.dense.weight": (ffn, hidden), f"{layer}intermediate.dense.bias": (ffn,),
               f"{layer}output.dense.weight": (hidden, ffn), f"{layer}output.dense.bias": (hidden,)}
    for part in ("attention.output", "output"):
        shapes |= {f"{layer}{part}.LayerNorm.weight": (hidden,), f"{layer}{part}.LayerNorm.bias": (hidden,)}
    shapes |= {"cls.predictions.bias": (size,), "cls.predictions.transform.dense.weight": (hidden, hidden),
               "cls.predictions.transform.dense.bias": (hidden,), "cls.predictions.transform.LayerNorm.weight": (hidden,),
               "cls.predictions.transform.LayerNorm.bias": (hidden,)}
    tensors = {name: torch.randn(shape) for name, shape in sorted(shapes.items())}
    for name, tensor in tensors.items():
        old[name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")] = tensor
    old["bert.embeddings.position_ids"] = torch.arange(16).expand((1, -1))
    old["bert.pooler.dense.weight"], old["bert.pooler.dense.bias"] = torch.randn(hidden, hidden), torch.randn(hidden)
    old["cls.predictions.decoder.weight"] = tensors["bert.embeddings.word_embeddings.weight"]
    old["cls.seq_relationship.weight"], old["cls.seq_relationship.bias"] = torch.randn(2, hidden), torch.randn(2)
    torch.save(collections.OrderedDict(old), HERE / "model" / "pytorch_model.bin")
    write_safetensors(HERE / "model" / "model.safetensors", tensors)
    config = {"architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": size, "hidden_size": hidden,
              "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": ffn, "max_position_embeddings": 16}
    (HERE / "model" / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main():
    torch.manual_seed(1)
    for folder in ("refused", "model"):
        (HERE / folder).mkdir(exist_ok=True)
    layer = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.LayerNorm(5))
    save("module", layer.state_dict())
    save("half", {"a": torch.tensor([1.0, -2.0, 65504.0, 6e-8, -0.0]).half(), "b": torch.randn(2, 3).half()})
    save("bfloat16", {"a": torch.tensor([1.0, -2.0, 3e38, 1e-40, -0.0]).bfloat16(), "b": torch.randn(2, 3).bfloat16()})
    save("views", kinds() | {"cube": torch.randn(2, 3, 4).permute(2, 0, 1), "windows": torch.randn(9).as_strided((3, 2), (2, 1), 1),
                             "reversed": torch.randn(3, 3).flip(0).t()})
    base = torch.randn(6)
    save("shared", {"one": base, "other": base, "tail": base[2:], "matrix": base.view(2, 3), "turned": base.view(2, 3).t()})
    save("parameters", collections.OrderedDict(
        weight=torch.nn.Parameter(torch.randn(3, 2)), frozen=torch.nn.Parameter(torch.randn(2), requires_grad=False),
        scalar=torch.tensor(2.5), empty=torch.zeros(0, 4)))
    save("protocol-3", kinds(), pickle_protocol=3)
    save("protocol-4", collections.OrderedDict(kinds()) | {"weight": torch.nn.Parameter(torch.randn(2, 2))}, pickle_protocol=4)
    save("integers", {"position_ids": torch.arange(5).expand((1, -1)), "int": torch.arange(3).int(), "byte": torch.arange(3).byte(),
                      "bool": torch.tensor([True, False]), "double": torch.randn(2).double(), "float": torch.randn(2)})
    write_safetensors(HERE / "expected.safetensors", EXPECTED)
    bert()

    refused = HERE / "refused"
    torch.save(layer.state_dict(), refused / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(layer[0], refused / "object.bin")
    torch.save({"epoch": 3, "state_dict": layer.state_dict()}, refused / "training.bin")
    torch.save([base], refused / "list.bin")
    torch.save({"a": base, 3: base}, refused / "keys.bin")
    torch.save({"a": torch.randn(1).expand(1000)}, refused / "expanded.bin")
    torch.save({"a": torch._neg_view(base)}, refused / "negated.bin")
    torch.save({"a": base.to_sparse()}, refused / "sparse.bin")
    torch.save({"a": torch.quantize_per_tensor(base, 0.1, 0, torch.qint8)}, refused / "quantized.bin")
    torch.save({"a": base.to(torch.complex64)}, refused / "complex.bin")
    torch.save({"a": torch.zeros(2, dtype=torch.float8_e4m3fn)}, refused / "float8.bin")
    torch.save({"a": base}, refused / "protocol-5.bin", pickle_protocol=5)


main()

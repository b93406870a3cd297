"""safetensors against the package of that name: headers as others write them, and headers that are nearly right."""
import json
import struct

import numpy
import safetensors

from compare import Refused

PEER = "safetensors"
SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8,
         "I64": 8, "U64": 8}
NEWER = {"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "C64": 8, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1, "F4": 0.5, "F6_E2M3": 0.75,
         "F6_E3M2": 0.75}
NAMES = ["a", "b", "weight", "bert.encoder.layer.0.query.weight", "\u00e9", "\u4e2d\u6587", "", "a b", "q\"uote", "back\\slash",
         "new\nline", "\u0000", "\U0001f600", "x" * 300, "__metadata", "dtype"]


class Pairs(list):
    """A JSON object as the pairs that are written, of which two may have one name."""


def size_of(shape):
    n = 1
    for extent in shape:
        n *= extent
    return n


def entries_of(rng):
    """Names, dtypes, shapes, offsets of a right file, and its data."""
    entries, at = [], 0
    for name in rng.sample(NAMES, rng.choice([0, 1, 1, 2, 3, 5])):
        dtype = rng.choice(list(SIZES) if rng.random() < 0.98 else list(NEWER))
        shape = [rng.choice([0, 1, 1, 2, 3, 4]) for _ in range(rng.choice([0, 1, 2, 2, 3]))]
        n_bytes = int(size_of(shape) * {**SIZES, **NEWER}[dtype])
        entries.append([name, {"dtype": dtype, "shape": shape, "data_offsets": [at, at + n_bytes]}])
        at += n_bytes
    return Pairs(entries), bytes(rng.choice([rng.randrange(256), 0, 1, 0x7f, 0xff]) for _ in range(at))


def text_of(value, rng, spaced):
    """JSON with blanks where it may have some, and letters as escapes."""
    gap = lambda: rng.choice(["", "", " ", "\t", "\n", "\r\n", "   "]) if spaced else ""
    if isinstance(value, Pairs) or isinstance(value, dict):
        pairs = value if isinstance(value, Pairs) else list(value.items())
        inner = ",".join(f"{gap()}{text_of(k, rng, spaced)}{gap()}:{gap()}{text_of(v, rng, spaced)}{gap()}" for k, v in pairs)
        return "{" + (inner or gap()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(f"{gap()}{text_of(v, rng, spaced)}{gap()}" for v in value) or gap()) + "]"
    if isinstance(value, Raw):
        return value.text
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


class Raw:
    def __init__(self, text):
        self.text = text


def odd_value(rng):
    return rng.choice([None, True, -1, 0, 1, 2, 1.0, 0.5, "", "F32", [], {}, [1], [0, 4], Raw("1e0"), Raw("-0"), Raw("01"), Raw("4.0"),
                       Raw("18446744073709551615"), Raw("18446744073709551616"), Raw("9223372036854775808"), Raw("NaN"),
                       Raw("'a'"), Raw("\"\\ud800\""), Raw("\"\\ud83d\\ude00\""), Raw("1E2")])


def is_whole(info):
    """Whether it is a tensor that no change has left without its offsets."""
    offsets = info.get("data_offsets") if isinstance(info, dict) else None
    return isinstance(offsets, list) and len(offsets) == 2 and all(type(at) is int for at in offsets) and isinstance(
        info.get("shape"), list)


def mutated(entries, data, rng):
    """One change to a right file, of those that writers get wrong or that are allowed and rare."""
    kind = rng.randrange(22)
    at = rng.randrange(len(entries)) if entries else None
    info = entries[at][1] if entries else None
    tensors = lambda: [entry for entry in entries if is_whole(entry[1])]
    if kind == 0:
        rng.shuffle(entries)
    elif kind == 1:  # metadata, anywhere
        meta = {rng.choice(["format", "", "\u00e9", "n"]): rng.choice(["pt", "", "1", "\u4e2d"]) for _ in range(rng.randrange(3))}
        entries.insert(rng.randrange(len(entries) + 1), ["__metadata__", meta])
    elif kind == 2:
        meta = rng.choice([{"a": 1}, {"a": None}, [], "x", None, {"a": {}}, {"a": True}, Pairs([["k", "1"], ["k", "2"]])])
        entries.insert(rng.randrange(len(entries) + 1), ["__metadata__", meta])
    elif kind == 3:  # a hole before the last one or at the end
        data += bytes(rng.randrange(1, 9))
    elif kind == 4:
        data = data[:-rng.randrange(1, 9)]
    elif at is None or not is_whole(info):
        pass
    elif kind == 5:
        entries.insert(rng.randrange(len(entries) + 1), [entries[at][0], dict(info)])
    elif kind == 6:
        entries.append([entries[at][0], {**info, "dtype": rng.choice(list(SIZES))}])
    elif kind == 7:
        info["dtype"] = rng.choice(list(SIZES) + list(NEWER) + ["f32", "float32", "F128", "", "F32 ", "I4"])
    elif kind == 8:
        info[rng.choice(["dtype", "shape", "data_offsets"])] = odd_value(rng)
    elif kind == 9 and info["shape"]:
        info["shape"][rng.randrange(len(info["shape"]))] = odd_value(rng)
    elif kind == 10:
        info["shape"] = rng.choice([[-1], [-1, -1], [2**32, 2**32], [2**62, 4], [2**63], [0, 2**63], [2**62, 4, 0], [2**64], [0, -1]])
    elif kind == 11:
        info["data_offsets"][rng.randrange(2)] += rng.choice([-8, -1, 1, 4, 1000, 2**62, 2**63])
    elif kind == 12:
        info["data_offsets"] = rng.choice([info["data_offsets"][::-1], info["data_offsets"] + [0], info["data_offsets"][:1], []])
    elif kind == 13:
        del info[rng.choice(list(info))]
    elif kind == 14:
        info[rng.choice(["extra", "strides", "Dtype", "name"])] = odd_value(rng)
    elif kind == 15:
        entries[at][1] = Pairs([*info.items(), rng.choice(list(info.items()))])
    elif kind == 16:
        keys = list(info.items())
        rng.shuffle(keys)
        entries[at][1] = dict(keys)
    elif kind == 17:
        entries[at][1] = odd_value(rng)
    elif kind == 18 and len(tensors()) > 1:  # two share the bytes
        first, second = rng.sample(tensors(), 2)
        first[1]["data_offsets"] = list(second[1]["data_offsets"])
    elif kind == 19 and len(tensors()) > 1:  # offsets that do not ascend with the header
        for entry, offsets in zip(tensors(), [e[1]["data_offsets"] for e in reversed(tensors())]):
            entry[1]["data_offsets"] = offsets
    elif kind == 20:
        info["shape"] = [*info["shape"], 1]
    elif kind == 21:
        entries[at][0] = rng.choice(NAMES)
    return data


def file_of(rng):
    entries, data = entries_of(rng)
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        data = mutated(entries, data, rng)
    header = text_of(entries, rng, spaced=rng.random() < 0.3).encode("utf-8", "surrogatepass")
    kind = rng.randrange(24)
    if kind < 6:
        header += b" " * (-len(header) % 8)
    elif kind == 6:
        header += rng.choice([b"\n", b"\t ", b"\0", b"}", b"{}", b"x", b" \n\r "])
    elif kind == 7:
        header = rng.choice([b" ", b"\n", b"\xef\xbb\xbf", b"[", b"\0"]) + header
    elif kind == 8 and header:
        place = rng.randrange(len(header))
        header = header[:place] + rng.choice([b"", b"\xff", b"\x01", b",", b"}", b"\"", b"\\", b"\xc3\xa9"]) + header[place + 1:]
    elif kind == 9:
        header = rng.choice([b"", b"null", b"[]", b"{}", b"{ }", b"\"\"", b"{\"__metadata__\":{}}", b"0"])
    n_header = len(header) + (rng.choice([-1, 1, 8, -8, 2**32, 2**63, -len(header)]) if rng.random() < 0.04 else 0)
    bytes_ = struct.pack("<Q", n_header % 2**64) + header + data
    if rng.random() < 0.02:
        bytes_ = bytes_[:rng.randrange(len(bytes_) + 1)]
    return bytes_


def floats_of(dtype, data):
    """As float32, by numpy."""
    if dtype == "F32":
        return numpy.frombuffer(data, "<f4")
    if dtype == "F16":
        return numpy.frombuffer(data, "<f2").astype("<f4")
    return (numpy.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")


def same_floats(ours, theirs):
    """The same bits; of what is no number, no more than that."""
    ours = numpy.frombuffer(bytes.fromhex(ours), "<f4")
    return ours.shape == theirs.shape and bool(
        numpy.all((ours.view("<u4") == theirs.view("<u4")) | (numpy.isnan(ours) & numpy.isnan(theirs))))


def theirs_of(path):
    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            names = set(file.keys())
            tensors = dict(safetensors.deserialize(path.read_bytes()))
            assert names == set(tensors)
            for name, tensor in tensors.items():
                if tensor["dtype"] in ("F32", "F16") and 0 not in tensor["shape"]:
                    array = file.get_tensor(name)
                    assert list(array.shape) == tensor["shape"] and array.tobytes() == bytes(tensor["data"])
            return {"metadata": metadata, "tensors": tensors}
    except safetensors.SafetensorError as error:
        return Refused(error)
    except (OverflowError, ValueError) as error:
        return Refused(error)


def same(ours, theirs):
    if ours["metadata"] != theirs["metadata"] or set(ours["tensors"]) != set(theirs["tensors"]):
        return False
    for name, tensor in theirs["tensors"].items():
        mine, data = ours["tensors"][name], bytes(tensor["data"])
        if (mine["dtype"], mine["shape"], mine["bytes"]) != (tensor["dtype"], tensor["shape"], data.hex()):
            return False
        if "floats" in mine and not same_floats(mine["floats"], floats_of(mine["dtype"], data)):
            return False
    return True


def header_of(bytes_):
    """The header as pairs, and the names that an object of it has twice."""
    twice = []

    def pairs(items):
        names = [name for name, _ in items]
        twice.extend(name for name in set(names) if names.count(name) > 1)
        return dict(items)

    n = struct.unpack("<Q", bytes_[:8])[0]
    return json.loads(bytes_[8:8 + n].decode(), object_pairs_hook=pairs), twice


def difference(bytes_, ours, theirs):
    if isinstance(theirs, Refused):
        return "-0" if "floating point `-0.0`" in theirs.why and not isinstance(ours, Refused) else None
    if not isinstance(ours, Refused):
        return None
    header, twice = header_of(bytes_)
    infos = [info for name, info in header.items() if name != "__metadata__"]
    if not bytes_[8:].startswith(b"{"):
        return "blanks before"
    if header.get("__metadata__", {}) is None:
        return "metadata null"
    if twice:
        return "a name twice"
    if any(info.get("dtype") in NEWER for info in infos):
        return "dtypes"
    if any(set(info) - {"dtype", "shape", "data_offsets"} for info in infos):
        return "other keys"
    if any(extent >= 2**63 for info in infos for extent in info["shape"]):
        return "63 bits"
    return None


def compare(comparison, reader, folder, rng, n):
    for i in range(n):
        path, written = folder / f"{i}.safetensors", folder / "written.safetensors"
        path.write_bytes(file_of(rng))
        ours, theirs = reader.ask("safetensors", path, str(written)), theirs_of(path)
        comparison.add(path, ours, theirs, same, lambda o, t: difference(path.read_bytes(), o, t))
        if not isinstance(ours, Refused):
            comparison.add_written(path, ours, theirs_of(written), same)
        path.unlink()

"""JSON and JSON lines against Python's json module."""
import json
import math
import re

from compare import Refused

TEXTS = ["", "a", "\u00e9", "\u4e2d", "\U0001f600", "\"", "\\", "/", "\n", "\t", "\x00", "\x1f", "\x7f", "\u2028", "\ufeff", "\ufffd", "a b", "true"]
NUMBERS = ["0", "-0", "1", "-1", "0.5", "-0.0", "1e5", "1E+5", "1e-5", "9007199254740993", "9223372036854775807", "9223372036854775808",
           "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1e308", "1e-310", "4.9e-324",
           "2.5e-324", "123456789012345678901234567890", "0.1", "3.141592653589793238", "1.7976931348623157e308", "5e-400",
           "0.3000000000000000166", "1e23", "8.41e21", "9.5367431640625e-7"]
ODD = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "1.", ".5", "+1", "0x1", "1e", "True", "None", "nul", "'a'", "\"\\ud800\"",
       "\"\\udc00x\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\x41\"", "\"\\u00e\"", "\"\t\"", "\"\n\"", "\"a", "[1,]", "{\"a\":1,}", "{a:1}",
       "[,1]", "{\"a\" 1}", "\"\\/\\b\\f\"", "// c", "/**/1", "\u00a01", "[1 2]", "--1", "1 ", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}",
       "[" * 70 + "]" * 70, "[" * 60 + "]" * 60]


def text_of(rng):
    return "".join(rng.choice(TEXTS) for _ in range(rng.choice([0, 1, 1, 2, 3])))


def string(rng, text=None):
    text = text_of(rng) if text is None else text
    dumped = json.dumps(text, ensure_ascii=rng.random() < 0.5)
    return dumped.replace("/", "\\/") if rng.random() < 0.3 else dumped


def value(rng, depth=0):
    kind = rng.randrange(8 if depth < 4 else 5)
    gap = lambda: rng.choice(["", "", "", " ", "\n", "\t", "\r"])
    if kind < 2:
        return string(rng)
    if kind == 2:
        return rng.choice(NUMBERS)
    if kind == 3:
        return rng.choice(["true", "false", "null"])
    if kind == 4 or rng.random() < 0.1:
        return rng.choice(ODD) if rng.random() < 0.08 else str(rng.choice([rng.randrange(-10**6, 10**6), rng.gauss(0, 1), rng.random() * 10.0**rng.randrange(-300, 300)]))
    if kind < 7:
        return "[" + ",".join(gap() + value(rng, depth + 1) + gap() for _ in range(rng.randrange(4))) + "]"
    names = rng.sample(TEXTS, rng.randrange(4))
    return "{" + ",".join(f"{gap()}{string(rng, n)}{gap()}:{gap()}{value(rng, depth + 1)}{gap()}" for n in names) + "}"


def changed(text, rng):
    place = rng.randrange(len(text) + 1)
    if rng.random() < 0.5:
        return text[:place] + rng.choice(["\"", ",", "}", "]", "{", "[", ":", "\\", " ", "0", "-", ".", "e", "\x00", "\u00e9", "x"]) + text[place:]
    return text[:place] + text[place + 1:]


class Facts:
    """What a document has of which readers may think differently."""

    def __init__(self, text):
        self.twice = self.nonfinite = False
        self.value = json.loads(text, object_pairs_hook=self.pairs, parse_constant=self.constant, parse_float=self.number)
        self.depth = self.depth_of(self.value)

    def pairs(self, items):
        self.twice |= len({name for name, _ in items}) < len(items)
        return dict(items)

    def constant(self, text):
        self.nonfinite = True
        return float(text.replace("Infinity", "inf"))

    def number(self, text):
        self.nonfinite |= math.isinf(float(text))
        return float(text)

    def depth_of(self, value):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max((self.depth_of(v) for v in inner), default=0)


def has_lone_surrogate(value):
    return re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)) is not None


def difference_of_values(text, ours, theirs):
    """Why ingot refuses what the module takes."""
    if not isinstance(ours, Refused) or isinstance(theirs, Refused):
        return None
    facts = Facts(text)
    if facts.twice:
        return "a name twice"
    if facts.nonfinite:
        return "numbers beyond float64"
    if facts.depth > 64:
        return "64 levels"
    if has_lone_surrogate(facts.value):
        return "half a character"
    return None


def same_value(ours, theirs):
    """Numbers by their value: what does not fit into 64 bits is the nearest float64."""
    if isinstance(theirs, bool) or isinstance(ours, bool) or theirs is None or isinstance(theirs, str):
        return type(ours) is type(theirs) and ours == theirs
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same_value, ours, theirs))
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and set(ours) == set(theirs) and all(same_value(ours[k], theirs[k]) for k in theirs)
    if not isinstance(ours, (int, float)):
        return False
    if isinstance(theirs, int) and -2**63 <= theirs < 2**64:
        return type(ours) is int and ours == theirs
    return type(ours) is float and ours == float(theirs) and math.copysign(1, ours) == math.copysign(1, float(theirs))


def loads(bytes_):
    try:
        text = bytes_.decode("utf-8-sig")
        return text, json.loads(text)
    except (ValueError, RecursionError) as error:
        return "", Refused(error)


def file_of(rng):
    text = value(rng)
    for _ in range(rng.choice([0, 0, 1])):
        text = changed(text, rng)
    bytes_ = text.encode()
    if rng.random() < 0.03:
        place = rng.randrange(len(bytes_) + 1)
        bytes_ = bytes_[:place] + rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xf4\x90\x80\x80"]) + bytes_[place:]
    return (b"\xef\xbb\xbf" if rng.random() < 0.05 else b"") + bytes_


PEER = "json"


def compare(comparison, reader, folder, rng, n):
    for i in range(n):
        path = folder / f"{i}.json"
        path.write_bytes(file_of(rng))
        text, theirs = loads(path.read_bytes())
        comparison.add(path, reader.ask("json", path), theirs, lambda o, t: same_value(o["value"], t),
                       lambda o, t: difference_of_values(text, o, t))
        path.unlink()

"""JSON lines, or an array of objects, against Python's json module line by line."""
import json
from pathlib import Path

from compare import Refused
from formats.json import changed, difference_of_values, same_value, string, value

PEER = "json"


def object_of(rng):
    members = [f'"text": {string(rng) if rng.random() < 0.97 else value(rng)}']
    members += [f"{string(rng, name)}:{value(rng, 2)}" for name in rng.sample(["label", "n", "\u00e9", "x y"], rng.randrange(3))]
    if rng.random() < 0.2:
        rng.shuffle(members)
    if rng.random() < 0.02:
        members = members[1:]
    text = "{" + ", ".join(members) + "}"
    return text.replace("\n", " ").replace("\r", " ")


def lines_of(rng):
    lines = [object_of(rng) for _ in range(rng.choice([1, 1, 2, 3, 5]))]
    if rng.random() < 0.3:
        at = rng.randrange(len(lines))
        lines[at] = changed(lines[at], rng)
    if rng.random() < 0.2:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(["", " ", "\t", "null", "[]", "\"text\""]))
    return lines


def theirs_of(texts):
    """The objects as pairs of a name and a value, or why there are none."""
    rows = []
    for text in texts:
        try:
            pairs = json.loads(text, object_pairs_hook=lambda items: items) if text.startswith("{") else None
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            return Refused(error)
        if not isinstance(row, dict):
            return Refused("no object")
        names = [name for name, _ in pairs] if pairs else list(row)
        rows.append([(name, row[name]) for name in names])
    return rows


def same_rows(ours, theirs):
    if len(ours["rows"]) != len(theirs):
        return False
    for row, expected in zip(ours["rows"], theirs):
        given = [(name, json.loads(field["json"]) if isinstance(field, dict) else field) for name, field in row["fields"]]
        if [name for name, _ in given] != [name for name, _ in expected]:
            return False
        if not all(json.dumps(a[1]) == json.dumps(b[1]) for a, b in zip(given, expected)):
            return False
    return True


def written_by_ingot(reader, path):
    """What the module reads in the lines that ingot writes."""
    written = Path(reader.ask("write_table", path)["written"])
    text = written.read_bytes().decode()
    written.unlink()
    return theirs_of(text.split("\n")[:-1])


def difference(texts, ours, theirs):
    if not isinstance(ours, Refused) or isinstance(theirs, Refused):
        return None
    for text in texts:
        key = difference_of_values(text, ours, {})
        if key:
            return key
    objects = [dict(row) for row in theirs]
    if not all(isinstance(row.get("text"), str) for row in objects):
        return "no text"
    return None if objects else "no row"


def compare(comparison, reader, folder, rng, n):
    for i in range(n):
        lines = lines_of(rng)
        is_array = rng.random() < 0.2
        path = folder / f"{i}{'.json' if is_array else '.jsonl'}"
        end = rng.choice(["\n", "\n", "\r\n"])
        if is_array:
            text = "[" + ("," + end).join(lines) + "]" + rng.choice(["", end])
            try:
                rows = json.loads(text)
                texts = [json.dumps(row) for row in rows]
            except (ValueError, RecursionError) as error:
                rows, texts = Refused(error), []
            theirs = rows if isinstance(rows, Refused) else theirs_of(lines)
            texts = lines
        else:
            text = end.join(lines) + rng.choice(["", end])
            texts = [line for line in lines if line.strip(" \t\r\n")]
            theirs = theirs_of(texts)
        path.write_bytes((b"\xef\xbb\xbf" if rng.random() < 0.05 else b"") + text.encode())
        ours = reader.ask("table", path)
        comparison.add(path, ours, theirs, same_rows, lambda o, t: difference(texts, o, t))
        if not isinstance(ours, Refused):
            comparison.add_written(path, ours, written_by_ingot(reader, path), same_rows)
        path.unlink()

"""What tests execute, from the counters of a build with -Db_coverage=true.

gcov says which lines were executed; which test case executed them, it does not say. So each test case runs alone, and
after it the counters are read that it moved: files .gcda hold the counters of a function, and files .gcno its lines.
"""
import concurrent.futures
import json
import os
import struct
import subprocess
import time
from pathlib import Path

from sandbox import run_cases, test_cases

FUNCTION, LINES, COUNTERS = 0x01000000, 0x01450000, 0x01A10000


def words(data, at, n):
    return struct.unpack_from(f"<{n}I", data, at)


def text(data, at):
    """A text and where it ends; its length counts the zero at its end."""
    (length,) = words(data, at, 1)
    return data[at + 4 : at + 4 + length].rstrip(b"\0").decode(), at + 4 + length


def records(data, at):
    """(tag, signed length, where its content begins) of each record."""
    while at + 8 <= len(data):
        tag, length = struct.unpack_from("<Ii", data, at)
        if tag == 0:
            return
        yield tag, length, at + 8
        at += 8 + max(length, 0)  # counters that are all zero have a length below 0 and no content


def lines_of_functions(path):
    """{function: {(file, line)}} of a .gcno file, with the lines of what was inlined into it."""
    data, found, function = path.read_bytes(), {}, None
    _, at = text(data, 16)
    for tag, length, begin in records(data, at + 4):
        if tag == FUNCTION:
            function = found.setdefault(words(data, begin, 1)[0], set())
        elif tag == LINES:
            file, at = "", begin + 4
            while at < begin + length:
                (line,) = words(data, at, 1)
                at += 4
                if line:
                    function.add((file, line))
                    continue
                file, at = text(data, at)
                if not file:
                    break
    return found


def counters(path):
    """{function: its counters as bytes} of a .gcda file, without those that are all zero."""
    data, found, function = path.read_bytes(), {}, 0
    for tag, length, begin in records(data, 16):
        if tag == FUNCTION and length:
            (function,) = words(data, begin, 1)
        elif tag == COUNTERS and length > 0:
            found[function] = data[begin : begin + length]
    return found


class Cases:
    """Which test cases of a unit execute which line."""

    def __init__(self, build, prefix, folder):
        self.build, self.prefix, self.folder = build, prefix, folder
        self.functions, self.seen, self.found = {}, {}, {}

    def note(self, case):
        """Adds what moved since the last call to the lines of the case."""
        for path in Path(str(self.prefix) + str(self.build)).rglob("*.gcda"):
            stamp = path.stat().st_mtime_ns
            before, old = self.seen.get(path, (0, {}))
            if stamp == before:
                continue
            now = counters(path)
            self.seen[path] = (stamp, now)
            notes = self.build / path.relative_to(str(self.prefix) + str(self.build)).with_suffix(".gcno")
            if notes not in self.functions:
                self.functions[notes] = {function: self.named(lines) for function, lines in lines_of_functions(notes).items()}
            for function, counts in now.items():
                if old.get(function) != counts:
                    for place in self.functions[notes].get(function, ()):
                        self.found.setdefault(place, set()).add(case)

    def named(self, lines):
        """Those of the unit's own files, which are named from the top of the tree."""
        tree, result = self.build.parent, set()
        for file, line in lines:
            path = os.path.relpath(os.path.normpath(self.build / file), tree)
            if path.startswith(self.folder + "/"):
                result.add((path, line))
        return result


def measure_unit(build, prefix, folder, program, seconds_of_case=600):
    """{"cases": [[name, seconds]], "lines": {file: {line: [cases]}}} of a unit's test program."""
    cases, kept, failing, began = Cases(build, prefix, folder), [], [], time.monotonic()
    prefix.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, GCOV_PREFIX=str(prefix))
    for name in test_cases(build / program):
        begin = time.monotonic()
        done = run_cases(build / program, [name], build, seconds_of_case, [prefix], environment)
        if done.returncode != 0:
            print(f"{folder}: left out, as it fails here: {name}", flush=True)
            failing.append(name)
        cases.note(len(kept) if done.returncode == 0 else -1)
        if done.returncode == 0:
            kept.append([name, round(time.monotonic() - begin, 2)])
    lines = {}
    for (path, line), executed in sorted(cases.found.items()):
        lines.setdefault(path, {})[line] = sorted(executed - {-1})
    print(f"{folder}: {len(kept)} test cases, {time.monotonic() - began:.0f} s", flush=True)
    return {"cases": kept, "failing": failing, "lines": lines}


def gcov(notes, build, prefixes):
    """{file: {line: executed}} of one object; without counters nothing of it was executed."""
    found = {}
    counted = [path for prefix in prefixes if (path := Path(str(prefix) + str(notes.with_suffix(".gcda")))).exists()]
    for path in counted:
        link = path.with_suffix(".gcno")
        if not link.exists():
            link.symlink_to(notes)
    for path in counted or [notes]:
        add_gcov(path, build, found)
    return found


def add_gcov(path, build, found):
    command = ["gcov", "--json-format", "--stdout", str(path)]
    out = subprocess.run(command, cwd=build, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for document in out.splitlines():
        if document.startswith(b"{"):
            for file in json.loads(document)["files"]:
                path = os.path.relpath(os.path.normpath(build / file["file"]), build.parent)
                if path.startswith(("..", "/", "build")):
                    continue
                lines = found.setdefault(path, {})
                for line in file["lines"]:
                    lines[line["line_number"]] = lines.get(line["line_number"], False) or line["count"] > 0


def executed_lines(build, prefixes, folders):
    """{file: {"lines": n, "executed": [numbers], "missed": [numbers]}} of the sources of some folders."""
    notes = [path for folder in folders for path in sorted((build / folder).rglob("*.gcno"))]
    covered = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda path: gcov(path, build, prefixes), notes):
            for path, lines in found.items():
                if path.split("/")[0] in folders:
                    known = covered.setdefault(path, {})
                    for line, executed in lines.items():
                        known[line] = known.get(line, False) or executed
    return {path: {"lines": len(lines), "executed": sorted(n for n, executed in lines.items() if executed),
                   "missed": sorted(n for n, executed in lines.items() if not executed)}
            for path, lines in sorted(covered.items())}

"""What both sides say of a file, and how often they agree."""
import json
import shutil
import subprocess
from pathlib import Path

from differences import DIFFERENCES


class Refused:
    """A side that does not take a file, and why."""

    def __init__(self, why):
        self.why = str(why)[:300]

    def __repr__(self):
        return f"refused: {self.why}"


class Reader:
    """tests/interop/read_files.cc as a process that answers one file after another."""

    def __init__(self, program):
        self.program = program
        self.process = None

    def ask(self, kind, path, option=""):
        if self.process is None:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.process.stdin.write(f"{kind}\t{path}\t{option.replace(chr(9), 'tab')}\n".encode())
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            code = self.process.wait()
            self.process = None
            return {"fault": f"the program ended with {code}"}
        answer = json.loads(line)
        return Refused(answer["refused"]) if "refused" in answer else answer


def ids_of(answer, n):
    """Of each of n texts its ids, or that it was refused, from the answer to `texts`."""
    if isinstance(answer, Refused) or "fault" in answer:
        return [answer] * n
    return [Refused(ids["refused"]) if isinstance(ids, dict) else ids for ids in answer["ids"]]


class Comparison:
    """The counts of one format. A file on which the sides differ, and no stated difference says why, is kept."""

    def __init__(self, name, peer, kept):
        self.name, self.peer, self.kept = name, peer, Path(kept)
        self.n = self.accepted = self.refused = self.written = 0
        self.version = self.skipped = None
        self.stated, self.disagreements = {}, []

    def __str__(self):
        if self.skipped:
            return f"{self.name}: skipped: {self.skipped}"
        stated = sum(self.stated.values())
        return f"{self.name}: {self.n} files: {self.accepted} the same, {self.refused} refused by both, {stated} stated, {self.written} written, {len(self.disagreements)} disagreements"

    def add(self, path, ours, theirs, same, difference):
        """`same`: whether two values are equal. `difference`: the key of the stated difference that explains it, or None."""
        self.n += 1
        is_refused = isinstance(ours, Refused), isinstance(theirs, Refused)
        is_fault = isinstance(ours, dict) and "fault" in ours
        if not is_fault and all(is_refused):
            self.refused += 1
        elif not is_fault and not any(is_refused) and same(ours, theirs):
            self.accepted += 1
        else:
            key = None if is_fault else difference(ours, theirs)
            if key is None:
                self.disagree(path, ours, theirs)
            else:
                assert key in DIFFERENCES[self.name], f"{self.name}: {key} has no reason in differences.py"
                self.stated[key] = self.stated.get(key, 0) + 1

    def add_written(self, path, ours, theirs, same):
        """The other way round: what the other program reads in what ingot writes of the file."""
        self.written += 1
        if isinstance(theirs, Refused) or not same(ours, theirs):
            self.disagree(path, ours, f"of what ingot wrote: {theirs}")

    def disagree(self, path, ours, theirs):
        self.kept.mkdir(parents=True, exist_ok=True)
        copy = self.kept / f"{self.name.replace(' ', '-')}-{len(self.disagreements)}{Path(path).suffix}"
        if len(self.disagreements) < 100:
            shutil.copy(path, copy)
            copy.with_name(copy.name + ".said").write_text(f"ours: {ours!r}\n\ntheirs: {theirs!r}\n", errors="replace")
        self.disagreements.append(f"{copy}: ours {str(ours)[:160]}; theirs {str(theirs)[:160]}")

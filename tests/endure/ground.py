"""What both campaigns stand on: a folder of inputs, ingot as a process in it, and what of its files is the same in each run."""
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SMALL = "--tokenizer vocab.txt --layers 1 --hidden 8 --heads 2 --ffn 8 --length 8"
TRAIN = f"train --data train.csv {SMALL} --batch 8 --lr 1e-2 --validation 10"
# Members of JSON that tell of time, of a process, or of how a run came to its end.
UNSTEADY = re.compile(r".*second.*|peak_memory_bytes|worker_id|datetime_.*|started|resume|resumed|metrics_bytes|build|threads|joined|jobs")
TIMES = re.compile(rb"[0-9.:,]+k? (s|ms|seconds|MB|MiB|tokens/s|texts/s|trials/s)\b")


# A shell ignores Ctrl-C for what it starts in the background, and so would all processes that are started from here.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def inputs():
    """The files that every command is given."""
    words = ["iron", "steel", "copper", "apple", "plum", "cherry"]
    rows = [f"the {words[i % 6]} number {i} is {'small' if i % 4 == 0 else 'large'} here,{'metal' if i % 6 < 3 else 'fruit'}"
            for i in range(60)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", *words, "number", "is", "small", "large", "here"]
    network = ['name = "mlp"', 'input = "fixed(4,1)"', "[[layers]]", 'name = "fc"', 'type = "linear"', "inputs = 2", "outputs = 2",
               'weight = "fixed(4,1)"', 'bias = "fixed(4,1)"', 'output = "fixed(4,1)"']
    return {"train.csv": ["text,label", *rows], "vocab.txt": vocabulary, "mlp.toml": network}


class Done:
    def __init__(self, code, out, error):
        self.code, self.out, self.error = code, out, error

    def sentence(self):
        lines = [line for line in self.error.decode(errors="replace").splitlines() if line.startswith("ingot: ")]
        return lines[0] if lines else self.error.decode(errors="replace")[-200:]


class Place:
    """A folder with the inputs, a cache and a folder for temporary files of its own: in memory where the system has such a
    disk, for what is looked at is ingot, not how long a disk takes to keep a line."""

    def __init__(self, ingot, root=None):
        memory = Path("/dev/shm")
        root = root or (memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30 else None)
        self.ingot = str(Path(ingot).resolve())
        self.root = Path(tempfile.mkdtemp(prefix="ingot-endure-", dir=root)).resolve()
        (self.root / "temporary").mkdir()
        for name, lines in inputs().items():
            (self.root / name).write_text("\n".join(lines) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def __truediv__(self, name):
        return self.root / name

    def environment(self, more=None):
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.root / "home"), "LC_ALL": "C.UTF-8",
                "XDG_CACHE_HOME": str(self.root / "cache"), "TMPDIR": str(self.root / "temporary"), **(more or {})}

    def start(self, words, more=None, before=(), **streams):
        """Starts `ingot WORDS` in a session of its own."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        words = words.split() if isinstance(words, str) else words
        return subprocess.Popen([*before, self.ingot, *words], cwd=self.root, env=self.environment(more), start_new_session=True, **streams)

    def run(self, words, more=None, before=(), stdin=b"", limit=600):
        process = self.start(words, more, before, stdin=subprocess.PIPE)
        return finished(process, stdin, limit)

    def prepare(self, *commands):
        for words in commands:
            done = self.run(words)
            if done.code != 0:
                raise RuntimeError(f"ingot {words}: exit code {done.code}: {done.sentence()}")

    def remove(self, *names):
        for name in names:
            path = self.root / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def finished(process, stdin=b"", limit=600):
    """Waits; a process that does not end is killed with all of its session, and has the code 'hung'."""
    try:
        out, error = process.communicate(stdin, timeout=limit)
        return Done(process.returncode, out, error)
    except subprocess.TimeoutExpired:
        kill_session(process.pid, signal.SIGKILL)
        out, error = process.communicate()
        return Done("hung", out, error)


def kill_session(pid, number):
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def processes_of(session):
    """Ids of the processes of a session, those that are only waited for left out."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(name))
    return found


def tree(folder):
    """Contents by name of all files below a folder; None for the folders themselves."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in sorted(Path(folder).rglob("*"))}


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if not UNSTEADY.fullmatch(key)}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def steady_json(content):
    try:
        return json.dumps(without_times(json.loads(content)), sort_keys=True).encode()
    except ValueError:
        return content


def without_columns_of_time(content):
    """Of tables of a page, in Markdown, and of those that commands print."""
    lines, timed, is_last = [], [], False
    for line in content.split(b"\n"):
        is_last = bool(line) and (is_last or (line.endswith(b" seconds") and b"|" not in line))  # of a table in plain text
        line = line.rpartition(b" ")[0].rstrip() if is_last else line
        cells = line.split(b"|")
        if b"| seconds" in line or b"| tokens/s" in line:
            timed = [i for i, cell in enumerate(cells) if cell.strip() in (b"seconds", b"tokens/s")]
        elif not line.startswith(b"|"):
            timed = []
        lines.append(b"|".join(b"" if i in timed else cell for i, cell in enumerate(cells)))
    return b"\n".join(lines)


def steady(name, content):
    """Of a file what is the same in each run."""
    if content is None:
        return None
    kind = Path(name).suffix
    if kind == ".safetensors" and len(content) >= 8:  # its header is JSON too, behind its size in 8 bytes
        size = int.from_bytes(content[:8], "little")
        return steady_json(content[8:8 + size]) + content[8 + size:]
    if kind == ".json":
        return steady_json(content)
    if kind in (".jsonl", ".log"):
        return b"\n".join(map(steady_json, content.splitlines()))
    if kind in (".md", ".txt"):
        return TIMES.sub(rb"# \1", without_columns_of_time(content))
    if kind == ".toml":
        return re.sub(rb"(?m)^(threads|jobs|resume) = .*\n", b"", content)
    return content


def differences(expected, found, left_out=lambda name: False):
    """What two trees differ in, as sentences."""
    wrong = []
    for name in sorted(expected.keys() | found.keys()):
        if left_out(name):
            continue
        if name not in found or name not in expected:
            wrong.append(f"{name} {'is missing' if name not in found else 'is too many'}")
        elif expected[name] != found[name] and steady(name, expected[name]) != steady(name, found[name]):
            wrong.append(f"{name} differs")
    return wrong


class Calibration:
    """A fixed number of multiply-adds, and how long they take now."""

    def __init__(self, library):
        self.loop = ctypes.CDLL(str(library)).ingot_multiply_adds
        self.loop.argtypes, self.loop.restype = [ctypes.c_long], ctypes.c_double
        start = time.thread_time()
        self.loop(1_000_000)
        self.n = int(1_000_000 * 0.02 / max(1e-6, time.thread_time() - start))  # a fiftieth of a second

    def seconds(self):
        """Without the time in which another process had the processor."""
        waited, start = waiting_seconds("thread-self"), time.monotonic()
        self.loop(self.n)
        return max(1e-6, time.monotonic() - start - (waiting_seconds("thread-self") - waited))


def waiting_seconds(process):
    """How long it has waited for a processor that another one had (its first thread)."""
    try:
        return int(Path("/proc", str(process), "schedstat").read_text().split()[1]) * 1e-9
    except (OSError, IndexError):
        return 0.0


def write_out(folder, name, result, lines):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / f"{name}.md").write_text("\n".join(lines) + "\n")

#!/usr/bin/env python3
"""audit.py INGOT: what ingot opens, writes and starts while it works on folders that a stranger has made.

Each case runs one command under strace, in a folder of its own. Every file that it opens must lie in what the command was
given, in the cache, or in what the system holds for every program; every file that it writes in --out or the cache; it
starts no program and opens no socket. What it prints has no control characters, and what it writes does nothing when it
is opened. Needs strace; where tracing is not allowed it says so and passes.
"""
import html.parser
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

INGOT = Path(sys.argv[1]).resolve()
SYSTEM = ("/usr/", "/lib/", "/lib64/", "/etc/ld.so", "/etc/locale.alias", "/etc/localtime", "/etc/ssl/openssl.cnf", "/proc/", "/sys/", "/dev/", "/opt/")
SECRET = "the secret word is xyzzy"
# Names that do something where they are not quoted: in a shell, a page, a terminal, Verilog, gnuplot, a path.
HOSTILE = ["$(touch pwned)", "`touch pwned`", "'; touch pwned; '", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
           "\x1b]0;owned\x07", "\x1b[2Jcleared", "a'; system('touch pwned') #", "`include \"/etc/passwd\"", "endmodule module x;",
           "../../pwned", "{{7*7}}", "%n%s%s"]
CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)\) += (-?\d+|\?)(.*)$")
faults, n_cases, n_calls = [], 0, 0


class Place:
    """A folder with what a command is given (in/), may write (out/) and must not see (secret/)."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="ingot-audit-")).resolve()
        self.given, self.out = self.root / "in", self.root / "out"
        for folder in (self.given, self.out, self.root / "home", self.root / "tmp", self.root / "secret"):
            folder.mkdir()
        (self.root / "secret" / "secret.txt").write_text(SECRET + "\n")
        (self.root / "secret" / "secret.csv").write_text(f"text,label\n{SECRET},a\n{SECRET},b\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.root / "home"), "XDG_CACHE_HOME": str(self.root / "home" / ".cache"),
                "TMPDIR": str(self.root / "tmp"), "OMP_NUM_THREADS": "2"}


def unescaped(text):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode()).decode(errors="replace")


def audit(name, place, arguments, codes=(0, 1, 2), reads=(), programs=0, stdin=b""):
    """Runs ingot; `reads`: folders beside in/ and out/ that it was given. Returns the finished process."""
    global n_cases, n_calls
    n_cases += 1
    log = place.root / "strace.log"
    command = ["strace", "-f", "-qq", "-y", "-s", "8192", "-e", "trace=%file,%network,execve,ftruncate", "-o", str(log), str(INGOT)]
    done = subprocess.run(command + arguments, cwd=place.root, env=place.environment(), input=stdin, capture_output=True, timeout=120)
    fault = lambda what: faults.append(f"{name}: {what}")
    if done.returncode not in codes:
        fault(f"exit code {done.returncode}: {done.stderr[-300:]}")
    if done.returncode in (1, 2) and not done.stderr.strip():
        fault("no sentence")
    for stream, text in (("output", done.stdout), ("error", done.stderr)):
        bad = [c for c in text.decode(errors="replace") if (ord(c) < 32 and c not in "\n\t\r") or ord(c) == 127 or 128 <= ord(c) < 160]
        if bad:
            fault(f"control characters in its {stream}: {bad[:5]}")
    may_read = [place.given, place.out, place.root / "home" / ".cache", place.root / "tmp", INGOT.parent, *reads]
    may_write = [place.out, place.root / "home" / ".cache", place.root / "tmp"]
    n_execs = 0
    for line in log.read_text(errors="replace").splitlines():
        call = CALL.match(line)
        if not call:
            continue
        n_calls += 1
        word, rest, code = call[1], call[2], call[3]
        if word == "execve":
            n_execs += code == "0"
            continue
        if word in ("socket", "connect", "bind", "listen"):
            fault(f"{word}({rest[:80]}")
            continue
        if word not in ("open", "openat", "creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "link",
                        "linkat", "symlink", "symlinkat", "truncate", "chmod", "fchmodat", "rmdir"):
            continue
        paths = [unescaped(p) for p in re.findall(r'"((?:[^"\\]|\\.)*)"', rest)]
        base = re.match(r"(?:AT_FDCWD|\d+)<([^>]*)>", rest)
        writes = word not in ("open", "openat") or re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)", rest)
        for path in paths:
            real = Path(os.path.realpath(os.path.join(base[1] if base else place.root, path)))
            if writes:
                if not any(real.is_relative_to(root) for root in may_write) and not str(real).startswith("/dev/"):
                    fault(f"writes {real} by {word}")
            elif code != "-1" and not str(real).startswith(SYSTEM) and not any(real.is_relative_to(root) for root in may_read):
                if real != place.root:
                    fault(f"reads {real}")
    if n_execs > 1 + programs:
        fault(f"starts {n_execs - 1} programs")
    if list(place.root.rglob("pwned")) or Path("/tmp/pwned").exists():
        fault("a name was executed")
    for file in place.out.rglob("*"):
        if file.is_file() and SECRET.encode() in file.read_bytes():
            fault(f"{file.relative_to(place.root)} holds what it was not given")
    if SECRET.encode() in done.stdout + done.stderr:
        fault("prints what it was not given")
    return done


class Page(html.parser.HTMLParser):
    """What a page could do: its scripts, handlers and addresses."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.handlers, self.addresses = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name.startswith("on"):
                self.handlers.append(name)
            if name in ("src", "href", "action", "xlink:href"):
                self.addresses.append(value)


def check_page(name, file, n_scripts):
    """A page has the scripts of the program, no handlers in attributes, and points at nothing outside."""
    page = Page(file.read_text())
    if page.handlers:
        faults.append(f"{name}: handlers {page.handlers}")
    if page.tags.count("script") > n_scripts or "iframe" in page.tags or "object" in page.tags:
        faults.append(f"{name}: {page.tags.count('script')} scripts, a harmless page has {n_scripts}")
    for address in page.addresses:
        if not address.startswith(("#", "data:")):
            faults.append(f"{name}: points at {address}")


def check_c(place):
    """The C of a model compiles, and what it says of labels is text: none of them has become code."""
    compiler = shutil.which("cc")
    sources = sorted((place.out / "c").rglob("*.c"))
    if compiler is None or not sources:
        faults.append("export --c: no C" if compiler else "export --c: no compiler to try it with")
        return
    for source in sources:
        done = subprocess.run([compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(source)], cwd=source.parent,
                              capture_output=True)
        if done.returncode != 0:
            faults.append(f"export --c: {source.name}: {done.stderr[:300]}")
        code = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.S))
        for word in ("alert", "onerror", "touch", "endmodule", "passwd"):
            if word in code:
                faults.append(f"export --c: {source.name}: a label is code: {word}")


def hostile_names():
    """Folders and files whose own names do something where they are not quoted."""
    for word in HOSTILE + ["-rf", "--help", "a b", "x\ny"]:
        name = word.replace("/", "_")[:60]
        with Place() as place:
            folder = place.given / name
            folder.mkdir()
            write_csv(folder / "train.csv", ["a", "b"], ["plain words here", "other words there"])
            out = f"out/{name}"
            audit(f"train in {name!r}", place, ["train", "--data", f"in/{name}", *TINY, "--out", out], codes=(0,))
            audit(f"eval in {name!r}", place, ["eval", out, "--data", f"in/{name}/train.csv"], codes=(0,))
            audit(f"quantize in {name!r}", place, ["quantize", out, "--data", f"in/{name}", "--out", out + "-q"], codes=(0,))
            audit(f"report of {name!r}", place, ["report", out, "--out", f"out/{name}.html"], codes=(0,))
            check_page(f"report of {name!r}", place.out / f"{name}.html", 99)
            audit(f"plot of {name!r}", place, ["plot", out], codes=(0,))
            audit(f"export of {name!r}", place, ["export", out, f"out/{name}-hf"], codes=(0,))


def write_csv(file, labels, texts):
    quoted = lambda text: '"' + text.replace('"', '""') + '"'
    rows = [f"{quoted(texts[i % len(texts)] + f' word{i % 7}')},{quoted(labels[i % len(labels)])}" for i in range(6 * len(labels))]
    file.write_text("text,label\n" + "\n".join(rows) + "\n")


TINY = ["--layers", "1", "--hidden", "16", "--heads", "2", "--ffn", "16", "--length", "16", "--quiet"]


def trained(place, labels=("a", "b"), texts=("plain words here", "other words there"), out="out/run"):
    """A small run in out/."""
    write_csv(place.given / "train.csv", list(labels), list(texts))
    return audit("train on hostile texts and labels", place, ["train", "--data", "in/train.csv", *TINY, "--out", out], codes=(0,))


def hostile_data():
    with Place() as place:
        trained(place, HOSTILE, HOSTILE)
        run = "out/run"
        audit("eval", place, ["eval", run, "--data", "in/train.csv", "--out", "out/eval"], codes=(0,))
        audit("predict a table", place, ["predict", run, "--data", "in/train.csv", "--out", "out/answers.csv"], codes=(0,))
        audit("predict a stream", place, ["predict", run], codes=(0,), stdin="\n".join(HOSTILE).encode())
        audit("predict as JSON", place, ["predict", run, "--json"], codes=(0, 2), stdin="\n".join(HOSTILE).encode())
        audit("quantize", place, ["quantize", run, "--data", "in/train.csv", "--width", "8", "--out", "out/q"], codes=(0,))
        audit("plot", place, ["plot", run], codes=(0, 2))
        audit("report", place, ["report", run, "out/q", "--out", "out/page.html"], codes=(0,))
        for form in (["out/hf"], ["out/packed", "--packed"], ["out/onnx", "--onnx"]):
            audit(f"export {form[-1]}", place, ["export", run, *form], codes=(0, 1, 2))
        audit("quantize to integers", place, ["quantize", run, "--data", "in/train.csv", "--integer-only", "--out", "out/i"],
              codes=(0,))
        audit("export --c", place, ["export", "out/i", "out/c", "--c"], codes=(0,))
        check_c(place)
        with Place() as plain:
            trained(plain)
            audit("report of plain names", plain, ["report", "out/run", "--out", "out/page.html"], codes=(0,))
            n_scripts = Page((plain.out / "page.html").read_text()).tags.count("script")
        check_page("report", place.out / "page.html", 2 * n_scripts)


def hostile_checkpoints():
    with Place() as place:
        trained(place)
        audit("export", place, ["export", "out/run", "out/hf"], codes=(0,))
        folder = place.given / "hf"
        model = place.out / "hf"

        def fresh():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(model, folder)

        def run(name, codes=(0, 1, 2)):
            shutil.rmtree(place.out / "imported", ignore_errors=True)
            audit(name, place, ["import", "in/hf", "--out", "out/imported"], codes)
            audit(name + ", eval", place, ["eval", "in/hf", "--data", "in/train.csv"], codes)
            audit(name + ", predict", place, ["predict", "in/hf"], codes, stdin=b"plain words\n")

        fresh()
        for target in ("../../secret/secret.txt", str(place.root / "secret" / "secret.txt"), "/etc/passwd", "/dev/zero"):
            weights = next(folder.glob("*.safetensors"))
            weights.rename(folder / "model-00001.safetensors")
            (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"bert.embeddings.word_embeddings.weight": target}}))
            run(f"a shard at {target}")
            fresh()
        for key in ("vocab_file", "tokenizer_file", "sp_model", "_name_or_path", "auto_map"):
            for file in ("config.json", "tokenizer_config.json"):
                config = json.loads((folder / file).read_text()) if (folder / file).exists() else {}
                config[key] = str(place.root / "secret" / "secret.txt")
                (folder / file).write_text(json.dumps(config))
            run(f"{key} outside")
            fresh()
        config = json.loads((folder / "config.json").read_text())
        config["id2label"] = {str(i): label for i, label in enumerate(HOSTILE[:len(config.get("id2label", {0: 0, 1: 0}))])}
        config["label2id"] = {label: int(i) for i, label in config["id2label"].items()}
        (folder / "config.json").write_text(json.dumps(config))
        run("hostile labels")
        fresh()

        class Evil:
            def __reduce__(self):
                return os.system, ("touch pwned",)

        for weights in folder.glob("*.safetensors"):
            weights.unlink()
        with zipfile.ZipFile(folder / "pytorch_model.bin", "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Evil(), protocol=2))
            archive.writestr("../../pwned", "x")
        run("a pickle that calls system", codes=(1, 2))


def hostile_archives():
    for kind in ("gz", "xz"):
        with Place() as place:
            trained(place)
            name = place.given / f"data.tar.{kind}"
            with tarfile.open(name, "w:" + kind) as archive:
                def add(path, text=b"plain words here", **fields):
                    member = tarfile.TarInfo(path)
                    member.size = len(text)
                    for key, value in fields.items():
                        setattr(member, key, value)
                    archive.addfile(member, io.BytesIO(text))
                for i in range(4):
                    for label in ("pos", "neg"):
                        add(f"aclImdb/train/{label}/{i}_1.txt")
                        add(f"aclImdb/test/{label}/{i}_1.txt")
                add("../../pwned")
                add(str(place.root / "pwned"))
                add("aclImdb/train/pos/../../../../pwned")
                add("aclImdb/train/pos/8_1.txt", b"", type=tarfile.SYMTYPE, linkname=str(place.root / "secret" / "secret.txt"))
                add("aclImdb/train/pos/9_1.txt", b"", type=tarfile.LNKTYPE, linkname="../../secret/secret.txt")
                add("aclImdb/train/pos/7_1.txt", b"", type=tarfile.CHRTYPE)
            audit(f"an archive {kind} that points outside", place, ["train", "--data", f"in/{name.name}", *TINY, "--out", "out/b"])


def hostile_runs():
    with Place() as place:
        trained(place)
        for key in ("data", "test", "from", "tokenizer", "teacher"):
            for target in (str(place.root / "secret" / "secret.csv"), "secret/secret.csv", "../secret/secret.csv"):
                shutil.rmtree(place.given / "run", ignore_errors=True)
                shutil.copytree(place.out / "run", place.given / "run")
                config = place.given / "run" / "config.toml"
                lines = [line for line in config.read_text().splitlines() if not line.startswith(key + " ")]
                config.write_text("\n".join([f"{key} = {json.dumps(target)}"] + lines) + "\n")
                done = audit(f"report of a run whose {key} is {target[-20:]}", place, ["report", "in/run", "--out", "out/page.html"],
                             reads=[place.root / "secret"])  # it may look at it; that it shows nothing of it is checked above
                if (place.out / "page.html").exists():
                    (place.out / "page.html").unlink()
        for name in ("result.json", "metrics.jsonl"):
            shutil.rmtree(place.given / "run", ignore_errors=True)
            shutil.copytree(place.out / "run", place.given / "run")
            file = place.given / "run" / name
            file.write_text(re.sub(r'"([a-z_]+)": "[^"]*"', lambda m: f'"{m[1]}": {json.dumps(HOSTILE[3])}', file.read_text()))
            audit(f"report of a hostile {name}", place, ["report", "in/run", "--out", "out/page.html"])
            audit(f"plot of a hostile {name}", place, ["plot", "in/run"])


def hostile_networks():
    toml = """name = {name}
input = "fixed(8,3,floor)"
[[layers]]
name = {layer}
type = "linear"
inputs = 4
outputs = 8
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3,floor)"
"""
    plain = re.compile(r"[\x20-\x7e\t]*")
    for word in HOSTILE + ["a/b", "a b", "module", "x\ny", "", "9a", "a" * 300]:
        for name, layer in ((word, "fc1"), ("mlp", word)):
            with Place() as place:
                (place.given / "net.toml").write_text(toml.format(name=json.dumps(name), layer=json.dumps(layer)))
                done = audit(f"emit {word[:20]!r}", place, ["emit", "in/net.toml", "--out", "out/rtl"])
                for file in place.out.rglob("*.sv"):
                    for line in file.read_text().splitlines():
                        if not plain.fullmatch(line) or "`include" in line or "$system" in line:
                            faults.append(f"emit {word[:20]!r}: {file.name}: {line[:80]!r}")


def main():
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True) if shutil.which("strace") else None
    if probe is None or probe.returncode != 0:
        print("skipped: strace is " + ("missing" if probe is None else "not allowed here"))
        return 0
    for part in (hostile_data, hostile_checkpoints, hostile_archives, hostile_runs, hostile_networks, hostile_names):
        part()
    for fault in sorted(set(faults)):
        print(fault)
    print(f"{n_cases} runs, {n_calls} calls traced, {len(set(faults))} faults")
    return 1 if faults else 0


sys.exit(main())

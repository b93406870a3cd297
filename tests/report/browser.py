#!/usr/bin/env python3
"""browser.py INGOT FOLDER: pages of `ingot report` in Chromium: of a run, of emitted RTL, and of the labs in docs/.

A page must log no error and ask for nothing but itself, be smaller than 3 MB, and open in less than a second. At the
widths of a phone and a desk, light and dark, those of run and RTL and of one lab must not scroll sideways, and their
screenshots, which stay in FOLDER, must show something. Chromium is driven through its DevTools pipe. Ends with 77
(skipped) where it is missing.
"""
import base64
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

MOST_BYTES = 3_000_000
MOST_SECONDS = 1.0  # from asking for the page until it is loaded and painted; the best of some, for other work disturbs
OPENINGS = 5
DOCS = Path(__file__).resolve().parents[2] / "docs"
LOOKED_AT = "lab-1.2"  # the lab with the most curves
FEWEST_COLOURS = 100  # a blank page has one; text alone is smoothed into shades of one
WORDS = ["iron", "steel", "copper", "apple", "plum", "cherry"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", *WORDS, "number", "is", "small", "large", "here"]


class Browser:
    """A tab; messages are JSON, each ended by a zero byte, on descriptors 3 and 4 of Chromium."""

    def __init__(self, program, profile):
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()

        def descriptors():
            # Away from 3 and 4 first: one of the two may have such a number.
            reading, writing = os.dup(to_read), os.dup(from_write)
            high = [os.dup(descriptor) for descriptor in (reading, writing)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--disable-background-networking", "--no-first-run", f"--user-data-dir={profile}",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.from_read, 1 << 16)
            if not more:
                sys.exit("chromium ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_write, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        """Opens a page; returns what it complained of, and what it asked for beside itself."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        self.call("Runtime.evaluate", expression="document.fonts.ready", awaitPromise=True)
        complaints, requests = [], []
        for event in self.events:
            method, what = event.get("method"), event.get("params", {})
            if method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
                complaints.append(what["entry"]["text"])
            elif method == "Runtime.exceptionThrown":
                complaints.append(what["exceptionDetails"]["text"])
            elif method == "Runtime.consoleAPICalled":
                complaints.append(f"console.{what['type']}")
            elif method == "Network.requestWillBeSent":
                asked = what["request"]["url"]
                if asked != url and not asked.startswith("data:"):
                    requests.append(asked)
        return complaints, requests

    def seconds(self):
        """What opening the page that is open took."""
        script = """new Promise(done => requestAnimationFrame(() => setTimeout(() => done(Math.max(
            performance.getEntriesByType('navigation')[0].loadEventEnd,
            ...performance.getEntriesByType('paint').map(entry => entry.startTime))))))"""
        return self.call("Runtime.evaluate", expression=script, awaitPromise=True)["result"]["value"] / 1000

    def show(self, width, height, scheme):
        """Returns a screenshot as the bytes of a PNG, and how wide the page would be."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        # From the first chart on: above it there is only text.
        self.call("Runtime.evaluate", expression="document.querySelector('svg.chart')?.scrollIntoView()")
        wide = self.call("Runtime.evaluate", expression="document.scrollingElement.scrollWidth")["result"]["value"]
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]), wide

    def close(self):
        self.process.terminate()
        self.process.wait()


def pixels(png):
    """Rows of bytes of a PNG of 8 bits a channel, and the bytes of a pixel (PNG, second edition, section 9)."""
    at, data, width, step = 8, b"", 0, 0
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6), "a PNG of true colour"
            step = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            data += body
        at += 12 + size
    data, rows, above = zlib.decompress(data), [], bytes(width * step)
    for start in range(0, len(data), 1 + width * step):
        kind, row = data[start], bytearray(data[start + 1:start + 1 + width * step])
        if kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, above))
        elif kind:
            for i in range(len(row)):
                left = row[i - step] if i >= step else 0
                corner = above[i - step] if i >= step else 0
                if kind == 1:
                    guess = left
                elif kind == 3:
                    guess = (left + above[i]) // 2
                else:
                    guess = min((left, above[i], corner), key=lambda one: abs(left + above[i] - corner - one))
                row[i] = (row[i] + guess) & 255
        rows.append(bytes(row))
        above = row
    return rows, step


def colours(png):
    """How many there are, and the mean of all channels."""
    rows, step = pixels(png)
    kinds = {row[i:i + 3] for row in rows for i in range(0, len(row), step)}
    return len(kinds), sum(sum(row[channel::step]) for row in rows for channel in range(3)) / (
        3 * sum(len(row) // step for row in rows))


MODEL = """name = "mlp"
input = "fixed(8,3)"
[[layers]]
name = "fc1"
type = "linear"
inputs = 8
outputs = 8
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3,floor)"
[[layers]]
name = "act"
type = "relu"
"""


def make_pages(ingot, folder):
    """Pages: of a short training run, of emitted RTL, simulated where Verilator is installed, and of each lab in docs/."""
    texts = "".join(f"the {WORDS[i % 6]} number {i} is {'small' if i % 4 == 0 else 'large'} here,"
                    f"{'metal' if i % 6 < 3 else 'fruit'}\n" for i in range(240))
    (folder / "train.csv").write_text("text,label\n" + texts)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    (folder / "model.toml").write_text(MODEL)
    sizes = "--layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch 8 --epochs 3 --lr 1e-2 --validation 40"
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    commands = [f"train --data train.csv --tokenizer vocab.txt {sizes} --quiet --out run",
                "report run --out page.html",
                "emit model.toml --parallelism 2 --out rtl"]
    if shutil.which("verilator_bin"):
        commands.append("simulate rtl --vectors 1000 --trace 400 --quiet")
    commands.append("report rtl --out rtl.html")
    pages = [folder / "page.html", folder / "rtl.html"]
    for lab in sorted(DOCS.glob("lab-*")):
        pages.append(folder / f"{lab.name}.html")
        commands.append(f"report {lab} --out {lab.name}.html")
    shutil.rmtree(folder / "run", ignore_errors=True)
    for words in commands:
        subprocess.run([ingot, *words.split()], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return pages


def check_opening(browser, page):
    """What is wrong with how a page opens, as sentences."""
    wrong, seconds = [], []
    for _ in range(OPENINGS):
        complaints, requests = browser.open(page.as_uri())
        seconds.append(browser.seconds())
    wrong += [f"{page.name} complains: {text}" for text in complaints]
    wrong += [f"{page.name} asks for {url}" for url in requests]
    size = page.stat().st_size
    print(f"{page.name}: {size / 1e3:.0f} kB, opens in {1e3 * min(seconds):.0f} to {1e3 * max(seconds):.0f} ms")
    if size >= MOST_BYTES:
        wrong.append(f"{page.name} has {size} bytes, must be less than {MOST_BYTES}")
    if min(seconds) >= MOST_SECONDS:
        wrong.append(f"{page.name} opens in {min(seconds):.2f} s, must be less than {MOST_SECONDS}")
    return wrong


def check_looks(browser, page, folder):
    """What is wrong with how a page looks, as sentences."""
    wrong = []
    browser.open(page.as_uri())
    for width, height in ((390, 844), (1280, 800)):
        brightness = {}
        for scheme in ("light", "dark"):
            what = f"{page.name}, {width} pixels, {scheme}"
            png, wide = browser.show(width, height, scheme)
            (folder / f"{page.stem}-{width}-{scheme}.png").write_bytes(png)
            n, brightness[scheme] = colours(png)
            print(f"{what}: {n} colours, mean brightness {brightness[scheme]:.0f}, page {wide} wide")
            if n < FEWEST_COLOURS:
                wrong.append(f"{what}: {n} colours, must be at least {FEWEST_COLOURS}")
            if wide > width:
                wrong.append(f"{what}: the page is {wide} wide")
        if brightness["light"] < 128 or brightness["dark"] > 128:
            wrong.append(f"{what}: light has brightness {brightness['light']:.0f}, dark {brightness['dark']:.0f}")
    return wrong


def check_checks(browser, folder):
    """A page with every fault, which must be noticed: else the test above would say nothing."""
    bad = folder / "bad.html"
    bad.write_text("<!doctype html><title>bad</title><script>console.error('x'); absent()</script>"
                   "<img hidden src='http://127.0.0.1:9/a.png'>")
    complaints, requests = browser.open(bad.as_uri())
    n, _ = colours(browser.show(390, 844, "light")[0])
    wrong = []
    if "console.error" not in complaints or len(complaints) < 2:
        wrong.append(f"errors of a bad page are not noticed: {complaints}")
    if requests != ["http://127.0.0.1:9/a.png"]:
        wrong.append(f"requests of a bad page are not noticed: {requests}")
    if n >= FEWEST_COLOURS:
        wrong.append(f"an empty page has {n} colours")
    return wrong


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program = shutil.which("chromium")
    if program is None:
        print("skipped: chromium is not installed (Debian: apt-get install chromium)")
        sys.exit(77)
    folder = Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    pages = make_pages(os.path.abspath(sys.argv[1]), folder)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            wrong = [text for page in pages for text in check_opening(browser, page)]
            for page in pages:
                if page.stem in ("page", "rtl", LOOKED_AT):
                    wrong += check_looks(browser, page, folder)
            wrong += check_checks(browser, folder)
        finally:
            browser.close()
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()

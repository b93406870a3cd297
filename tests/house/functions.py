#!/usr/bin/env python3
"""functions.py SOURCE: how long functions and files are: median, 90th percentile, and what is above the limits.

A function has the lines from its opening brace to its closing one. A lambda counts within its function, or, where a
table at namespace scope holds it, by itself. Fails if something is above a limit, or if a file cannot be read.
"""
import re
import statistics
import sys
from pathlib import Path

FOLDERS = "engine data bert compress search hw report pipeline labs cli".split()
MOST_LINES, MOST_SIMD_LINES, MOST_FILE_LINES = 70, 120, 450

TOKEN = re.compile(
    r'(?P<raw>R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)")'
    r"|//(?:\\\n|[^\n])*|/\*.*?\*/"
    r"|^[ \t]*\#(?:\\\n|[^\n])*"  # a directive: of both branches of an #if the text is read
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?P<number>\d(?:'?[\w.])*)"
    r"|'(?:\\.|[^'\\\n])+'"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign>->|::|&&|\S)",
    re.S | re.M)
OPENING, CLOSING = "({[", ")}]"
BEFORE_BODY = {")", "const", "noexcept", "override", "final", "&", "&&", "mutable", "try"}


class Unreadable(Exception):
    pass


def tokens_of(text):
    """(token, line) of words and signs; a literal is "0"."""
    tokens, line, at = [], 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        found = match.group()
        if match["word"] or match["sign"]:
            tokens.append((found, line))
        elif match["raw"] or match["number"] or found[0] in "\"'":
            tokens.append(("0", line))
    return tokens


def partners(tokens):
    """For every bracket the index of its partner."""
    pairs, open_at = {}, []
    for i, (token, line) in enumerate(tokens):
        if token in OPENING:
            open_at.append(i)
        elif token in CLOSING:
            if not open_at or OPENING.index(tokens[open_at[-1]][0]) != CLOSING.index(token):
                raise Unreadable(f"line {line}: '{token}' closes nothing")
            pairs[i] = open_at.pop()
            pairs[pairs[i]] = i
    if open_at:
        raise Unreadable(f"line {tokens[open_at[-1]][1]}: a bracket is never closed")
    return pairs


def after_template(words):
    """A declaration without the template heads before it."""
    while words[:2] == ["template", "<"]:
        depth, end = 0, 1
        while end < len(words):
            depth += (words[end] == "<") - (words[end] == ">")
            end += 1
            if depth == 0:
                break
        words = words[end:]
    return words


class Reader:
    """Finds the functions of one file: (name, first line, number of lines)."""

    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.pairs = partners(self.tokens)
        self.functions = []
        self.scope(0, len(self.tokens))

    def word(self, i):
        return self.tokens[i][0]

    def add(self, name, brace):
        first, last = self.tokens[brace][1], self.tokens[self.pairs[brace]][1]
        self.functions.append((name, first, last - first + 1))

    def scope(self, begin, end):
        """The declarations of a namespace or class."""
        start, i, words = begin, begin, []  # words: of the declaration so far, brackets of () and [] without content
        while i < end:
            token = self.word(i)
            if token == ";" or (token == ":" and words[-1:] in (["public"], ["private"], ["protected"])):
                words, start = [], i + 1
            elif token == "{":
                close = self.pairs[i]
                kind = self.kind(words)
                if kind == "scope":
                    self.scope(i + 1, close)
                elif kind == "function":
                    self.add(self.name(words), i)
                else:
                    self.lambdas(start, close, i)
                i = close
                # A class or an initialiser goes on until its semicolon.
                words = [] if kind == "function" or "namespace" in words or words[:1] == ["extern"] else words + ["{}"]
                start = i + 1
            elif token in "([":
                close = self.pairs[i]
                self.lambdas(i + 1, close)
                words.append(token + self.word(close))
                i = close
            else:
                words.append(token)
            i += 1

    def kind(self, words):
        words = after_template(words)
        if "namespace" in words or words in (["extern", "0"], ["inline", "namespace"]):
            return "scope"
        if words[:1] == ["enum"]:
            return "values"
        if words[:1] and words[0] in ("class", "struct", "union") and not {"=", "{}"} & {*words} and words[-1] != "()":
            return "scope"
        if "()" not in words or ("=" in words and "operator" not in words):
            return "values"
        after = words[words.index("()") + 1:]
        if ":" in after:  # the members of a constructor
            return "function" if words[-1] in ("()", "{}") else "values"
        return "function" if words[-1] == "()" or words[-1] in BEFORE_BODY or "->" in after else "values"

    def name(self, words):
        words = after_template(words)
        at = words.index("()")
        name = words[at - 1]
        for i in range(at - 2, 0, -2):
            if words[i] != "::":
                break
            name = words[i - 1] + "::" + name
        if "operator" in words[:at + 1]:
            name = "operator" + "".join(words[words.index("operator") + 1:at]).replace("operator", "")
        return name

    def lambdas(self, begin, end, brace=None):
        """The lambdas of an initialiser between two tokens."""
        i = begin
        while i < end:
            if self.word(i) == "{" and i != brace and self.is_lambda(begin, i):
                self.add("lambda", i)
                i = self.pairs[i]
            i += 1

    def is_lambda(self, begin, brace):
        i = brace - 1
        while i >= begin and (self.word(i) in BEFORE_BODY - {")"} or self.returns(begin, i)):
            i -= 1
        if i >= begin and self.word(i) == "->":
            i -= 1
        if i >= begin and self.word(i) == "]":
            return True
        return i > begin and self.word(i) == ")" and self.word(self.pairs[i] - 1) in ("]", ">")

    def returns(self, begin, i):
        """Whether the token is part of a type behind '->'."""
        while i >= begin and (re.match(r"\w+$|::$|[<>*&]$", self.word(i))):
            i -= 1
        return i >= begin and self.word(i) == "->"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = Path(sys.argv[1])
    lengths, wrong, n_files = [], [], 0
    for folder in FOLDERS:
        for path in sorted(p for p in root.glob(folder + "/**/*") if p.suffix in (".cc", ".h")):
            n_files += 1
            shown, text = path.relative_to(root), path.read_text()
            n_lines = text.count("\n")
            if n_lines > MOST_FILE_LINES:
                wrong.append(f"{shown}: {n_lines} lines, more than {MOST_FILE_LINES}")
            most = MOST_SIMD_LINES if path.name.startswith("x86_") else MOST_LINES
            try:
                functions = Reader(text).functions
            except Unreadable as error:
                wrong.append(f"{shown}: {error}")
                continue
            lengths += [n for _, _, n in functions]
            wrong += [f"{shown}:{line}: {name} has {n} lines, more than {most}" for name, line, n in functions if n > most]
    if len(lengths) < 100:
        sys.exit(f"only {len(lengths)} functions found: the search is wrong")
    print(f"{len(lengths)} functions in {n_files} files: median {statistics.median(lengths):g} lines, "
          f"90th percentile {statistics.quantiles(lengths, n=10)[-1]:g}, longest {max(lengths)}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

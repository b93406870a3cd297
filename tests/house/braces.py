#!/usr/bin/env python3
"""braces.py SOURCE: members in braces of their own, {.a = {.b = ...}, .c = f()}, before others that call something.

If f() throws, g++ 12 destroys .a twice (a relative of its bug 66139). Such a member gets a name before, or is assigned after.
"""
import sys
from pathlib import Path

from functions import FOLDERS, partners, tokens_of


def found_in(text):
    """(line, member) of each such member."""
    tokens = tokens_of(text)
    pairs, words = partners(tokens), [word for word, _ in tokens]
    for i in range(1, len(words) - 4):
        if words[i - 1] not in "{," or words[i] != "." or words[i + 2:i + 5] != ["=", "{", "."]:
            continue
        after = pairs[i + 3] + 1
        end = after
        while words[end] not in ")}]":
            end = pairs[end] + 1 if words[end] in "({[" else end + 1
        if "(" in words[after:end]:
            yield tokens[i][1], words[i + 1]


def main():
    root = Path(sys.argv[1])
    assert list(found_in("S s{.a = {.b = 1}, .c = f()};")) == [(1, "a")] and not list(found_in("S s{.a = {.b = f()}, .c = 1};"))
    wrong = [f"{path.relative_to(root)}:{line}: .{member}: give it a name before, for what follows may throw"
             for folder in FOLDERS for path in sorted(root.glob(folder + "/**/*")) if path.suffix in (".cc", ".h")
             for line, member in found_in(path.read_text())]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))


main()

#!/usr/bin/env python3
"""precompiled.py ROOT HEADER...: which of these headers lack an include that the precompiled header would hide.

A source that begins with its header proves that the header compiles alone, but for what engine/pch/common.h gives to
every source. For each include of that file, NAMES says by which names its use is seen in a text; a header that uses one
must include the file, itself or through other headers of ours.
"""
import re
import sys
from pathlib import Path

NAMES = {
    "fmt/format.h": r"fmt::",
    "algorithm": r"std::(min|max|clamp|sort|find|find_if|fill|copy|copy_n|any_of|all_of|none_of|equal|lower_bound)\b",
    "array": r"std::array\b",
    "cmath": r"std::(floor|ceil|log2|ldexp|isnan|isinf|fabs|copysign|sqrt|exp|log|pow|round|isfinite)\b",
    "cstdint": r"std::u?int(8|16|32|64)_t\b",
    "filesystem": r"std::filesystem\b",
    "functional": r"std::function\b",
    "limits": r"std::numeric_limits\b",
    "map": r"std::(multi)?map\b",
    "memory": r"std::(unique_ptr|shared_ptr|make_unique|make_shared)\b",
    "optional": r"std::(optional|nullopt)\b",
    "set": r"std::set\b",
    "span": r"std::span\b",
    "string": r"std::(string|to_string|getline)\b",
    "string_view": r"std::string_view\b",
    "utility": r"std::(pair|move|swap|exchange|forward)\b",
    "vector": r"std::vector\b",
    "engine/base/error.h": r"\b(require|fail)\(|\bError\b",
    "engine/io/json.h": r"\bJson(Error)?\b",
}
# Headers that declare the names of another, too, by the standard or by their manual.
ALSO = {"string": {"string_view"}, "map": {"utility"}, "set": {"utility"}, "fmt/core.h": {"fmt/format.h"}}


def text_of(path):
    return re.sub(r"//.*", "", path.read_text())


def includes_of(text):
    return re.findall(r'^ *# *include *[<"]([^>"]*)[>"]', text, re.M)


def reached(root, name, seen):
    """All that a header of ours includes, directly or through others."""
    for included in includes_of(text_of(root / name)):
        if included not in seen:
            seen.update({included} | ALSO.get(included, set()))
            if (root / included).exists():
                reached(root, included, seen)
    return seen


def main():
    root = Path(sys.argv[1])
    problems = [f"engine/pch/common.h includes {name}, which has no row in {sys.argv[0]}"
                for name in includes_of(text_of(root / "engine/pch/common.h")) if name not in NAMES]
    for header in sys.argv[2:]:
        text = text_of(root / header)
        known = reached(root, header, {header})
        problems += [f"{header} uses what {name} declares, and does not include it"
                     for name, names in NAMES.items() if name not in known and re.search(names, text)]
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()

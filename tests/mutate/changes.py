"""One small change to a line: what is looked for, and what is put there."""
import re

# Kernels of instruction sets: which one runs depends on the processor; each is compared with the reference.
LEFT_OUT = re.compile(r"/x86_|_absent\.")

# What a change looks for outside texts and comments, and what it puts there. The first group is replaced.
CHANGES = [
    ("comparison turned", r"(?<![<>=!\-])(<)(?![<=])(?= )", ">="),
    ("comparison turned", r"(?<![<>=!\-])(>)(?![>=])(?= )", "<="),
    ("comparison off by one", r"(<=)", "<"),
    ("comparison off by one", r"(?<![\-])(>=)", ">"),
    ("equal for unequal", r"(==)", "!="),
    ("unequal for equal", r"(!=)", "=="),
    ("minus for plus", r"(?<=[\w)\]]) (\+)(?= [\w(])", "-"),
    ("plus for minus", r"(?<=[\w)\]]) (-)(?= [\w(])", "+"),
    ("divided for times", r"(?<=[\w)\]]) (\*)(?= [\w(])", "/"),
    ("times for divided", r"(?<=[\w)\]]) (/)(?= [\w(])", "*"),
    ("or for and", r"(&&)", "||"),
    ("and for or", r"(\|\|)", "&&"),
    ("another sign of a sum", r"(\+=)", "-="),
    ("another sign of a sum", r"(?<![\-])(-=)", "+="),
    ("constant off by one", r"(?<![\w.\"])(\d+)(?![\w.\"])", None),
    ("true for false", r"\b(false)\b", "true"),
    ("false for true", r"\b(true)\b", "false"),
    ("max for min", r"std::(min)\b", "max"),
    ("min for max", r"std::(max)\b", "min"),
    ("condition negated", r"\b(if|while) \((?!constexpr)", None),
    ("statement left out", r"^( *)[\w.\->\[\]:]+(?:\(.*\)| [+\-*|]?= .*);$", None),
    ("++ for --", r"(\+\+)", "--"),
]


def code_of(line):
    """The line with texts and its comment blanked, so that places stay."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', lambda m: '"' + "_" * (len(m[0]) - 2) + '"', line)
    return re.sub(r"//.*$", lambda m: " " * len(m[0]), line)


def mutants_of(line):
    """(what, changed line) for each change that fits."""
    code, found = code_of(line), []
    if re.match(r"\s*(#|//|static_assert|assert|case |namespace|using|template|constexpr char|struct|class|enum)", code):
        return found
    for what, pattern, by in CHANGES:
        for place in re.finditer(pattern, code):
            begin, end = place.span(1)
            if what == "constant off by one":
                changed = line[:begin] + str(int(place[1]) + 1) + line[end:]
            elif what == "condition negated":
                depth, at = 0, code.index("(", end)
                for close in range(at, len(code)):
                    depth += (code[close] == "(") - (code[close] == ")")
                    if depth == 0:
                        break
                if depth != 0 or ";" in code[at:close]:
                    continue
                changed = f"{line[:at]}(!({line[at + 1:close]})){line[close + 1:]}"
            elif what == "statement left out":
                if "return" in code or re.match(r"\s*(const|auto|std::)", code):
                    continue
                changed = place[1] + ";"
            else:
                changed = line[:begin] + by + line[end:]
            found.append((what, changed))
    return found

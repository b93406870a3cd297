"""The table of what was tried, for people and as JSON."""
import json
from pathlib import Path

from changes import LEFT_OUT


def key(mutant):
    """What a mutant is, wherever its line moves to."""
    return (mutant["file"], mutant["before"], mutant["after"].strip())


def latest(journal):
    """The last word on each mutant, and what became of it at first."""
    tried = {}
    for line in journal.read_text().splitlines() if journal.exists() else []:
        mutant = json.loads(line)
        mutant["first"] = tried.get(key(mutant), mutant).get("first", mutant["outcome"])
        tried[key(mutant)] = mutant
    return tried


def harmless():
    """{mutant: why} of harmless.txt: blocks of four lines, file, - before, + after, why."""
    found = {}
    for block in (Path(__file__).parent / "harmless.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if lines:
            file, before, after, why = lines
            found[(file, before.removeprefix("- "), after.removeprefix("+ "))] = why
    return found


def share(part, whole):
    return f"{100 * part / whole:.1f}%" if whole else "-"


def rows_of_mutants(tried, known, units):
    rows = []
    for unit in units:
        mine = [m for m in tried.values() if m["unit"] == unit and m["outcome"] in ("killed", "survived")]
        killed = sum(m["outcome"] == "killed" for m in mine)
        idle = sum(m["outcome"] == "survived" and key(m) in known for m in mine)
        at_first = sum(m["first"] == "killed" for m in mine)
        rows.append({"folder": unit, "mutants": len(mine), "at_first": at_first, "killed": killed, "harmless": idle,
                     "survived": len(mine) - killed - idle})
    return rows + [{"folder": "all"} | {name: sum(row[name] for row in rows) for name in rows[0] if name != "folder"}]


def rows_of_coverage(covered, folders):
    rows = []
    for folder in folders:
        files = [known for path, known in covered.items() if path.startswith(folder + "/")]
        lines, executed = sum(known["lines"] for known in files), sum(len(known["executed"]) for known in files)
        rows.append({"folder": folder, "lines": lines, "executed": executed})
    return rows


def write_report(build, folder, units, folders):
    tried, known = latest(build / "journal.jsonl"), harmless()
    measured = build / "coverage.json"
    mutants = rows_of_mutants(tried, known, units)
    coverage = rows_of_coverage(json.loads(measured.read_text()), folders) if measured.exists() else []
    text = ["# What the tests notice", "",
            "`tests/mutate/run` changes one line that a folder's tests execute and runs them: a comparison turned, + for -, a",
            "constant off by one, a condition negated, a statement left out. A change that no test notices is harmless if nobody",
            "could see it ([reasons](../../tests/mutate/harmless.txt)); else it survived. The share is that of the killed among",
            "those that are not harmless. Lines are drawn from all that the folder's own tests execute, but for kernels of",
            "instruction sets and headers that more than a dozen sources include. Tests were added for those that survived at",
            "first, and are counted here. Each mutant and the test that noticed it: [mutants.json](mutants.json).", "",
            "| folder | mutants | killed at first | killed now | harmless | survived | share |",
            "|---|--:|--:|--:|--:|--:|--:|"]
    for row in mutants:
        text.append(f"| {row['folder']} | {row['mutants']} | {row['at_first']} | {row['killed']} | {row['harmless']} | {row['survived']} | "
                    f"{share(row['killed'], row['mutants'] - row['harmless'])} |")
    if coverage:
        text += ["", "Lines that the whole suite executes, on its own and through the programs that it starts, by gcov (optimisation 1):", "",
                 "| folder | lines | executed | share |", "|---|--:|--:|--:|"]
        text += [f"| {r['folder']} | {r['lines']:,} | {r['executed']:,} | {share(r['executed'], r['lines'])} |" for r in coverage]
        text += ["", "Processes that the tests kill leave no counts: these are lower bounds."]
    alive = [m for m in tried.values() if m["outcome"] == "survived" and key(m) not in known]
    if alive:
        text += ["", "Survivors:", "", "```"]
        for m in sorted(alive, key=lambda m: (m["file"], m["line"])):
            text += [f"{m['file']}:{m['line']}: {m['what']}", f"- {m['before']}", f"+ {m['after'].strip()}"]
        text.append("```")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("\n".join(text) + "\n")
    listed = [{"file": m["file"], "line": m["line"], "what": m["what"], "before": m["before"], "after": m["after"].strip(),
               "outcome": "harmless" if m["outcome"] == "survived" and key(m) in known else m["outcome"],
               "by": known.get(key(m), "") if m["outcome"] == "survived" else m.get("by", "")}
              for m in sorted(tried.values(), key=lambda m: (m["file"], m["line"]))]
    (folder / "mutants.json").write_text(json.dumps({"mutants": mutants, "coverage": coverage, "tried": listed}, indent=1) + "\n")
    print("\n".join(text))

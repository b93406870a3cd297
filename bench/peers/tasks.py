#!/usr/bin/env python3
"""Every task in ingot and in PyTorch, several seeds each, and a table of both.

    bench/peers/tasks.py run INGOT OUT [--python V/bin/python] [--seeds 3] [--jobs 8] [--threads 2] [--only TASK,...]
    bench/peers/tasks.py table OUT docs/tasks

`run` makes OUT/TASK/tokenizer, OUT/TASK/SEED by `ingot train` and OUT/TASK/SEED/torch.json by torch_tasks.py, `jobs` of
them at a time; what is there already is kept, so that it goes on after a stop. --steps N: at most N steps a run, to try it
out. `table` writes README.md and results.json of the runs that are whole, in part too.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
COMMON = ["--model", "tiny", "--batch", "64", "--lr", "2e-3", "--length", "64"]
# Name: words of ingot train, and how long one takes beside the others (the longest begin).
TASKS = {
    "regression": (["--data", "aclImdb.tar.gz", "--task", "regression", "--length", "128", "--epochs", "1"], 4),
    "multi-label": (["--data", "gloss-kinds", "--task", "multi-label", "--epochs", "3"], 5),
    "tokens": (["--data", "gloss-tags", "--task", "tokens", "--epochs", "4"], 4),
    "single-label": (["--data", "glosses", "--task", "single-label", "--epochs", "2"], 3),
    "pairs": (["--data", "gloss-pairs", "--task", "single-label", "--epochs", "2"], 2),
    "embedding": (["--data", "gloss-pairs", "--task", "embedding", "--epochs", "4"], 3),
}
# What each task is judged by in results of both, and how people call it.
METRICS = {"single-label": [("accuracy", "accuracy"), ("f1", "macro F1")],
           "pairs": [("accuracy", "accuracy"), ("f1", "macro F1")],
           "multi-label": [("micro_f1", "micro F1"), ("f1", "macro F1")],
           "regression": [("pearson", "Pearson"), ("rmse", "RMSE")],
           "tokens": [("f1", "entity F1"), ("accuracy", "accuracy")],
           "embedding": [("recall_at_1", "recall@1"), ("mrr", "MRR")]}


def words_of(task, steps):
    """COMMON, overridden by the task's own words."""
    own = TASKS[task][0]
    common = [word for name, value in zip(COMMON[::2], COMMON[1::2]) if name not in own for word in (name, value)]
    return common + own + (["--max-steps", str(steps)] if steps else [])


class Runner:
    def __init__(self, options):
        self.options = options

    def call(self, command, folder, log):
        """Output goes to a log; the cache holds the tokens of this task's data alone."""
        threads = str(self.options.threads)
        environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "OMP_NUM_THREADS": threads}
        (folder / "cache").mkdir(parents=True, exist_ok=True)
        with open(folder / log, "ab") as output:
            if subprocess.run([*command, "--threads", threads], env=environment, stdout=output, stderr=output).returncode:
                raise RuntimeError(f"{' '.join(map(str, command))}: failed, see {folder / log}")

    def prepare(self, task):
        """One tokenizer for all seeds."""
        folder = self.options.out / task
        tokenizer = folder / "tokenizer.model"
        if not tokenizer.exists():
            data = TASKS[task][0][:2]
            self.call([self.options.ingot, "tokenizer", "train", *data, "--pieces", "6000", "--out", tokenizer], folder,
                      "tokenizer.log")

    def train(self, task, seed):
        folder = self.options.out / task
        run, resumed = folder / str(seed), []
        if (run / "result.json").exists():
            return
        if (run / "training.safetensors").exists():
            resumed = ["--resume"]
        self.call([self.options.ingot, "train", *words_of(task, self.options.steps), "--tokenizer",
                   folder / "tokenizer.model", "--seed", str(seed), "--quiet", "--out", run, *resumed], folder,
                  f"ingot-{seed}.log")

    def peer(self, task, seed):
        folder = self.options.out / task
        target = folder / str(seed) / "torch.json"
        if target.exists():
            return
        tokens = list((folder / "cache" / "ingot").glob("tokens-*.bin"))
        if len(tokens) != 1:
            raise RuntimeError(f"{folder / 'cache'}: must hold the tokens of one corpus, has {len(tokens)}")
        self.call([self.options.python, HERE / "torch_tasks.py", folder / str(seed), "--tokens", tokens[0], "--out", target,
                   "--device", self.options.device], folder, f"torch-{seed}.log")

    def both(self, task, seed):
        self.train(task, seed)
        self.peer(task, seed)
        print(f"{task}, seed {seed}: done", flush=True)


def run(options):
    runner = Runner(options)
    tasks = sorted(options.only.split(",") if options.only else TASKS, key=lambda task: -TASKS[task][1])
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(runner.prepare, tasks))
        # The first seed of a task writes the tokens that the others read.
        list(pool.map(lambda task: runner.train(task, 1), tasks))
        jobs = [pool.submit(runner.both, task, seed) for seed in range(1, options.seeds + 1) for task in tasks]
        for job in concurrent.futures.as_completed(jobs):
            if job.exception() is not None:
                print(f"tasks: {job.exception()}", file=sys.stderr)
                failed += 1
    sys.exit(failed > 0)


def spread(values):
    mean = statistics.fmean(values)
    return f"{mean:.4f}" if len(values) == 1 else f"{mean:.4f} ± {statistics.stdev(values):.4f}"


def table(options):
    results, lines, versions = {}, [], set()
    for task in TASKS:
        runs = []
        for folder in sorted((options.out / task).glob("[0-9]*"), key=lambda path: int(path.name)):
            if (folder / "result.json").exists() and (folder / "torch.json").exists():
                ours, theirs = (json.loads((folder / name).read_text()) for name in ("result.json", "torch.json"))
                ours = {key: value for key, value in ours.items() if isinstance(value, (int, float))}
                runs.append({"seed": int(folder.name), "ingot": ours, "torch": theirs})
                versions.add(theirs["torch"])
        if not runs:
            continue
        results[task] = runs
        for name, title in METRICS[task]:
            lines.append(f"| {task} | {TASKS[task][0][1]} | {runs[0]['torch']['texts']:,} | {title} | "
                         f"{spread([run['ingot'][name] for run in runs])} | "
                         f"{spread([run['torch']['test'][name] for run in runs])} | {len(runs)} |")
    if not results:
        sys.exit(f"{options.out}: holds no task that both have done")
    options.docs.mkdir(parents=True, exist_ok=True)
    (options.docs / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    commands = "\n".join(f"    ingot train {' '.join(words_of(task, 0))}  # {task}" for task in results)
    (options.docs / "README.md").write_text(f"""# Every task, beside PyTorch {', '.join(sorted(versions))}

The same BERT-tiny from fresh weights on the same batches ([torch_tasks.py](../../bench/peers/torch_tasks.py)): mean and
standard deviation over seeds of the test scores of the epoch that is best on the validation texts. What differs is which
random numbers new weights and dropout are. Written by [tasks.py](../../bench/peers/tasks.py);
[results.json](results.json) has all scores and times.

| task | data | training texts | test score | ingot | PyTorch | seeds |
|---|---|--:|---|--:|--:|--:|
{chr(10).join(lines)}

Each with a tokenizer of 6,000 pieces of its data:

{commands}
""")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run")
    one.set_defaults(action=run)
    one.add_argument("ingot", type=lambda path: pathlib.Path(path).resolve())
    one.add_argument("out", type=lambda path: pathlib.Path(path).resolve())  # a cache folder must be absolute
    one.add_argument("--python", default=sys.executable, help="one that has PyTorch")
    for name, size in (("seeds", 3), ("jobs", 8), ("threads", 2), ("steps", 0)):
        one.add_argument(f"--{name}", type=int, default=size, help=f"default {size}")
    one.add_argument("--device", default="cpu", help="of PyTorch, as cuda; default cpu")
    one.add_argument("--only", default="", help="tasks, separated by commas")
    two = commands.add_parser("table")
    two.set_defaults(action=table)
    two.add_argument("out", type=pathlib.Path)
    two.add_argument("docs", type=pathlib.Path)
    options = parser.parse_args()
    options.action(options)


if __name__ == "__main__":
    main()

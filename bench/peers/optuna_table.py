#!/usr/bin/python3
"""optuna_table.py RESULT TRIALS SEEDS: Optuna's samplers and pruners on what a search of ingot has measured.

RESULT is the result.json of a search with the objective accuracy. Prints the table of `ingot search bench --table RESULT
--trials TRIALS --seeds SEEDS` for Optuna: means over seeds of the best accuracy that the steps of so many whole trials
have found, and its standard error.
"""
import json
import math
import statistics
import sys

import optuna

optuna.logging.disable_default_handler()
result, n_whole, n_seeds = json.load(open(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
complete = [trial for trial in result["trials"] if trial["state"] == "complete"]
names = sorted(complete[0]["parameters"])
axes = {name: sorted({trial["parameters"][name] for trial in complete}) for name in names}
table = {}
for trial in complete:
    table.setdefault(tuple(trial["parameters"][name] for name in names), trial)

SAMPLERS = {
    "grid": lambda seed: optuna.samplers.GridSampler(axes, seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "TPE": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "TPE, multivariate, group": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True),
}
PRUNERS = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "halving": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
}


def search(sampler, pruner):
    """The best accuracy by the cost of 1, 2, ... whole trials, and how many trials that cost has paid."""
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    best, spent = [math.nan] * n_whole, 0.0

    def look_up(trial):
        nonlocal spent
        values = tuple(trial.suggest_categorical(name, axes[name]) for name in names)
        if values not in table:
            raise optuna.TrialPruned()
        known = table[values]
        reports = known.get("reports", [])
        for step, value in reports:
            trial.report(value, step)
            if trial.should_prune():
                spent += step / (reports[-1][0] + reports[0][0])
                raise optuna.TrialPruned()
        spent += 1
        return known["values"]["accuracy"]

    n_trials = 0
    while spent < n_whole and n_trials < 100 * n_whole:
        study.optimize(look_up, n_trials=1)
        if len(study.trials) == n_trials:
            break
        n_trials = len(study.trials)
        last = study.trials[-1]
        if last.state == optuna.trial.TrialState.COMPLETE:
            for i in range(math.ceil(spent) - 1, n_whole):
                best[i] = last.value if math.isnan(best[i]) else max(best[i], last.value)
    return best, n_trials


def mean(values):
    return f"{statistics.fmean(values):.4f} ± {statistics.stdev(values) / math.sqrt(len(values)):.4f}"


searches = {(s, p): [search(SAMPLERS[s](seed), PRUNERS[p]()) for seed in range(1, n_seeds + 1)]
            for s in SAMPLERS for p in PRUNERS}
first = max(sum(map(math.isnan, best)) for runs in searches.values() for best, _ in runs)
third = max(1, n_whole // 3)
print(f"Optuna {optuna.__version__}: {len(table)} configurations; means of {n_seeds} seeds, ± a standard error; area from a "
      f"cost of {first + 1} on")
for (sampler, pruner), runs in searches.items():
    cells = [mean([best[cost - 1] for best, _ in runs]) for cost in (third, 2 * third, n_whole)]
    area = mean([statistics.fmean(best[first:]) for best, _ in runs])
    trials = statistics.fmean(n for _, n in runs)
    print(f"{sampler:26}{pruner:11}{trials:4.0f}  " + "  ".join(cells) + f"  area {area}")

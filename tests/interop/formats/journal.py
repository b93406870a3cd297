"""Optuna's journals: what Optuna writes is read by ingot, and what ingot writes by Optuna, as the same trials."""
import json
import math
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from compare import Refused

PEER = "optuna"
STATES = {TrialState.RUNNING: 0, TrialState.COMPLETE: 1, TrialState.PRUNED: 2, TrialState.FAIL: 3, TrialState.WAITING: 4}
VALUES = [0.0, -0.0, 1.5, 1e-310, 1e308, 0.1, 1 / 3, 2**53 + 1.0, -1e-7, math.inf, -math.inf, 12345678901234567890.0]
ATTRIBUTES = ["", "\u00e9\n\"", [1, 0.1, None, True], {"a": {"b": []}}, 0, -1.5, None, 2**53, math.inf, "\U0001f600", "x" * 500]
CHOICES = [("a", "b"), (True, False), (None, "none", "None"), (1, 2, 3), (1, 1.5, "1"), (0.1, 1e300), ("\u4e2d", "\n", ""), (1, True, "True"), (0, False)]

optuna.logging.set_verbosity(optuna.logging.CRITICAL + 1)
warnings.filterwarnings("ignore")


def storage_of(path):
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


class Search:
    """A study of which everything is drawn, parameters included."""

    def __init__(self, path, rng):
        self.rng, self.storage = rng, storage_of(path)
        if rng.random() < 0.3:
            self.run(self.study("other", 1), 2)
        n = rng.choice([1, 1, 1, 2, 3])
        study = self.study("s", n)
        self.choices, self.is_log = [rng.choice(CHOICES) for _ in range(2)], rng.random() < 0.5
        if rng.random() < 0.2:
            study.enqueue_trial({"f": 0.25, "odd": "x"})
        for key, value in self.attributes():
            study.set_user_attr(key, value)
        self.run(study, rng.choice([1, 3, 6, 10]))
        if rng.random() < 0.2:
            study.set_metric_names([f"m{i}" for i in range(n)])
        if rng.random() < 0.2:
            study.add_trial(self.made(n))
        if rng.random() < 0.2:
            optuna.delete_study(study_name="gone", storage=self.storage) if rng.random() < 0.5 and self.study("gone", 1) else study.enqueue_trial({"f": 0.5})
        if rng.random() < 0.2:
            study.ask()  # and is killed

    def study(self, name, n):
        sampler = optuna.samplers.TPESampler(seed=self.rng.randrange(2**31), n_startup_trials=3, multivariate=self.rng.random() < 0.3,
                                             constraints_func=(lambda trial: [0.5, -1.0]) if self.rng.random() < 0.1 else None)
        if self.rng.random() < 0.5:
            sampler = optuna.samplers.RandomSampler(seed=self.rng.randrange(2**31))
        directions = [self.rng.choice(["minimize", "maximize"]) for _ in range(n)]
        pruner = optuna.pruners.MedianPruner(1, 0) if n == 1 and self.rng.random() < 0.5 else None
        self.choices, self.is_log = [("a", "b")] * 2, False
        return optuna.create_study(study_name=name, storage=self.storage, directions=directions, sampler=sampler, pruner=pruner)

    def attributes(self):
        return [(key, self.rng.choice(ATTRIBUTES)) for key in self.rng.sample(["k", "", "\u00e9", "a b"], self.rng.choice([0, 0, 1, 2]))]

    def run(self, study, n):
        study.optimize(lambda trial: self.objective(trial, len(study.directions)), n_trials=n, catch=(ValueError,))

    def objective(self, trial, n):
        rng = self.rng
        total = trial.suggest_float("f", -1.5, rng.choice([2.25, 3.0]))
        if rng.random() < 0.7:
            total += trial.suggest_float("log", 1e-7, 1e3, log=True)
        if rng.random() < 0.7:
            total += trial.suggest_float("step", 0.0, 1.0, step=0.1)
        if rng.random() < 0.7:
            total += trial.suggest_int("i", -7, 8, step=3) + (trial.suggest_int("n\u00e9", 1, 4096, log=True) if self.is_log else trial.suggest_int("n\u00e9", 0, 10**15))
        for name, choices in zip("cd", self.choices):
            if rng.random() < 0.6:
                trial.suggest_categorical(name, choices)
        for key, value in self.attributes():
            trial.set_user_attr(key, value)
        if n == 1:
            for step in rng.sample([0, 1, 2, 5, 1000, 2**31], rng.choice([0, 0, 1, 3])):
                trial.report(rng.choice(VALUES + [math.nan]), step)
            if rng.random() < 0.15 or (rng.random() < 0.5 and trial.should_prune()):
                raise optuna.TrialPruned()
        if rng.random() < 0.1:
            raise ValueError("an objective that fails")
        values = [rng.choice(VALUES) if rng.random() < 0.4 else total for _ in range(n)]
        if rng.random() < 0.1:
            values[0] = math.nan
        return values if n > 1 else values[0]

    def made(self, n):
        distributions = {"made": FloatDistribution(0, 1), "int": IntDistribution(1, 9, step=2), "cat": CategoricalDistribution((None, 1.5, "x"))}
        return optuna.trial.create_trial(params={"made": 0.5, "int": 3, "cat": self.rng.choice([None, 1.5, "x"])}, distributions=distributions,
                                         values=[self.rng.choice(VALUES)] * n, user_attrs=dict(self.attributes()))


def number(value):
    """As Python writes it in JSON."""
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN") if not math.isfinite(value) else value


def plain(value):
    """JSON that has what is not finite as text, as ingot shows it."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def same_number(ours, theirs):
    """Ours is the text of a number; the same float64, signs of zeros included."""
    return float(ours.replace("Infinity", "inf")).hex() == float(theirs).hex()


def distribution_of(distribution):
    return plain(json.loads(optuna.distributions.distribution_to_json(distribution)))


def trial_of(trial):
    return {"state": STATES[trial.state], "parameters": plain(trial.params), "values": trial.values or [],
            "distributions": {name: distribution_of(d) for name, d in trial.distributions.items()},
            "reports": {str(step): value for step, value in trial.intermediate_values.items()},
            "user": plain(trial.user_attrs), "system": plain(trial.system_attrs)}


def theirs_of(path):
    try:
        study = optuna.load_study(study_name="s", storage=storage_of(path))
        return {"directions": [1 if d.name == "MINIMIZE" else 2 for d in study.directions], "trials": [trial_of(t) for t in study.get_trials()]}
    except KeyError as error:
        return Refused(error)


def exactly(a, b):
    """Equal with the types: true is not 1, and 1 not 1.0."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def same_trial(ours, theirs):
    values = len(ours["values"]) == len(theirs["values"]) and all(map(same_number, ours["values"], theirs["values"]))
    reports = set(ours["reports"]) == set(theirs["reports"]) and all(same_number(v, theirs["reports"][k]) for k, v in ours["reports"].items())
    return values and reports and all(exactly(ours[key], theirs[key]) for key in ("state", "parameters", "distributions", "user", "system"))


def same(ours, theirs):
    return ours["directions"] == theirs["directions"] and len(ours["trials"]) == len(theirs["trials"]) and all(
        map(same_trial, ours["trials"], theirs["trials"]))


def compare(comparison, reader, folder, rng, n):
    for i in range(n):
        path = folder / f"{i}.log"
        if i % 2 == 0:
            Search(path, rng)
            ours = reader.ask("journal", path)
        else:
            path = folder / f"{rng.randrange(2**60)}.log"
            ours = reader.ask("write_journal", path)
        comparison.add(path, ours, theirs_of(path), same, lambda o, t: None)
        path.unlink()

#!/usr/bin/python3
"""optuna_search.py PARAMETERS TRIALS: CPU seconds of a multivariate TPE search of Optuna, as one JSON object."""
import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
import optuna  # noqa: E402

optuna.logging.disable_default_handler()
parameters, trials = map(int, sys.argv[1:])
names = [f"x{i}" for i in range(parameters)]
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1, multivariate=True))
start = time.thread_time()
study.optimize(lambda trial: sum(trial.suggest_float(name, -5, 5) ** 2 for name in names), n_trials=trials)
print(json.dumps({"optuna": optuna.__version__, "seconds": time.thread_time() - start}))

#!/usr/bin/env bash
# bench/jobs.sh INGOT DATA [ROUNDS [TRIALS [OPTIONS...]]]: how long a search of small trainings takes with 1, 2, 4 ... jobs,
# up to one for each processor.
#
# Every number of jobs trains the same random trials, in turns, ROUNDS (3) times; OPTIONS are for `search nas`. A time goes from
# the first trial's begin to the last one's end, as the journal has them: without data, evaluation and report. The shortest of the
# rounds is shown, with all of them behind it and the load of the machine when it began, and the least processor time of the
# whole command: on a machine that others use it says more. Needs python3.
set -eu
TIMEFORMAT='%U %S'
ingot=$(realpath "$1") data=$2 n_rounds=${3:-3} n_trials=${4:-8}
shift $(($# < 4 ? $# : 4))
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
words=(search nas --data "$data" --sampler random --trials "$n_trials" --seed 1 --quiet)
if [ $# = 0 ]; then set -- --layers 1,2 --hidden 64,128 --heads 2,4 --ffn 128,256 --identity never --steps 100 --length 128; fi

"$ingot" "${words[@]}" "$@" --trials 1 --steps 1 --out "$place/first" >/dev/null # tokenizer and tokens are kept from here on
echo "$(nproc) processors; $n_trials trials of search nas $*"
for ((round = 0; round < n_rounds; ++round)); do
  for ((jobs = 1; jobs <= $(nproc); jobs *= 2)); do
    cut -d' ' -f1 /proc/loadavg >"$place/load"
    { time "$ingot" "${words[@]}" "$@" --jobs "$jobs" --out "$place/out" >/dev/null; } 2>"$place/processor"
    python3 - "$place/out/study.log" "$jobs" "$(cat "$place/load" "$place/processor" | tr '\n' ' ')" >>"$place/times" <<'END'
import datetime, json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
times = [datetime.datetime.fromisoformat(r[key]) for r in records for key in ("datetime_start", "datetime_complete") if r.get(key)]
print(sys.argv[2], (max(times) - min(times)).total_seconds(), sys.argv[3])
END
    rm -r "$place/out"
  done
done
python3 - "$place/times" <<'END'
import collections, sys
times = collections.defaultdict(list)
for line in open(sys.argv[1]):
    jobs, seconds, load, user, system = line.split()
    times[int(jobs)].append((float(seconds), load, float(user) + float(system)))
for jobs, all_of_them in sorted(times.items()):
    shown = ", ".join(f"{seconds:.1f} at load {load}" for seconds, load, _ in all_of_them)
    print(f"--jobs {jobs}: {min(all_of_them)[0]:.1f} s ({shown}); processors {min(t[2] for t in all_of_them):.1f} s")
END

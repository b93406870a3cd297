#!/usr/bin/env bash
# bench/workers.sh INGOT [WORKERS [TRIALS [KILLS]]]: what sharing a study on a Redis server costs, and whether it holds.
#
# First the time of a trial that computes next to nothing, with one worker: in a file, on a server. Then WORKERS (32) workers
# in four network namespaces, each with process numbers of its own as on another machine, run a study of TRIALS (2000)
# trials, in which TPE looks at 300 candidates. All along it KILLS (20) of them are killed with SIGKILL and replaced, and in
# the middle the server. In the end every trial must be complete, and none may have been ended twice. Needs root,
# redis-server and the packages iproute2, util-linux and python3.
set -eu
ingot=$(realpath "$1") n_workers=${2:-32} n_trials=${3:-2000} n_kills=${4:-20}
port=7397 address=10.77.0.1 place=$(mktemp -d)
declare -A workers=()
server=

clean() {
  for process in "${!workers[@]}" $server; do kill -9 "$process" 2>/dev/null || true; done
  for host in 1 2 3 4; do ip netns del "ingot$host" 2>/dev/null || true; done
  ip link del ingot-bridge 2>/dev/null || true
  rm -rf "$place"
}
trap clean EXIT

start_server() {
  redis-server --port $port --bind $address 127.0.0.1 --protected-mode no --dir "$place" --appendonly yes --save '' >/dev/null &
  server=$!
  disown "$server" # its end is no news
  until redis-cli -h $address -p $port ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
}

ip link add ingot-bridge type bridge
ip addr add $address/24 dev ingot-bridge
ip link set ingot-bridge up
for host in 1 2 3 4; do
  ip netns add "ingot$host"
  ip link add "ingot-out$host" type veth peer name inside netns "ingot$host"
  ip link set "ingot-out$host" master ingot-bridge up
  ip -n "ingot$host" addr add "10.77.0.1$host/24" dev inside
  ip -n "ingot$host" link set inside up
done
start_server

# of_a_trial WORDS...: milliseconds of one of 1,000 trials, beyond those of starting the program with one.
of_a_trial() {
  local begin middle end
  begin=$(date +%s%N)
  "$ingot" search bench --problem branin --sampler random --quiet --trials 1 "$@" >/dev/null
  middle=$(date +%s%N)
  "$ingot" search bench --problem branin --sampler random --quiet --trials 1001 "$@" >/dev/null
  end=$(date +%s%N)
  awk "BEGIN { printf \"%.3f ms\", ($end - $middle - ($middle - $begin)) / 1e9 }"
}
echo "a trial in a file: $(of_a_trial --journal "$place/study.log")"
echo "a trial on a server of the same machine: $(of_a_trial --storage redis://127.0.0.1:$port/0)"

words=(search bench --problem mixedprec14 --candidates 300 --seed 5 --trials "$n_trials" --study shared --quiet --json
  --storage "redis://$address:$port/1")
# Each has a network and process numbers of its own: as on another machine, its end is known by its lease alone.
start_worker() {
  ip netns exec "ingot$((RANDOM % 4 + 1))" unshare --pid --fork --kill-child "$ingot" "${words[@]}" \
    >"$place/out" 2>>"$place/errors" &
  workers[$!]=1
}
ended() { redis-cli -h $address -p $port -n 1 get :log_number 2>/dev/null | grep . || echo 0; }  # 0 while the server is away

begin=$(date +%s)
for ((i = 0; i < n_workers; ++i)); do start_worker; done
n_killed=0
while ((n_killed < n_kills)); do
  # A trial has about 31 records.
  until (($(ended) > (n_killed + 1) * 30 * n_trials / (n_kills + 1))); do sleep 0.1; done
  running=("${!workers[@]}")
  victim=${running[RANDOM % ${#running[@]}]}
  { kill -9 "$victim" && wait "$victim"; } 2>/dev/null || true
  unset "workers[$victim]"
  n_killed=$((n_killed + 1))
  start_worker
  if ((n_killed == n_kills / 2)); then
    kill -9 "$server"
    sleep 1
    start_server
    echo "the server was killed and started again at record $(ended)"
  fi
done
echo "$n_killed workers were killed, the last one at record $(ended)"
n_failed=0
for process in "${!workers[@]}"; do wait "$process" || n_failed=$((n_failed + 1)); done
workers=()
echo "$n_workers workers, $n_failed of which failed, took $(($(date +%s) - begin)) s"
[ ! -s "$place/errors" ] || sort "$place/errors" | uniq -c

redis-cli -h $address -p $port -n 1 --raw eval \
  "local all = {} for i = 0, tonumber(redis.call('get', ':log_number')) do all[#all + 1] = redis.call('get', ':log:' .. i) end return all" 0 >"$place/records"
python3 - "$place/records" "$n_trials" <<'END'
import collections, json, sys
records = [json.loads(line) for line in open(sys.argv[1]) if line.strip()]
created = sum(r["op_code"] == 4 for r in records)
ends, starts = collections.Counter(), collections.Counter()
for r in records:
    if r["op_code"] == 6:
        (ends if r["state"] == 1 else starts)[r["trial_id"]] += 1
print(f"{len(records)} records, {created} trials, {len(ends)} complete, {sum(starts.values())} run again, "
      f"{sum(n > 1 for n in ends.values())} ended twice, {len({r['worker_id'] for r in records})} workers")
whole = created == len(ends) == int(sys.argv[2]) and max(ends.values()) == 1
print("the study is whole" if whole else "the study is not whole")
sys.exit(not whole)
END

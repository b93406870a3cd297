#!/usr/bin/env bash
# bench/cut.sh INGOT [SECONDS [TRIALS]]: a search whose worker loses its network.
#
# Two workers, each in a network namespace of its own as on another machine, run a study of TRIALS (2500) trials on a Redis
# server. When a tenth of it is written, the link of the first is taken down for SECONDS (30), while the other goes on. Both
# must end well, the first with trials of its own after the cut, and every trial must be complete and ended once, also
# after a minute in which what was under way when the link went down could still arrive. Needs root, redis-server and the
# packages iproute2, util-linux and python3.
set -eu
ingot=$(realpath "$1") n_seconds=${2:-30} n_trials=${3:-2500}
port=7399 address=10.79.0.1 place=$(mktemp -d)
processes=()

clean() {
  for process in "${processes[@]}"; do kill -9 "$process" 2>/dev/null || true; done
  for host in 1 2; do ip netns del "ingot-cut$host" 2>/dev/null || true; done
  ip link del ingot-cuts 2>/dev/null || true
  rm -rf "$place"
}
trap clean EXIT

ip link add ingot-cuts type bridge
ip addr add $address/24 dev ingot-cuts
ip link set ingot-cuts up
for host in 1 2; do
  ip netns add "ingot-cut$host"
  ip link add "ingot-end$host" type veth peer name inside netns "ingot-cut$host"
  ip link set "ingot-end$host" master ingot-cuts up
  ip -n "ingot-cut$host" addr add "10.79.0.1$host/24" dev inside
  ip -n "ingot-cut$host" link set inside up
done
redis-server --port $port --bind $address --protected-mode no --dir "$place" --save '' >/dev/null &
processes+=($!)
disown
asked() { redis-cli -h $address -p $port "$@"; }
until asked ping 2>/dev/null | grep -q PONG; do sleep 0.05; done

n_records() { asked get :log_number | grep . || echo 0; }
for host in 1 2; do
  # A process number space of its own: as on another machine, its end would be known by its lease alone.
  ip netns exec "ingot-cut$host" unshare --pid --fork --kill-child "$ingot" search bench --problem mixedprec14 \
    --candidates 300 --seed 5 --trials "$n_trials" --study cut --quiet --json --storage "redis://$address:$port/0" \
    >"$place/out$host" 2>"$place/errors$host" &
  processes+=($!)
done
# A trial has about 31 records.
until (($(n_records) > 3 * n_trials)); do sleep 0.05; done
ip -n ingot-cut1 link set inside down
before=$(n_records)
sleep "$n_seconds"
after=$(n_records)
ip -n ingot-cut1 link set inside up
echo "the link of a worker was down for $n_seconds s, from record $before to record $after"
codes=()
for worker in 1 2; do
  if wait "${processes[$worker]}"; then codes+=(0); else codes+=($?); fi
  echo "worker $worker ended with exit code ${codes[-1]} $(cat "$place/errors$worker")"
done
sleep 60
asked --raw eval \
  "local all = {} for i = 0, tonumber(redis.call('get', ':log_number')) do all[#all + 1] = redis.call('get', ':log:' .. i) end return all" 0 >"$place/records"
python3 - "$place/records" "$n_trials" "$before" "$after" "${codes[@]}" <<'END'
import collections, json, sys
n_trials, before, after, *codes = map(int, sys.argv[2:])
records = [json.loads(line) for line in open(sys.argv[1]) if line.strip()]
ended = collections.Counter(r["trial_id"] for r in records if r["op_code"] == 6 and r["state"] == 1)
twice = [n for n in collections.Counter(json.dumps(r) for r in records).values() if n > 1]
during, later = ({r["worker_id"] for r in records[begin:end]} for begin, end in ((before + 1, after), (after + 1, None)))
print(f"{len(records)} records, {len(twice)} of them twice, {len(ended)} of {n_trials} trials complete, "
      f"{sum(n > 1 for n in ended.values())} ended twice; {len(during)} worker wrote during the cut, {len(later)} after it")
whole = len(ended) == n_trials and max(ended.values()) == 1 and not twice and codes == [0, 0] and len(later) == 2
print("the study is whole" if whole else "the study is not whole")
sys.exit(not whole)
END

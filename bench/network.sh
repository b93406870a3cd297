#!/usr/bin/env bash
# bench/network.sh INGOT [ROUNDS]: what trainings by ranks take on slow networks, beside a model of it.
#
# Each rank has a network namespace of its own, as on another machine, with a link of 1 or 10 Gbit/s (a token bucket in both
# directions; `far`: 1 Gbit/s with a delay of 1 ms). Trainings (word embeddings are row-sparse) and pretrainings (they are
# not) by 2 and 4 ranks of one thread are measured in them, ROUNDS (3) times in turn, and the fastest of them, as other work on
# the machine only slows, compared with
#
#   step = compute + bytes / rate + 3 latency
#
# compute: a step of as many ranks on this machine without a network, where what is more than its processors takes turns.
# bytes: what a rank sends in a step, counted at its link. rate, latency: of plain TCP streams from each host to all others
# at the same time, and half of a round trip of one byte, on the same links. 3: losses, gradients and sums are an exchange
# each. INGOT_BENCH_PREFIX: words that each rank and stream is started by. Needs root, Open MPI and the packages iproute2,
# util-linux, hostname and python3.
set -eu
ingot=$(realpath "$1") n_rounds=${2:-3}
n_hosts=4 place=$(mktemp -d) far=

clean() {
  [ -z "$far" ] || kill "$far" 2>/dev/null || true
  for ((host = 1; host <= n_hosts; ++host)); do ip netns del "ingot-host$host" 2>/dev/null || true; done
  ip link del ingot-net 2>/dev/null || true
  rm -rf "$place"
}
trap clean EXIT

ip link add ingot-net type bridge
ip link set ingot-net up
for ((host = 1; host <= n_hosts; ++host)); do
  ip netns add "ingot-host$host"
  ip link add "ingot-port$host" type veth peer name inside netns "ingot-host$host"
  ip link set "ingot-port$host" master ingot-net up
  ip -n "ingot-host$host" addr add "10.78.0.$host/24" dev inside
  ip -n "ingot-host$host" link set inside up
  ip -n "ingot-host$host" link set lo up
  ip netns exec "ingot-host$host" sysctl -qw net.ipv4.tcp_congestion_control=reno # every kernel lets a namespace choose it
done

# limit none | RATE BURST: of all links. Bursts are small: a bucket that fills while ranks compute would carry much for nothing.
limit() {
  for ((host = 1; host <= n_hosts; ++host)); do
    for end in "tc qdisc RULE dev ingot-port$host root" "tc -n ingot-host$host qdisc RULE dev inside root"; do
      ${end/RULE/del} 2>/dev/null || true
      [ "$1" = none ] || ${end/RULE/add} tbf rate "$1" burst "$2" latency 100ms
    done
  done
}

# What mpirun starts programs on another machine by: in its namespace.
cat >"$place/agent" <<'END'
#!/bin/sh
host=ingot-host${1##*.}
shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"
END
# stream.py HOST N NET: of N hosts that each send to all others at the same time: bytes a second that host 1 receives, the
# fastest of three times, and seconds of half a round trip.
cat >"$place/stream.py" <<'END'
import socket, sys, threading, time
host, n_hosts, net, n, block = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], 48_000_000, bytes(1 << 18)
others = [other for other in range(1, n_hosts + 1) if other != host]
server = socket.create_server((f"{net}.{host}", 7398))
peers = {}
for other in others:
    while other < host and other not in peers:
        try:
            peers[other] = socket.create_connection((f"{net}.{other}", 7398))
        except ConnectionRefusedError:
            time.sleep(0.05)
while len(peers) < len(others):
    peer, (address, _) = server.accept()
    peers[int(address.split(".")[-1])] = peer
for peer in peers.values():
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

def round_trip():  # of host 1 with each other host in turn
    begin = time.time()
    for other in others if host == 1 else [1]:
        if host == 1:
            peers[other].send(b"x")
        peers[other].recv(1)
        if host > 1:
            peers[other].send(b"x")
    return (time.time() - begin) / len(others)

def send(peer, left):
    while left > 0:
        left -= peer.send(block[:left])

def receive(peer, left):
    while left > 0:
        left -= len(peer.recv(min(left, len(block))))

latency, rate = min(round_trip() for _ in range(500)) / 2, 0
for _ in range(3):
    round_trip()
    begin = time.time()
    threads = [threading.Thread(target=work, args=(peer, n // len(others))) for peer in peers.values() for work in (send, receive)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = max(rate, n / (time.time() - begin))
if host == 1:
    print(rate, latency)
END
# far.py DELAY: links of a device `far` in hosts 1 and 2, over which what is sent arrives DELAY seconds later. It stands for
# the kernel's netem, which is not everywhere: packets of up to 65,000 bytes pass through this process.
cat >"$place/far.py" <<'END'
import collections, ctypes, fcntl, os, select, struct, sys, time
ends, on_their_way = [], collections.deque()
for host in (1, 2):
    namespace = os.open(f"/run/netns/ingot-host{host}", os.O_RDONLY)
    assert ctypes.CDLL(None).setns(namespace, 0x40000000) == 0
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, 0x400454CA, struct.pack("16sH", b"far", 0x1001))  # TUNSETIFF: a tun, packets alone
    ends.append(end)
print("there", flush=True)
while True:
    wait = max(0, on_their_way[0][0] - time.monotonic()) if on_their_way else None
    for end in select.select(ends, [], [], wait)[0]:
        on_their_way.append((time.monotonic() + float(sys.argv[1]), ends[end == ends[0]], os.read(end, 70000)))
    while on_their_way and on_their_way[0][0] <= time.monotonic():
        _, end, packet = on_their_way.popleft()
        try:
            os.write(end, packet)
        except OSError:
            pass  # a host that is gone
END
chmod +x "$place/agent"
inside() { # inside HOST WORDS...
  ip netns exec "ingot-host$1" unshare --uts sh -c "hostname ingot-host$1; exec \"\$@\"" sh "${@:2}"
}
stream() { # stream N [NET]
  local host pids=()
  for ((host = 1; host <= $1; ++host)); do
    # shellcheck disable=SC2086
    inside "$host" ${INGOT_BENCH_PREFIX:-} python3 "$place/stream.py" "$host" "$1" "${2:-10.78.0}" &
    pids+=($!)
  done
  wait "${pids[@]}"
}

# A link of 1 Gbit/s between hosts 1 and 2 with a delay.
delay=0.001
# shellcheck disable=SC2086
${INGOT_BENCH_PREFIX:-} python3 "$place/far.py" $delay >"$place/far" &
far=$!
touch "$place/far"
until grep -q there "$place/far"; do sleep 0.1; done
for host in 1 2; do
  ip -n "ingot-host$host" addr add "10.81.0.$host/24" dev far
  ip -n "ingot-host$host" link set far mtu 65000 up
  tc -n "ingot-host$host" qdisc add dev far root tbf rate 1gbit burst 128kb latency 100ms
done

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# by_ranks N WHERE WORDS...: a command by N ranks, where: here, or a host each, over the far link or the others.
by_ranks() {
  local n=$1 net=10.78.0 hosts words=(--bind-to none -n "$1" --oversubscribe)
  [ "$2" != far ] || net=10.81.0
  hosts=$net.1:1
  if [ "$2" = here ]; then
    mpirun "${words[@]}" "${@:3}"
    return
  fi
  for ((host = 2; host <= n; ++host)); do hosts+=,$net.$host:1; done
  inside 1 mpirun "${words[@]}" --host "$hosts" --mca plm_rsh_agent "$place/agent" --mca plm_rsh_no_tree_spawn 1 \
    --mca oob_tcp_if_include $net.0/24 --mca btl self,tcp --mca btl_tcp_if_include $net.0/24 "${@:3}"
}
# measure COMMAND N WHERE STEPS: milliseconds of a step.
measure() {
  rm -rf "$place/out"
  # shellcheck disable=SC2086
  by_ranks "$2" "$3" ${INGOT_BENCH_PREFIX:-} "$ingot" "$1" --data glosses --model tiny --batch 256 --max-steps "$4" \
    --threads 1 --quiet --out "$place/out" >/dev/null
  python3 -c "import json; r = json.load(open('$place/out/result.json')); print(1000 * r['training_seconds'] / r['steps'])"
}
sent() { cat "/sys/class/net/ingot-port2/statistics/rx_bytes"; }
# bytes_of COMMAND N: what a rank sends in a step, from the difference of two trainings.
bytes_of() {
  local before between after
  limit none
  before=$(sent)
  measure "$1" "$2" apart 10 >/dev/null
  between=$(sent)
  measure "$1" "$2" apart 30 >/dev/null
  after=$(sent)
  echo $(((after - between - (between - before)) / 20))
}

echo "$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), $(mpirun --version | head -1)"
declare -A bursts=([1gbit]=128kb [10gbit]=256kb) streams=() bytes=()
for rate in 1gbit 10gbit; do
  limit $rate "${bursts[$rate]}"
  for n in 2 4; do
    streams[$rate$n]=$(stream $n)
    awk "{ printf \"$n links of $rate, all used at once: %.2f Gbit/s each, half a round trip takes %.0f us\\n\", \$1 * 8e-9, \$2 * 1e6 }" <<<"${streams[$rate$n]}"
  done
done
streams[far2]=$(stream 2 10.81.0)
awk "{ printf \"a link of 1gbit with a delay of $delay s: %.2f Gbit/s each, half a round trip takes %.0f us\\n\", \$1 * 8e-9, \$2 * 1e6 }" <<<"${streams[far2]}"
for command in train pretrain; do
  for n in 2 4; do bytes[$command$n]=$(bytes_of $command $n); done
done
for ((round = 0; round < n_rounds; ++round)); do
  for command in train pretrain; do
    for n in 2 4; do
      echo "$command $n here $(measure $command $n here 30)"
      for rate in 1gbit 10gbit; do
        limit $rate "${bursts[$rate]}"
        echo "$command $n $rate $(measure $command $n apart 30)"
      done
      [ $n != 2 ] || echo "$command $n far $(measure $command $n far 30)"
    done
  done
done >"$place/times"
for key in "${!streams[@]}"; do echo "stream $key ${streams[$key]}"; done >"$place/facts"
for key in "${!bytes[@]}"; do echo "bytes $key ${bytes[$key]}"; done >>"$place/facts"
echo "load $(cut -d' ' -f1 /proc/loadavg) at the end"
python3 - "$place" <<'END'
import collections, sys
rates, latencies, sent, times = {}, {}, {}, collections.defaultdict(list)
for line in open(sys.argv[1] + "/facts"):
    kind, key, *numbers = line.split()
    if kind == "stream":
        rates[key], latencies[key] = map(float, numbers)
    else:
        sent[key] = float(numbers[0])
for line in open(sys.argv[1] + "/times"):
    command, n, where, time = line.split()
    times[command, n, where].append(float(time))
print("\n| command | ranks | link | MB sent by a rank | compute, ms | network, ms | model, ms | measured, ms (all) | measured / model |\n"
      "|---|---|---|---|---|---|---|---|---|")
for (command, n, where), measured in times.items():
    if where == "here":
        continue
    compute = min(times[command, n, "here"])
    network = 1000 * (sent[command + n] / rates[where + n] + 3 * latencies[where + n])
    model = compute + network
    print(f"| {command} | {n} | {where} | {sent[command + n] / 1e6:.2f} | {compute:.1f} | {network:.1f} | {model:.1f} | "
          f"{min(measured):.1f} ({', '.join(f'{t:.0f}' for t in measured)}) | {min(measured) / model:.2f} |")
END

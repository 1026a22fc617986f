#!/usr/bin/env bash
# How many DISCOVER-OFFER-REQUEST-ACK exchanges a second `firstlight dhcp` and Kea (memfile) sustain with less than 1 % drop.
#
#   benches/perfdhcp.sh [FIRSTLIGHT]        (root; Debian packages kea-admin and kea-dhcp4-server)
#
# Each server in turn runs in a network namespace, perfdhcp in another one, with a veth pair between them. The server is
# restarted with an empty lease file for each rate. Firstlight syncs every lease to disk before its ACK; Kea never syncs.
#   RATES='1000 2000 …'   exchanges a second to try, ascending; a server is done at the second failure in a row
#   SECONDS_EACH=5        how long each rate is held
#   CLIENTS=3             how many perfdhcp share a rate: from 10,000/s on, one alone spins, and loses replies in its own
#                         socket while the server still answers every request
#   FOLDER=…              where the lease files are; it must be on a disk, not in memory
set -euo pipefail
server=${1:-target/release/firstlight}
rates=${RATES:-1000 2000 3000 4000 6000 8000 10000 12000 14000 16000 18000 20000 24000 28000 32000}
period=${SECONDS_EACH:-5} clients=${CLIENTS:-3}
for program in perfdhcp:kea-admin kea-dhcp4:kea-dhcp4-server ip:iproute2; do
    command -v "${program%:*}" >/dev/null || { echo "${program%:*} is missing: install the package ${program#*:}" >&2; exit 1; }
done
server=$(realpath "$server")
if [ -z "${INSIDE:-}" ]; then
    folder=$(mktemp -d "${FOLDER:-/var/tmp}/perfdhcp.XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    INSIDE=$folder unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$server"
    exit
fi

cd "$INSIDE"
mount -t tmpfs none /run; mkdir /run/netns
ip link set lo up; ip netns add client
ip link add s0 type veth peer name c0 netns client
ip address add 10.0.0.1/8 dev s0; ip link set s0 up
for client in $(seq "$clients"); do ip -n client address add 10.0.0.$((client + 1))/8 dev c0; done
ip -n client link set c0 up; ip -n client link set lo up
cat > kea.json <<END
{"Dhcp4": {
  "interfaces-config": {"interfaces": ["s0"], "dhcp-socket-type": "udp"},
  "multi-threading": {"enable-multi-threading": true, "thread-pool-size": $(nproc), "packet-queue-size": 64},
  "lease-database": {"type": "memfile", "persist": true, "name": "$PWD/kea.csv", "lfc-interval": 3600},
  "valid-lifetime": 3600,
  "subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "interface": "s0", "pools": [{"pool": "10.1.0.0-10.250.255.255"}]}],
  "loggers": [{"name": "kea-dhcp4", "output_options": [{"output": "$PWD/kea.log"}], "severity": "ERROR"}]
}}
END

start() {
    rm -f leases kea.csv* kea.log
    case $1 in
        firstlight) "$server" dhcp --interface s0 --pool 10.1.0.0-10.250.255.255 --lease-file leases 2>server.log & ;;
        kea) KEA_LOCKFILE_DIR=none KEA_PIDFILE_DIR=$PWD kea-dhcp4 -c kea.json >server.log 2>&1 & ;;
    esac
    pid=$!
    # Until it offers something.
    for _ in $(seq 100); do
        ip netns exec client perfdhcp -4 -i -l 10.0.0.2 -r 20 -n 3 10.0.0.1 >first.log 2>&1 || true
        grep -q '^received packets: [1-9]' first.log && return
        sleep 0.1
    done
    echo "$1 does not answer:"; cat server.log; exit 1
}

# Prints the exchanges a second that were begun, and the worst of the drop ratios in percent.
measure() {
    local client pids=()
    for client in $(seq "$clients"); do
        ip netns exec client perfdhcp -4 -l 10.0.0.$((client + 1)) -b mac=00:0c:0$client:00:00:00 -g multi -r $(($1 / clients)) \
            -R 4000000 -p "$period" -W 1000000 10.0.0.1 >perfdhcp.$client.log 2>&1 & pids+=($!)
    done
    wait "${pids[@]}" || true
    awk -v period="$period" 'FNR == 1 { first = 1 } /^sent packets:/ && first { sent += $3; first = 0 }
         /^drops ratio:/ && $3 + 0 > worst { worst = $3 + 0 }
         END { if (!sent) worst = 100; printf "%d %.2f\n", sent / period, worst }' perfdhcp.[0-9]*.log
}

printf '%s\n' "$(nproc) × $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'); load $(cut -d' ' -f1 /proc/loadavg)"
for name in kea firstlight; do
    best=0; failures=0
    for rate in $rates; do
        start $name
        read -r begun drops < <(measure "$rate")
        kill $pid; wait $pid || true
        printf '%-10s asked %6d/s, begun %6d/s, dropped %6.2f %%\n' $name "$rate" "$begun" "$drops"
        # What perfdhcp could not even send does not count.
        if awk "BEGIN { exit !($drops < 1 && $begun >= 0.9 * $rate) }"; then best=$rate failures=0; else failures=$((failures + 1)); fi
        [ $failures -ge 2 ] && break
    done
    printf '%-10s highest rate with less than 1 %% drop: %d/s\n' $name "$best"
    declare best_$name=$best
done
awk "BEGIN { printf \"firstlight / kea = %.2f\n\", $best_firstlight / $best_kea }"

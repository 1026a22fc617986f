#!/usr/bin/env bash
# How fast `firstlight tftp` and other TFTP servers give a file away, with `firstlight get` as everybody's client.
#
#   benches/tftp_peers.sh [FIRSTLIGHT]      (root; any of the Debian packages atftpd, tftpd-hpa, dnsmasq-base)
#
# Each server in turn runs over loopback in a network namespace of its own, in rounds. MiB/s, the median of the rounds;
# every byte is compared.
#   MIB=64          the size of the file of one client
#   CLIENTS=50      so many at once, 4 MiB each, window 1
#   ROUNDS=3
#   TFTPD=…, ASYNC_TFTPD=…   the programs of the crates tftpd and async-tftp (`PROGRAM ADDRESS DIRECTORY`), if there are any
set -euo pipefail
if [ -z "${INSIDE:-}" ]; then
    INSIDE=$(mktemp -d) && export INSIDE
    trap 'rm -rf "$INSIDE"' EXIT
    unshare --net --pid --fork --kill-child --mount-proc "$0" "$(realpath "${1:-target/release/firstlight}")"
    exit
fi
firstlight=$1
mib=${MIB:-64} clients=${CLIENTS:-50} rounds=${ROUNDS:-3}
ip link set lo up; cd "$INSIDE"; mkdir root; chmod 755 . root
head -c $((mib << 20)) /dev/urandom > root/one; head -c $((4 << 20)) /dev/urandom > root/many; chmod 644 root/*

command_of() {
    case $1 in
        firstlight) echo "$firstlight tftp --listen 127.0.0.1:69 --root $PWD/root" ;;
        atftpd) type -P atftpd >/dev/null && echo "atftpd --daemon --no-fork --port 69 --bind-address 127.0.0.1 --user root --group root --logfile /dev/null --maxthread 200 --no-multicast $PWD/root" ;;
        tftpd-hpa) in.tftpd -V 2>/dev/null | grep -q hpa && echo "in.tftpd -L -a 127.0.0.1:69 -u root -p -s $PWD/root" ;;
        dnsmasq) type -P dnsmasq >/dev/null && echo "dnsmasq -k -C /dev/null --port=0 --enable-tftp --tftp-root=$PWD/root --user=root --listen-address=127.0.0.1 --bind-interfaces --tftp-max=200 --log-facility=/dev/null --pid-file" ;;
        tftpd) [ -n "${TFTPD:-}" ] && echo "$TFTPD -i 127.0.0.1 -p 69 -d $PWD/root -r" ;;
        async-tftp) [ -n "${ASYNC_TFTPD:-}" ] && echo "$ASYNC_TFTPD 127.0.0.1:69 $PWD/root" ;;
    esac
}

# Fetches a file with so many clients, and prints MiB/s, or `-` where a client has failed or the bytes differ.
fetch() {
    local name=$1 count=$2 window=$3 size begin client number pids=() ok=yes
    size=$(stat -c %s root/$name); begin=$(date +%s%N)
    for number in $(seq "$count"); do
        "$firstlight" get tftp://127.0.0.1/$name --block-size 1468 --window-size "$window" -o got.$number 2>errors.$number & pids+=($!)
    done
    for client in "${pids[@]}"; do wait $client || ok=no; done
    local took=$(($(date +%s%N) - begin))
    for number in $(seq "$count"); do cmp -s root/$name got.$number || ok=no; done
    rm -f got.*
    if [ $ok = yes ]; then echo $((size * count * 1000 / 1048576 * 1000000 / took)); else echo -; fi
}

median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }

printf '%s\n' "$(nproc) × $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'); load $(cut -d' ' -f1 /proc/loadavg)"
cases=("one 1 1" "one 1 16" "one 1 64" "many $clients 1")
for round in $(seq "$rounds"); do
    for server in firstlight atftpd tftpd-hpa dnsmasq tftpd async-tftp; do
        command=$(command_of $server) || continue
        [ -n "$command" ] || continue
        $command >$server.log 2>&1 & pid=$!
        for _ in $(seq 50); do ss -Hlun 'sport = :69' | grep -q . && break; sleep 0.1; done
        for number in "${!cases[@]}"; do fetch ${cases[$number]} >> "$server.$number"; done
        kill $pid 2>/dev/null || { echo "$server has ended:"; cat $server.log; exit 1; }; wait $pid 2>/dev/null || true
    done
done
printf '%-12s %10s %10s %10s %16s\n' MiB/s 'window 1' 'window 16' 'window 64' "$clients × 4 MiB"
for server in firstlight atftpd tftpd-hpa dnsmasq tftpd async-tftp; do
    [ -f $server.0 ] || continue
    printf '%-12s' $server
    for number in "${!cases[@]}"; do printf ' %10s' "$(median < $server.$number)"; done; echo
done

#!/bin/bash
# Fetches the scripts of this phase, runs them one after the other, and reports each with its output.
{{common}}
say "running the scripts of {{phase}}"
failed=
for name in $(api scripts); do
    if ! api "scripts/$name" > "$work/$name"; then
        failed="$failed $name"
        continue
    fi
    chmod 0700 "$work/$name"
    say "$name"
    begin=${EPOCHREALTIME/[^0-9]/}
    timeout --kill-after=10 900 "$work/$name" > "$work/$name.out" 2> "$work/$name.err"
    status=$?
    took=$(((${EPOCHREALTIME/[^0-9]/} - begin) / 1000))
    if [ "$status" -ne 0 ]; then
        failed="$failed $name"
        cat "$work/$name.err" >> "$work/$name.out"
    fi
    api "scripts/$name/finish?exit_status=$status&milliseconds=$took" \
        --header 'Content-Type: text/plain' --data-binary "@$work/$name.out" > /dev/null
done
api finished --data-urlencode "failed=${failed# }" > /dev/null
say "done; turning off"
sync
poweroff --force --force

#!/bin/bash
# Fetches the installation of this machine, carries it out, and reports each step.
{{common}}
report() {
    case $1 in
        start) say "$3"; api install/step --data-urlencode state=start --data-urlencode "step=$2" --data-urlencode "text=$3" ;;
        finish) api install/step --data-urlencode state=finish --data-urlencode "step=$2" --data-urlencode "seconds=$3" ;;
        fail) api install/step --data-urlencode state=fail --data-urlencode "step=$2" --data-urlencode "exit_status=$3" --data-urlencode "text=$4" ;;
    esac > /dev/null
}
firmware=bios
[ -d /sys/firmware/efi ] && firmware=uefi
if ! api "install?firmware=$firmware" > "$work/install.sh" 2> "$work/refusal"; then
    say "the server has no installation for this machine: $(cat "$work/refusal")"
    api install/failed --data-urlencode "text=$(cat "$work/refusal")" > /dev/null
elif ( . "$work/install.sh" ); then
    api install/finished --request POST > /dev/null
    say "installed; rebooting"
    sync
    reboot --force --force
else
    api install/failed --data-urlencode "text=a step of the installation failed" > /dev/null
    say "the installation failed"
fi
sync
poweroff --force --force

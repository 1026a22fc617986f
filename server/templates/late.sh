#!/bin/sh
# The end of an installation by a classic installer, in the installer's own system: $1 is where the new one is mounted.
# It leaves a service there that reports the first boot, and reports that the installation is done.
target=$1
[ -z "$target" ] || [ -d "$target/etc" ] || target=/mnt/sysimage
program=/usr/local/sbin/firstlight-first-boot
service=/etc/systemd/system/firstlight-first-boot.service
wanted=/etc/systemd/system/multi-user.target.wants/firstlight-first-boot.service

mkdir -p "$target${program%/*}" "$target${wanted%/*}"
cat > "$target$program" <<'END'
#!/bin/bash
# With bash alone: nobody knows what else is installed. A server that is away is waited for; one that says no is believed.
for ((try = 0; try < 900; try++)); do
    if exec 3<> /dev/tcp/{{host}}/{{port}}; then
        printf 'GET {{first_boot_path}} HTTP/1.0\r\nHost: {{host}}\r\n\r\n' >&3
        read -r -t 30 protocol status rest <&3
        case $status in 2?? | 4??) break ;; esac
    fi 2> /dev/null
    sleep 2
done
END
cat >> "$target$program" <<END
rm -f $program $service $wanted
END
chmod 0700 "$target$program"
cat > "$target$service" <<END
[Unit]
Description=Report the first boot
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/bin/bash $program
END
ln -sf "$service" "$target$wanted"
sync

url={{finished_url|escape.shell}}
try=0
until wget -q -O /dev/null "$url" || curl -fsS -o /dev/null "$url"; do
    try=$((try + 1))
    [ "$try" -lt 90 ] || exit 1
    sleep 2
done

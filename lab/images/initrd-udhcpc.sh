#!/bin/sh
# udhcpc calls this with what it got. A renewal changes nothing that is not
# already so; after switch_root this file is gone and the renewal needs none.
case $1 in
  deconfig)
    ip link set "$interface" up
    ;;
  bound)
    ip -4 addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" broadcast "${broadcast:-+}" dev "$interface"
    for gateway in $router; do
      ip route add default via "$gateway" dev "$interface" && break
    done
    : > /etc/resolv.conf
    [ -n "$domain" ] && echo "search $domain" >> /etc/resolv.conf
    for server in $dns; do
      echo "nameserver $server" >> /etc/resolv.conf
    done
    echo "netboot: $interface is $ip, from $serverid for $lease s" > /dev/console
    ;;
esac

#!/bin/bash
# Process 1 of the guest. Takes shell scripts from the virtio port "control", one a line in base64, runs each, and answers one
# line: exit code, standard output and standard error, the latter two in base64.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -p /run/lock
ln -sfn /proc/self/fd /dev/fd
hostname guest
ip link set lo up
for interface in /sys/class/net/e*; do
  ip link set "${interface##*/}" up
  ip addr add 10.0.2.15/24 dev "${interface##*/}"
done
echo InitiatorName=iqn.2026-11.example:guest >/etc/iscsi/initiatorname.iscsi
iscsid
port=
until [ -n "$port" ]; do
  for name in /sys/class/virtio-ports/*/name; do
    [ "$(cat "$name")" = control ] && port=/dev/$(basename "$(dirname "$name")")
  done
done
exec 3<>"$port"
echo ready >&3
while :; do
  # Nothing comes while nobody is connected: the host lets go when it saves the state of the guest.
  IFS= read -r script <&3 || { sleep 0.1; continue; }
  base64 -d <<<"$script" >/run/script
  bash /run/script </dev/null >/run/out 2>/run/err
  echo "$? $(base64 -w0 /run/out) $(base64 -w0 /run/err)" >&3
done

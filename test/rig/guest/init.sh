#!/bin/sh
# First program of the guest, out of the initial RAM disk: loads the modules in /modules/order, lays a RAM disk over the
# image of the root file system, which stays as it was built, and hands over to the agent.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done </modules/order
tries=0
until [ -b /dev/vda ] || [ $tries -gt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
mount -t ext4 -o ro,noload /dev/vda /below || exec sh
mount -t tmpfs -o size=75%,mode=755 above /above
mkdir /above/changes /above/work
mount -t overlay -o lowerdir=/below,upperdir=/above/changes,workdir=/above/work root /root || exec sh
mount --move /dev /root/dev
mount --move /proc /root/proc
mount --move /sys /root/sys
exec switch_root /root /sbin/agent

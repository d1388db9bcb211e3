# SPDX-License-Identifier: GPL-2.0-or-later
# What the bench asks of dom0, as shell functions beside those of guest.sh.

# The disk of all measured guests, in dom0's memory: reading it does not involve the host.
bench_disk() {
  mkdir -p /bench /bench-disk
  mount -t tmpfs -o size=90% tmpfs /bench
  cp "/disks/$1" /bench/disk.img && losetup /dev/loop7 /bench/disk.img && echo /dev/loop7
}

# The same on a disk whose every request takes $2 ns.
bench_slow_disk() {
  [ ! -d /sys/module/null_blk ] || rmmod null_blk
  while read -r module; do insmod "/bench-modules/$module" 2>/dev/null; done </bench-modules/order
  insmod /bench-modules/slow/null_blk.ko memory_backed=1 irqmode=2 queue_mode=2 gb=1 \
    "completion_nsec=$2" && dd if="/disks/$1" of=/dev/nullb0 bs=1M 2>/dev/null &&
    sync && echo /dev/nullb0
}

# Writes the text $2 as the menu of disk $1.
bench_menu() {
  mount -t ext4 "$1" /bench-disk && printf %b "$2" >/bench-disk/boot/grub/grub.cfg &&
    umount /bench-disk && sync && echo 3 >/proc/sys/vm/drop_caches
}

# Creates the guest of config $1 and name $2, and prints dom0's seconds before that and after it, the
# nanoseconds from its unpausing to each of the texts $3, then what it reported.
bench_guest() {
  start=$(cut -d ' ' -f 1 /proc/uptime)
  domid=$(lab_create "$1" "$2") || return 1
  echo "created=$start $(cut -d ' ' -f 1 /proc/uptime)"
  tty=${domid##*tty=}
  domid=${domid#domid=}
  domid=${domid%% *}
  echo "ns=$(lab/measure await "$tty" "$3" xl unpause "$domid" | tr '\n' ' ')"
  xenstore-ls -f "/local/domain/$domid/data/pvgrub-report" 2>/dev/null |
    sed 's#^.*/pvgrub-report/##'
  xl destroy "$domid"
}

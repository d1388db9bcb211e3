#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An md array that is made under Linux 7.2 (6.19 and later) can't be started by 6.12, whatever mdadm
# makes it: the kernel writes the logical block size into bytes of the superblock that older ones
# want to be zero, without a flag. mdadm of 4.6 and 4.2 shows nothing of it and calls the checksum
# correct; GRUB 2.14 reads the array. So a guest that was installed with a new kernel does not find
# its root with the older one of its menu. The other way it works, and leaves the array as it was.
# Guessed: metadata 1.2 is metadata 1.2; what no flag names is ignored.
# Run in November 2026: Debian's kernels 7.2.13 (sid) and 6.12.117 (trixie) under QEMU, mdadm 4.6-3.
# Needs apt with Debian's sources for sid, trixie and bookworm, python3, 250 MB to fetch. Two minutes.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new linux-binary-7.2.13+deb14-amd64=7.2.13-1 linux-modules-7.2.13+deb14-amd64=7.2.13-1 \
  mdadm=4.6-3 busybox-static libc6 libudev1
"$fetch" trixie older linux-image-6.12.117+deb13-amd64=6.12.117-1
"$fetch" bookworm old qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3

mkdir -p root/{bin,lib,lib64,proc,sys,dev,run,etc}
cp new/usr/bin/busybox new/usr/sbin/mdadm root/bin
library=new/usr/lib/x86_64-linux-gnu
cp -L $library/libudev.so.1 $library/libc.so.6 $library/libm.so.6 root/lib
cp -L $library/ld-linux-x86-64.so.2 root/lib64
# Modules for virtio's disks and md, with those that they need, in the order to load them.
python3 - <<'PYTHON'
import lzma, os, re

for tree, version in (("new", "7.2.13+deb14-amd64"), ("older", "6.12.117+deb13-amd64")):
    modules, order = {}, []
    for folder, _, names in os.walk(f"{tree}/usr/lib/modules/{version}"):
        for name in names:
            if name.endswith(".ko.xz"):
                modules[name[:-6].replace("-", "_")] = f"{folder}/{name}"
    os.mkdir(f"root/{version}")

    def add(name):
        if name in order or name not in modules:
            return
        data = lzma.open(modules[name]).read()
        for other in re.search(rb"\0depends=([^\0]*)\0", data).group(1).decode().split(","):
            add(other.replace("-", "_"))
        open(f"root/{version}/{name}.ko", "wb").write(data)
        order.append(name)

    for name in ("virtio_pci", "virtio_blk", "raid1"):
        add(name)
    open(f"root/{version}/order", "w").write("\n".join(order))
PYTHON
cat >root/init <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin LD_LIBRARY_PATH=/lib
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
version=$(uname -r)
for module in $(cat /$version/order); do insmod /$version/$module.ko; done
sleep 1
if grep -q create /proc/cmdline; then
  mdadm --create /dev/md0 --run --metadata=1.2 --level=1 --raid-devices=2 /dev/vda /dev/vdb </dev/null
else
  mdadm --assemble /dev/md0 /dev/vda /dev/vdb && echo "= $version: started" || echo "= $version: not started"
fi
dmesg | grep -E 'LBS|not importing' | sed "s/^/= $version: /"
mdadm --stop /dev/md0; sync; poweroff -f
INIT
chmod +x root/init
(cd root && find . | ./bin/busybox cpio -o -H newc 2>/dev/null | gzip -1) >initrd
qemu=$(command -v qemu-system-x86_64 || echo old/usr/bin/qemu-system-x86_64)
boot() {
  timeout 200 "$qemu" -m 768 -cpu max -display none -serial stdio -monitor none -nic none -kernel "$1" \
    -initrd initrd -append "console=ttyS0 quiet panic=-1 $2" -no-reboot \
    -drive file=a,format=raw,if=virtio -drive file=b,format=raw,if=virtio 2>&1 |
    tr -d '\r' | grep -a '^= ' || true
}
kernel=new/usr/lib/modules/7.2.13+deb14-amd64/vmlinuz
kernel_of_trixie=older/boot/vmlinuz-6.12.117+deb13-amd64
truncate -s 32M a b
{
  echo "made under 7.2:"
  boot "$kernel" create
  boot "$kernel_of_trixie" ""
  boot "$kernel" ""
  rm a b
  truncate -s 32M a b
  echo "made under 6.12:"
  boot "$kernel_of_trixie" create
  boot "$kernel" ""
  boot "$kernel_of_trixie" ""
} | tee shown
text=$(grep -E 'started|made' shown | sed 's/+[^:]*//' | tr '\n' ' ')
[ "$text" = "made under 7.2: = 6.12.117: not started = 7.2.13: started \
made under 6.12: = 7.2.13: started = 6.12.117: started " ] ||
  { echo "it has changed" >&2; exit 1; }

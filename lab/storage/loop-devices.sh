#!/bin/bash
# Runs a program as root in a virtual machine under Debian's kernel, which has md, device mapper and bcache, whatever this
# machine's kernel has. It sees this machine's files; what it writes goes to a disk that is thrown away. Ends as the program.
#
#   loop-devices.sh PROGRAM [ARGUMENT…]
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/firstlight-lab/kernels
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
kernel=$cache/$package
if [ ! -d "$kernel" ]; then
  rm -rf "$kernel.new"
  mkdir -p "$kernel.new"
  (cd "$kernel.new" && apt-get download -q "$package" && dpkg -x ./*.deb . && rm ./*.deb)
  depmod --basedir "$kernel.new" "$(basename "$kernel.new"/lib/modules/*)"
  mv "$kernel.new" "$kernel"
fi
version=$(basename "$kernel"/lib/modules/*)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree"/{bin,dev,proc,host,changes,root}
cp "$(command -v busybox)" "$tree/bin/"
place=10
for module in virtio_pci virtio_blk ext4 9pnet_virtio 9p overlay; do
  modprobe --dirname "$kernel" --set-version "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
  cp "$module" "$tree/$((place++)).ko"
done
cat > "$tree/init" <<'END'
#!/bin/busybox sh
PATH=/bin
busybox mount -t proc none /proc
busybox mount -t devtmpfs none /dev
for module in /*.ko; do busybox insmod "$module"; done
busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host
busybox mount -t ext4 /dev/vda /changes
busybox mkdir -p /changes/files /changes/work
busybox mount -t overlay -o lowerdir=/host,upperdir=/changes/files,workdir=/changes/work none /root
exec busybox switch_root /root /bin/bash /firstlight-run
END
chmod +x "$tree/init"
(cd "$tree" && find . | cpio --quiet -o -H newc) > "$work/initrd"

mkdir -p "$work/changes/files"
{
  printf 'package=%q directory=%q program=(' "$kernel" "$PWD"
  printf ' %q' "$@"
  cat <<'END'
)
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /run
ln -s /proc/self/fd /dev/fd
mkdir -p /lib/modules
mount --bind "$package/lib/modules" /lib/modules
for module in loop md_mod raid0 raid1 raid10 raid456 dm_mod dm_crypt bcache ext4 vfat; do modprobe "$module"; done
/lib/systemd/systemd-udevd --daemon
udevadm trigger
udevadm settle
cd "$directory" && "${program[@]}"
echo "status: $?"
echo o > /proc/sysrq-trigger
sleep 60
END
} > "$work/changes/files/firstlight-run"
truncate -s 64G "$work/disk"
mkfs.ext4 -q -F -d "$work/changes" "$work/disk"

qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -no-reboot -display none -serial stdio \
  -kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initrd" -append 'console=ttyS0 quiet panic=-1' \
  -drive file="$work/disk",format=raw,if=virtio,cache=unsafe,discard=unmap \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap < /dev/null | tee "$work/said"
tr -d '\r' < "$work/said" | grep -qx 'status: 0'

# SPDX-License-Identifier: GPL-2.0-or-later
# What the host asks of dom0, as shell functions.

# Every xenstore node, and every event channel of dom0, one a line: equal
# before a guest and after it, or the guest left something behind.
lab_inventory() {
  xenstore-ls -f | sed 's/ = .*//' | grep -v '^/local/domain/0/\(memory\|console\)'
  echo "event-channels $(lsevtchn 0 | wc -l)"
  echo "domains $(xl list | sed 1d | wc -l)"
  echo "loop-devices $(losetup -a | wc -l)"
  xl dmesg -c >/dev/null
  xl debug-keys g
  echo "grant-tables $(xl dmesg -c | grep -c 'grant-table for remote')"
}

# The event channels and xenstore nodes of a living guest, in a form that is the same for two guests
# that were started in different ways.
lab_probe() {
  echo "event-channels $(lsevtchn "$1" | wc -l)"
  xenstore-ls -f "/local/domain/$1" | sed "s/ = .*//; s#^/local/domain/$1##" | sort
}

# Whether the loader's report of domain $1 has a value in node $2 that the pattern $3 matches.
lab_report() {
  value=$(xenstore-read "/local/domain/$1/data/pvgrub-report/$2") || return 1
  echo "$2=$value"
  echo "$value" | grep -Eq -e "$3"
}

# Whether domain $1 can't be saved, and is still there.
lab_save_fails() {
  if xl save "$1" /tmp/saved; then
    echo "domain $1 was saved"
    rm -f /tmp/saved
    return 1
  fi
  rm -f /tmp/saved
  xl list "$1"
}

# Whether domain $1 clears the request $2 in control/shutdown within two seconds.
lab_takes_back() {
  xenstore-write "/local/domain/$1/control/shutdown" "$2"
  sleep 2
  [ -z "$(xenstore-read "/local/domain/$1/control/shutdown")" ]
}

# While domain $1 lives dom0 uses its vector registers, and rests, so that it wakes and preempts.
lab_load() {
  while xenstore-read "/local/domain/$1/domid"; do
    /lab/registers
    usleep 20000
  done >/dev/null 2>&1 &
}

# A loop device for an image file, printed; its sectors have $2 bytes.
lab_loop() {
  device=$(losetup -f) && /sbin/losetup --sector-size "$2" "$device" "$1" && echo "$device"
}

# A picture of the domain's framebuffer, as QEMU has it; `lab/screenshot` finds it in the log.
lab_screen() {
  xl qemu-monitor-command "$1" "screendump /tmp/screen.ppm" || return 1
  # QEMU answers before it has written.
  tries=0
  until [ -s /tmp/screen.ppm ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "no picture of domain $1"; return 1; }
    usleep 50000
  done
  usleep 500000
  echo "screen of domain $1:"
  gzip -c /tmp/screen.ppm | base64
  echo "end of screen"
  rm -f /tmp/screen.ppm
}

# Creates the domain, paused, and prints its number and the terminal of its console.
lab_create() {
  xl create -p "$1" || return 1
  domid=$(xl domid "$2") || return 1
  # xenconsoled writes this node a moment after the domain was introduced.
  tries=0
  until tty=$(xenstore-read "/local/domain/$domid/console/tty" 2>/dev/null) && [ -n "$tty" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "no console terminal for domain $domid"; return 1; }
    usleep 50000
  done
  stty raw -echo <"$tty"
  echo "domid=$domid tty=$tty"
}

# Prints xl's log of domain $1 once it says how the domain ended. xl's process for this domain writes
# that a moment after the domain is gone.
lab_log_of_end() {
  tries=0
  until grep -Eq 'has shut down, reason code|has been destroyed' "/var/log/xen/xl-$1.log"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || break
    usleep 50000
  done
  cat "/var/log/xen/xl-$1.log"
}

# Joins a guest's console to the host's port as a person has it: `xl console` on a terminal. It ends
# with the domain. Fails if it does not come up.
lab_xl_console() {
  {
    script -q -c "xl console -t pv $1" /dev/null <&4 >&4 2>/dev/null
    printf '\n%s\n' "$2" >&4
  } 3>&- &
  tries=0
  until pidof xenconsole >/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || return 1
    usleep 50000
  done
  usleep 500000
  pidof xenconsole >/dev/null
}

# Joins a guest's console terminal to the host's console port (descriptor 4). When the domain is
# gone xenconsoled closes the terminal, and the token $2 tells the host.
lab_bridge() {
  cat <&4 >"$1" 3>&- 2>/dev/null &
  typing=$!
  {
    cat <"$1" >&4 2>/dev/null
    kill "$typing"
    printf '\n%s\n' "$2" >&4
  } 3>&- &
}

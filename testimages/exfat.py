#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes an exFAT of a directory of the host: exfat.py IMAGE TREE [NAME=VALUE...]

Nothing in Debian 12 writes files into an exFAT without mounting it, so this does, by Microsoft's
specification (revision 1.00). fsck.exfat judges what comes out. The table of capitals is the one of
an exFAT made by mkfs.exfat (`capitals=IMAGE`).

sector=9 cluster=12      sizes as exponents
size=8388608             of the volume
tables=1                 2: the second one counts
label=TEXT  serial=HEX
scatter=1                files are in every second cluster, and a table says so
"""
import os
import struct
import sys

image, tree = sys.argv[1:3]
options = dict(sector=9, cluster=12, size=8 << 20, tables=1, label="", serial="1234abcd",
               scatter=0, capitals="")
for word in sys.argv[3:]:
    name, _, value = word.partition("=")
    options[name] = type(options[name])(value)
SECTOR = 1 << options["sector"]
CLUSTER = 1 << options["cluster"]


def turned(data, bits, skipped=()):
    total = 0
    for index, byte in enumerate(data):
        if index not in skipped:
            total = ((total << (bits - 1) | total >> 1) + byte) & ((1 << bits) - 1)
    return total


def up(value, unit):
    return (value + unit - 1) // unit * unit


def capitals_of(path):
    """The table of capitals of an exFAT, as its root's entry says."""
    data = open(path, "rb").read()
    sector = 1 << data[108]
    size = sector << data[109]
    heap, = struct.unpack_from("<I", data, 88)
    root, = struct.unpack_from("<I", data, 96)
    start = heap * sector + (root - 2) * size
    for at in range(start, start + size, 32):
        if data[at] == 0x82:
            first, count = struct.unpack_from("<IQ", data, at + 20)
            place = heap * sector + (first - 2) * size
            return data[place:place + count]
    raise SystemExit("no table of capitals")


table_packed = capitals_of(options["capitals"])
capitals = []
units = struct.unpack("<%dH" % (len(table_packed) // 2), table_packed)
at = 0
while at < len(units) and len(capitals) < 65536:
    if units[at] == 0xFFFF and at + 1 < len(units):
        capitals += range(len(capitals), len(capitals) + units[at + 1])
        at += 2
    else:
        capitals.append(units[at])
        at += 1
capitals += range(len(capitals), 65536)

volume = bytearray(options["size"])
clusters = options["size"] // CLUSTER
fat_at = up(24, 8)
fat_sectors = up(4 * (clusters + 2), SECTOR) // SECTOR
heap_at = up(fat_at + options["tables"] * fat_sectors, CLUSTER // SECTOR or 1)
clusters = (options["size"] // SECTOR - heap_at) * SECTOR // CLUSTER
fat = [0] * (clusters + 2)
fat[0], fat[1] = 0xFFFFFFF8, 0xFFFFFFFF
used = [False] * clusters
free = 2


def write(cluster, data):
    place = heap_at * SECTOR + (cluster - 2) * CLUSTER
    volume[place:place + len(data)] = data


def allocate(count, scattered):
    global free
    result = []
    while len(result) < count:
        result.append(free)
        used[free - 2] = True
        free += 2 if scattered else 1
    return result


def store(data, chained, scattered=False):
    """Puts data into clusters; gives the first one."""
    if not data:
        return 0
    count = up(len(data), CLUSTER) // CLUSTER
    own = allocate(count, scattered)
    for index, cluster in enumerate(own):
        write(cluster, data[index * CLUSTER:(index + 1) * CLUSTER])
        if chained:
            fat[cluster] = own[index + 1] if index + 1 < count else 0xFFFFFFFF
    return own[0]


def time_of(seconds):
    import time
    t = time.gmtime(seconds)
    stamp = ((t.tm_year - 1980) << 25 | t.tm_mon << 21 | t.tm_mday << 16 | t.tm_hour << 11
             | t.tm_min << 5 | t.tm_sec // 2)
    return stamp, t.tm_sec % 2 * 100


def entry_set(name, attributes, seconds, first, size, contiguous, valid=None):
    text = name.encode("utf-16-le")
    letters = struct.unpack("<%dH" % (len(text) // 2), text)
    big = struct.pack("<%dH" % len(letters), *(capitals[unit] for unit in letters))
    stamp, hundredths = time_of(seconds)
    names = up(len(letters), 15) // 15
    head = struct.pack("<BBHHHIIIBBBBB7x", 0x85, 1 + names, 0, attributes, 0, stamp, stamp, stamp,
                       hundredths, hundredths, 0x80, 0x80, 0x80)
    stream = struct.pack("<BBBBHHQIIQ", 0xC0, (1 if first else 0) | (2 if contiguous else 0), 0,
                         len(letters), turned(big, 16), 0, size if valid is None else valid, 0,
                         first, size)
    body = b""
    for index in range(names):
        part = text[30 * index:30 * index + 30].ljust(30, b"\0")
        body += b"\xC1\x00" + part
    result = bytearray(head + stream + body)
    struct.pack_into("<H", result, 2, turned(result, 16, (2, 3)))
    return bytes(result)


def directory(path):
    """The entries of a directory of the host, all below stored first."""
    result = b""
    for index, name in enumerate(sorted(os.listdir(path))):
        whole = os.path.join(path, name)
        seconds = int(os.stat(whole).st_mtime)
        if os.path.isdir(whole):
            data = directory(whole)
            data = data.ljust(up(max(len(data), 1), CLUSTER), b"\0")
            # Some in a row, some by the table.
            contiguous = index % 2 == 0
            first = store(data, not contiguous)
            result += entry_set(name, 0x10, seconds, first, len(data), contiguous)
            continue
        data = open(whole, "rb").read()
        attributes = 0x20 | (0 if os.stat(whole).st_mode & 0o200 else 1)
        contiguous = bool(data) and not options["scatter"] and index % 3 != 0
        first = store(data, not contiguous, bool(options["scatter"]))
        valid = None
        # Zeros at the end need not have been written: what is there does not count.
        kept = len(data.rstrip(b"\0"))
        if name == "preallocated":
            valid = kept
            last = first + (len(data) - 1) // CLUSTER
            if contiguous:
                write(last, b"\xEE" * (len(data) - (last - first) * CLUSTER))
        if index % 5 == 4:
            # One that was deleted, and one of a kind that may be passed over.
            gone = bytearray(entry_set("gone", 0x20, seconds, 0, 0, False))
            for place in range(0, len(gone), 32):
                gone[place] &= 0x7F
            result += bytes(gone)
        result += entry_set(name, attributes, seconds, first, len(data), contiguous, valid)
    return result


bitmap_count = up(clusters, 8) // 8
bitmap_own = allocate(up(bitmap_count, CLUSTER) // CLUSTER, False)
for own in bitmap_own:
    fat[own] = own + 1 if own != bitmap_own[-1] else 0xFFFFFFFF
capitals_first = store(table_packed, True)
entries = b""
label = options["label"].encode("utf-16-le")
entries += struct.pack("<BB22s8x", 0x83 if label else 3, len(label) // 2, label)
bitmap_entry = len(entries)
entries += struct.pack("<BB18xIQ", 0x81, 0, bitmap_own[0], bitmap_count)
entries += struct.pack("<B3xI12xIQ", 0x82, turned(table_packed, 32), capitals_first,
                       len(table_packed))
entries += directory(tree)
root = store(entries.ljust(up(len(entries) + 32, CLUSTER), b"\0"), True)

bitmap = bytearray(bitmap_count)
for index, is_used in enumerate(used):
    if is_used:
        bitmap[index // 8] |= 1 << index % 8
for index, own in enumerate(bitmap_own):
    write(own, bitmap[index * CLUSTER:(index + 1) * CLUSTER])

boot = bytearray(12 * SECTOR)
boot[:11] = b"\xEB\x76\x90EXFAT   "
struct.pack_into("<QQIIIIIIHHBBBBB", boot, 64, 0, options["size"] // SECTOR, fat_at, fat_sectors,
                 heap_at, clusters, root, int(options["serial"], 16), 0x100,
                 1 if options["tables"] == 2 else 0, options["sector"],
                 options["cluster"] - options["sector"], options["tables"], 0x80,
                 sum(used) * 100 // clusters)
boot[120:510] = b"\xF4" * 390
boot[510:512] = b"\x55\xAA"
for index in range(1, 9):
    struct.pack_into("<I", boot, (index + 1) * SECTOR - 4, 0xAA550000)
total = turned(boot[:11 * SECTOR], 32, (106, 107, 112))
boot[11 * SECTOR:] = struct.pack("<I", total) * (SECTOR // 4)
volume[:len(boot)] = boot
volume[len(boot):2 * len(boot)] = boot
place = (fat_at + (options["tables"] - 1) * fat_sectors) * SECTOR
volume[place:place + 4 * len(fat)] = struct.pack("<%dI" % len(fat), *fat)
open(image, "wb").write(volume)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Members of an md array: IMAGE.0, IMAGE.1 and so on, with superblocks as md_p.h has them.

usage: md.py IMAGE METADATA LEVEL LAYOUT COUNT DATA [key=value ...]

METADATA is 0.90, 1.0, 1.1 or 1.2, LEVEL 0, 1, 4, 5, 6, 10 or linear, LAYOUT md's number, DATA the
file that the array holds. Keys: chunk (bytes, 4096), name (boot), host (lab), uuid (hexadecimal),
number (of 0.90's device, 0), features, stale (a member that knows 5 changes less), faulty (a member
marked so), sizes (comma-separated MiB a member, for RAID 0 of several zones).
"""
import struct
import sys

from raid_layout import distribute

MAGIC = 0xA92B4EFC


def main():
    image, metadata, level, layout, count, source = sys.argv[1:7]
    keys = dict(word.split("=", 1) for word in sys.argv[7:])
    level = -1 if level == "linear" else int(level)
    layout, count = int(layout, 0), int(count)
    chunk = int(keys.get("chunk", 4096))
    with open(source, "rb") as file:
        data = file.read()
    keys["metadata"] = metadata
    members = contents(data, level, layout, count, chunk, keys)
    used = 0 if level < 0 or "sizes" in keys else max(len(member) for member in members)
    for index, member in enumerate(members):
        name = f"{image}.{index}"
        role = 0xFFFE if keys.get("faulty") == str(index) else index
        events = 20 - (5 if keys.get("stale") == str(index) else 0)
        block = old if metadata == "0.90" else new
        with open(name, "wb") as file:
            file.write(block(metadata, level, layout, chunk, count, used, member, role, events,
                             index, keys))


def contents(data, level, layout, count, chunk, keys):
    """What the array's members hold, without superblocks."""
    if level < 0:
        # With metadata 0.90 a member ends at a multiple of 64 KiB.
        unit = 64 << 10 if keys["metadata"] == "0.90" else chunk
        each = -(-len(data) // count // unit) * unit
        return [data[n * each:(n + 1) * each].ljust(each, b"\0") for n in range(count)]
    if "sizes" not in keys:
        return distribute(data, level, layout, count, chunk)
    # Zones: where a member ends, the others go on. Layout 1 counts chunks from the array's start.
    ends = [(int(size) << 20) // chunk * chunk for size in keys["sizes"].split(",")]
    members = [bytearray() for _ in range(count)]
    position = start = number = 0
    for end in sorted(set(ends)):
        zone = [member for member in range(count) if ends[member] >= end]
        for _ in range((end - start) // chunk):
            for step in range(len(zone)):
                turn = number if layout == 1 else step
                members[zone[turn % len(zone)]] += data[position:position + chunk].ljust(
                    chunk, b"\0")
                position += chunk
                number += 1
        start = end
    return [bytes(member) for member in members]


def fold(block):
    total = sum(struct.unpack(f"<{len(block) // 4}I", block))
    return (total & 0xFFFFFFFF) + (total >> 32) & 0xFFFFFFFF


def new(metadata, level, layout, chunk, count, used, member, role, events, index, keys):
    """A member with a superblock of version 1."""
    offset = {"1.0": 0, "1.1": 64 << 10, "1.2": 64 << 10}[metadata]
    size = offset + len(member) + (64 << 10)
    place = {"1.0": (size // 512 - 16) // 8 * 8 * 512, "1.1": 0, "1.2": 4096}[metadata]
    room = len(member) if metadata != "1.0" else place // 4096 * 4096
    if level < 0 or "sizes" in keys:
        room = len(member)
    name = f"{keys.get('host', 'lab')}:{keys.get('name', 'boot')}".encode()
    block = bytearray(4096)
    features = int(keys.get("features", "0"), 0) | (4096 if "sizes" in keys and layout else 0)
    struct.pack_into("<IIII", block, 0, MAGIC, 1, features, 0)
    block[16:32] = bytes.fromhex(keys.get("uuid", "00112233445566778899aabbccddeeff"))
    block[32:64] = name.ljust(32, b"\0")
    struct.pack_into("<QiIQII", block, 64, 1700000000, level, layout, used // 512,
                     0 if level == 1 else chunk // 512, count)
    struct.pack_into("<QQQQI", block, 128, offset // 512, room // 512, place // 512, 0, index)
    block[168:184] = bytes([index + 1] * 16)
    struct.pack_into("<QQQII", block, 192, 1700000001, events, 2 ** 64 - 1, 0, 128)
    for slot in range(128):
        struct.pack_into("<H", block, 256 + 2 * slot, slot if slot < count else 0xFFFF)
    struct.pack_into("<H", block, 256 + 2 * index, role)
    struct.pack_into("<I", block, 216, fold(bytes(block[:256 + 2 * 128])))
    result = bytearray(size)
    result[offset:offset + len(member)] = member
    result[place:place + 4096] = block
    return result


def old(metadata, level, layout, chunk, count, used, member, role, events, index, keys):
    """A member with a superblock of version 0.90."""
    unit = 64 << 10
    place = -(-len(member) // unit) * unit
    uuid = struct.unpack(">4I", bytes.fromhex(keys.get("uuid", "00112233445566778899aabbccddeeff")))
    words = [0] * 1024
    words[0:14] = [MAGIC, 0, 90, 0, 0, uuid[0], 1700000000, level & 0xFFFFFFFF, used // 1024, count,
                   count, int(keys.get("number", 0)), 0, uuid[1]]
    words[14:16] = uuid[2:]
    words[32:38] = [1700000001, 1, count, count, 0, 0]
    words[39] = events
    words[64:66] = [layout, chunk]
    for slot in range(count):
        words[128 + 32 * slot:133 + 32 * slot] = [slot, 202, slot << 4, slot, 6]
    words[992:997] = [index, 202, index << 4, index, 6 if role == index else 1]
    words[38] = fold(struct.pack("<1024I", *words))
    order = ">" if keys.get("endian") == "big" else "<"
    result = bytearray(place + unit)
    result[:len(member)] = member
    result[place:place + 4096] = struct.pack(order + "1024I", *words)
    return result


main()

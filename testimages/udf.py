# SPDX-License-Identifier: GPL-2.0-or-later
"""A UDF file system with the files of a folder.

usage: udf.py IMAGE FOLDER [key=value ...]

Keys: block (2048), kind of partition (plain, sparable, virtual, metadata), entry (file, extended),
allocation (short, long, inline, chained: one descriptor in each extent of them), chars (8, 16, or
auto), piece (blocks of a file in one extent; 0 for all), moved (packets of a sparable partition that
have moved), broken (main: the main metadata file is damaged; sequence: the main descriptors are),
anchor (256, or end: that alone is good), strategy (4, or 4096 with a replaced entry in front of each),
deleted (1: each directory has a deleted name of each file too), holes (1: zeros of a block are not
stored), label, set (the identifier of the volume set), revision (0x201).
Blocks and descriptors are laid out by ECMA-167; no code is shared with the reader.
"""
import os
import stat
import struct
import sys

PACKET = 32


def crc(data):
    state = 0
    for byte in data:
        state ^= byte << 8
        for _ in range(8):
            state = (state << 1 ^ 0x1021 if state & 0x8000 else state << 1) & 0xFFFF
    return state


def tag(number, location, body, version=3):
    head = struct.pack("<HHBBHHHI", number, version, 0, 0, 1, crc(body), len(body), location)
    total = (sum(head) - head[4]) & 0xFF
    return head[:4] + bytes([total]) + head[5:] + body


def compressed(text, chars):
    if chars == "8" or chars == "auto" and all(ord(letter) < 256 for letter in text):
        return b"\x08" + text.encode("latin-1")
    return b"\x10" + text.encode("utf-16-be")


def field(text, size, chars="auto"):
    data = compressed(text, chars) if text else b""
    return data.ljust(size - 1, b"\0") + bytes([len(data)])


def entity(name, suffix=b""):
    return b"\0" + name.encode().ljust(23, b"\0") + suffix.ljust(8, b"\0")


CHARSET = b"\0" + b"OSTA Compressed Unicode".ljust(63, b"\0")


def stamp(seconds):
    days, rest = divmod(int(seconds), 86400)
    year = 1970
    while True:
        length = 366 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 365
        if days < length:
            break
        days -= length
        year += 1
    months = [31, length - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    month = 0
    while days >= months[month]:
        days -= months[month]
        month += 1
    # An hour east of Greenwich.
    rest += 3600
    extra = rest // 86400
    return struct.pack("<HHBBBBBBBB", 0x1000 | 60, year, month + 1, days + 1 + extra,
                       rest % 86400 // 3600, rest % 3600 // 60, rest % 60, 0, 0, 0)


class Space:
    """Blocks of a partition that are handed out one after the other."""

    def __init__(self, size):
        self.size = size
        self.blocks = []

    def take(self, count=1):
        first = len(self.blocks)
        self.blocks += [bytes(self.size)] * count
        return first

    def put(self, block, data):
        for index in range(-(-len(data) // self.size)):
            part = data[index * self.size:(index + 1) * self.size]
            self.blocks[block + index] = part.ljust(self.size, b"\0")


class Volume:
    def __init__(self, keys):
        self.keys = keys
        self.size = int(keys.get("block", 2048))
        self.kind = keys.get("kind", "plain")
        self.data = Space(self.size)
        # Where file entries and directories are, and by which number of partition.
        self.meta = self.data if self.kind in ("plain", "sparable") else Space(self.size)
        self.meta_ref = 0 if self.meta is self.data else 1
        self.unique = 16

    def get(self, name, default=""):
        return self.keys.get(name, default)

    def descriptors(self, pieces, allocation):
        if allocation == "short":
            return [struct.pack("<II", length, block) for length, block, _ in pieces]
        return [struct.pack("<IIH6x", length, block, ref) for length, block, ref in pieces]

    def pieces(self, data, space, ref):
        """Extents of the contents: (length with the type in its high bits, block, partition)."""
        step = (int(self.get("piece", 0)) or (1 << 18)) * self.size
        result = []
        for start in range(0, len(data), step):
            part = data[start:start + step]
            if self.get("holes") and not any(part):
                result.append((len(part) | (2 << 30 if start % (2 * step) else 1 << 30), 0, 0))
                continue
            block = space.take(-(-len(part) // self.size))
            space.put(block, part)
            result.append((len(part), block, ref))
            if self.get("piece"):
                space.take()  # So that the next one is not its neighbour.
        return result

    def entry(self, kind, data, mode, seconds, block, space, ref, uid=0):
        """Puts the file entry of some contents into a block."""
        allocation = self.get("allocation", "short")
        extended = self.get("entry") == "extended"
        header = 216 if extended else 176
        if allocation == "inline" and len(data) > self.size - header:
            allocation = "long"
        is_meta = kind in (4, 250, 251)
        where, number = (space, ref) if is_meta else (self.data, 0)
        if number != ref and allocation == "short":
            allocation = "long"
        if allocation == "inline":
            area, form, count = data, 3, 0
        else:
            pieces = self.pieces(data, where, number)
            form = 0 if allocation == "short" else 1
            parts = self.descriptors(pieces, "short" if form == 0 else "long")
            count = sum(-(-(length & 0x3FFFFFFF) // self.size) for length, _, _ in pieces)
            area = self.chain(parts, form, space, ref) if allocation == "chained" or len(
                b"".join(parts)) > self.size - header else b"".join(parts)
        # The bits of each class are its three of POSIX, and two more.
        permissions = mode & 7 | (mode & 0o70) << 2 | (mode & 0o700) << 4
        flags = form | (0x40 if mode & 0o4000 else 0) | (0x80 if mode & 0o2000 else 0) | (
            0x100 if mode & 0o1000 else 0)
        strategy = int(self.get("strategy", 4)) if not kind > 247 else 4
        icb = struct.pack("<IHHHBBIHH", 0, strategy, 0, 1, 0, kind, 0, 0, flags)
        time = stamp(seconds)
        body = icb + struct.pack("<IIIHBBI", 0xFFFFFFFF, 0xFFFFFFFF, permissions, 1, 0, 0, 0)
        body += struct.pack("<Q", len(data))
        if extended:
            body += struct.pack("<QQ", len(data), count) + stamp(0) + time + stamp(1) + stamp(2)
            body += struct.pack("<II16x16x", 1, 0)
        else:
            body += struct.pack("<Q", count) + stamp(0) + time + stamp(1)
            body += struct.pack("<I16x", 1)
        body += entity("*pvgrub-swift test") + struct.pack("<QII", self.unique, 0, len(area)) + area
        self.unique += 1
        space.put(block, tag(266 if extended else 261, block, body))

    def chain(self, parts, form, space, ref):
        """Descriptors of which each but the first is in an extent of its own."""
        after = b""
        for part in reversed(parts[1:]):
            block = space.take()
            area = part + after
            space.put(block, tag(258, block, struct.pack("<II", 0, len(area)) + area))
            after = struct.pack("<II", self.size | 3 << 30, block) if form == 0 else struct.pack(
                "<IIH6x", self.size | 3 << 30, block, ref)
        return b"".join(parts[:1]) + after

    def place(self):
        """A block for a file entry; with strategy 4096 one behind an entry that it replaces."""
        if self.get("strategy") != "4096":
            return self.meta.take()
        old = self.meta.take(2)
        new = self.meta.take(2)
        self.entry(5, b"replaced", 0o644, 0, old, self.meta, self.meta_ref)
        icb = struct.pack("<IHHHBBIHH", 1, 4096, 0, 1, 0, 3, 0, 0, 0)
        self.meta.put(old + 1, tag(259, old + 1, icb + struct.pack(
            "<IIH6x", self.size, new, self.meta_ref)))
        self.replaced[new] = old
        return new

    def name(self, text, flags, block, chars):
        data = compressed(text, chars) if text else b""
        body = struct.pack("<HBBIIH6xH", 1, flags, len(data), self.size, block, self.meta_ref, 0)
        body = (body + data).ljust((38 + len(data) + 3) // 4 * 4 - 16, b"\0")
        return tag(257, 0, body)

    def tree(self, folder, parent=None):
        """Puts a folder; gives the block of its entry."""
        block = self.place()
        known = self.replaced.get(block, block)
        parts = [self.name("", 10, parent if parent is not None else known, "auto")]
        for text in sorted(os.listdir(folder)):
            path = os.path.join(folder, text)
            info = os.lstat(path)
            mode = stat.S_IMODE(info.st_mode)
            if stat.S_ISDIR(info.st_mode):
                child, flags = self.tree(path, known), 2
            else:
                child, flags = self.place(), 0
                if stat.S_ISLNK(info.st_mode):
                    kind, data = 12, self.link(os.readlink(path))
                else:
                    kind = 5
                    with open(path, "rb") as file:
                        data = file.read()
                self.entry(kind, data, mode, info.st_mtime, child, self.meta, self.meta_ref)
                child = self.replaced.get(child, child)
            chars = self.get("chars", "auto")
            if self.get("deleted"):
                parts.append(self.name(text, flags | 4, known, chars))
            parts.append(self.name(text, flags, child, chars))
        info = os.stat(folder)
        self.entry(4, b"".join(parts), stat.S_IMODE(info.st_mode), info.st_mtime, block, self.meta,
                   self.meta_ref)
        return known

    def link(self, target):
        result = b""
        if target.startswith("/"):
            result += bytes([2, 0, 0, 0])
        for part in target.strip("/").split("/"):
            if part in (".", ".."):
                result += bytes([4 if part == "." else 3, 0, 0, 0])
            else:
                data = compressed(part, "auto")
                result += bytes([5, len(data), 0, 0]) + data
        return result

    def partition_maps(self):
        first = struct.pack("<BBHH", 1, 6, 1, 0)
        if self.kind == "plain":
            return [first]
        head = struct.pack("<BB2x", 2, 64)
        if self.kind == "sparable":
            return [head + entity("*UDF Sparable Partition", b"\1\2") + struct.pack(
                "<HHHBxI4I", 1, 0, PACKET, 2, self.table_size, *self.table_places, 0, 0)]
        if self.kind == "virtual":
            return [first, (head + entity("*UDF Virtual Partition", b"\1\2") + struct.pack(
                "<HH", 1, 0)).ljust(64, b"\0")]
        return [first, head + entity("*UDF Metadata Partition", b"\x50\2") + struct.pack(
            "<HHIIIIHB5x", 1, 0, self.metadata_file, self.metadata_mirror, 0xFFFFFFFF, PACKET, 1, 0)]

    def logical(self, location, file_set):
        maps = b"".join(self.partition_maps())
        domain = struct.pack("<H", int(self.get("revision", "0x201"), 16))
        body = struct.pack("<I", 2) + CHARSET + field(self.get("label", "Label"), 128)
        body += struct.pack("<I", self.size) + entity("*OSTA UDF Compliant", domain)
        body += struct.pack("<IIH6x", self.size, file_set, self.meta_ref)
        body += struct.pack("<II", len(maps), len(self.partition_maps())) + entity("*pvgrub-swift")
        body += bytes(128) + struct.pack("<II", self.size, 64) + maps
        return tag(6, location, body)

    def sequence(self, first, start, file_set):
        """A sequence of descriptors from a sector on; old ones are in front of those that count."""
        old = tag(5, first + 3, struct.pack("<IHH", 1, 1, 0) + entity("+NSR03") + bytes(128)
                  + struct.pack("<III", 1, 1, 1).ljust(320, b"\0"))
        primary = struct.pack("<II", 1, 0) + field("Volume", 32) + struct.pack("<HHHHII", 1, 1, 2, 3, 1, 1)
        primary += field(self.get("set", "0123456789ABCDEFset"), 128) + CHARSET + CHARSET
        primary += bytes(16) + entity("*pvgrub-swift") + stamp(0) + entity("*pvgrub-swift") + bytes(90)
        part = struct.pack("<IHH", 3, 1, 0) + entity("+NSR03") + bytes(128)
        part += struct.pack("<III", 1, start, len(self.data.blocks)) + entity("*pvgrub-swift") + bytes(284)
        return [tag(1, first, primary), self.logical(first + 1, file_set), tag(5, first + 2, part), old,
                tag(8, first + 4, bytes(496))]

    def build(self, folder):
        self.replaced = {}
        self.table_size, self.table_places = 0, [0, 0]
        file_set = self.meta.take()
        root = self.tree(folder)
        body = stamp(0) + struct.pack("<HHIIII", 3, 3, 1, 1, 0, 0) + CHARSET + field("Label", 128)
        body += CHARSET + field("Files", 32) + bytes(64)
        body += struct.pack("<IIH6x", self.size, root, self.meta_ref) + entity("*OSTA UDF Compliant", b"\1\2")
        self.meta.put(file_set, tag(256, file_set, body.ljust(496, b"\0")))
        if self.kind == "metadata":
            self.add_metadata()
        if self.kind == "virtual":
            self.add_virtual()
        return self.image(file_set)

    def add_metadata(self):
        """The blocks of the metadata partition become those of a file, and of its mirror."""
        data = b"".join(self.meta.blocks)
        saved = dict(self.keys)
        self.keys.update({"allocation": "short", "piece": "5", "holes": ""})
        for kind, name in ((250, "metadata_file"), (251, "metadata_mirror")):
            block = self.data.take()
            setattr(self, name, block)
            self.entry(kind, data, 0, 0, block, self.data, 0)
        self.keys = saved
        if self.get("broken") == "main":
            self.data.blocks[self.metadata_file] = bytes(self.size)

    def add_virtual(self):
        """The blocks of the virtual partition go to the end, the last one first, and then the table."""
        numbers = []
        for block in reversed(self.meta.blocks):
            numbers.append(self.data.take())
            self.data.blocks[numbers[-1]] = block
        numbers.reverse()
        head = struct.pack("<HH", 152, 0) + field("Label", 128) + struct.pack(
            "<IIIHHHH", 0xFFFFFFFF, 1, 1, 0x201, 0x201, 0x201, 0)
        old = int(self.get("revision", "0x201"), 16) < 0x200
        data = struct.pack(f"<{len(numbers)}I", *numbers)
        data = data + entity("*UDF Virtual Alloc Tbl") + struct.pack("<I", 0xFFFFFFFF) if old else head + data
        saved = dict(self.keys)
        self.keys.update({"allocation": "short", "piece": "", "holes": "", "strategy": "4"})
        pieces = self.data.take(-(-len(data) // self.size))
        self.data.put(pieces, data)
        block = self.data.take()
        icb = struct.pack("<IHHHBBIHH", 0, 4, 0, 1, 0, 0 if old else 248, 0, 0, 0)
        area = struct.pack("<II", len(data), pieces)
        body = icb + struct.pack("<IIIHBBIQQ", 0, 0, 0, 1, 0, 0, 0, len(data), 1) + stamp(0) * 3
        body += struct.pack("<I16x", 1) + entity("*pvgrub-swift") + struct.pack("<QII", 0, 0, len(area)) + area
        self.data.put(block, tag(261, block, body))
        self.keys = saved

    def image(self, file_set):
        size = self.size
        start = 288
        spare = []
        moves = []
        if self.kind == "sparable":
            self.data.take(-len(self.data.blocks) % PACKET)
            self.table_size = 56 + 8 * 8
            self.table_places = [272, 280]
            wanted = [int(number) for number in self.get("moved", "").split(",") if number]
            where = start + len(self.data.blocks)
            for number in wanted:
                first = number * PACKET
                moves.append((first, where + len(spare)))
                spare += self.data.blocks[first:first + PACKET]
                self.data.blocks[first:first + PACKET] = [b"\xee" * size] * PACKET
        total = start + len(self.data.blocks) + len(spare)
        end = total if self.kind == "virtual" else total + 257
        sectors = {}
        for index, block in enumerate(self.data.blocks + spare):
            sectors[start + index] = block
        for first in (96, 128):
            for index, data in enumerate(self.sequence(first, start, file_set)):
                sectors[first + index] = data
            if self.get("broken") == "sequence" and first == 96:
                sectors[97] = b"\xff" * size
        sectors[64] = tag(9, 64, stamp(0) + struct.pack("<I8x32xII", 1, 1, 0) + bytes(8))
        anchor = struct.pack("<IIII", 16 * size, 96, 16 * size, 128) + bytes(480)
        if self.get("anchor") != "end":
            sectors[256] = tag(2, 256, anchor)
        if self.kind != "virtual":
            sectors[end - 1] = tag(2, end - 1, anchor)
        if self.kind == "sparable":
            moves += [(0xFFFFFFF0, 1)] * (8 - len(moves))
            for number, place in enumerate(self.table_places):
                # The first copy is older, and knows of no move.
                entries = [(0xFFFFFFFF, 0)] * 8 if number == 0 else moves
                body = entity("*UDF Sparing Table") + struct.pack("<HHI", 8, 0, number + 1)
                sectors[place] = tag(0, place, body + b"".join(struct.pack("<II", *entry) for entry in entries))
        result = bytearray(end * size)
        for sector, data in sectors.items():
            result[sector * size:sector * size + len(data)] = data
        step = max(size, 2048)
        for index, name in enumerate((b"BEA01", b"NSR03", b"TEA01")):
            result[32768 + index * step:32768 + index * step + 7] = b"\0" + name + b"\1"
        return result


def main():
    image, folder = sys.argv[1:3]
    keys = dict(word.split("=", 1) for word in sys.argv[3:])
    with open(image, "wb") as file:
        file.write(Volume(keys).build(folder))


main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""A volume group of LVM2: physical volumes IMAGE.0, IMAGE.1 and so on.

usage: lvm.py IMAGE COUNT [key=value ...] VOLUME...

A VOLUME is NAME:TYPE:DATA with a file of contents, or NAME:TYPE for one that has a name alone. Types:
linear; split (in two segments, the second one on the last physical volume); striped; mirror; raid0,
raid1, raid10, raid5_*, raid6_*; zero; any other stands in the text as it is. Keys: group (my-vg),
seqno (7), wrap (1: the text goes round the end of its area), missing (a physical volume with that
flag), stale (an image with old metadata of device-mapper), nometadata (a physical volume without a
metadata area), old (a physical volume that knows an earlier text without logical volumes), many (so
many logical volumes of one extent of zeros, lv0 and on, in front of all others).
"""
import struct
import sys
import zlib

from raid_layout import distribute

EXTENT = 64 << 10
STRIPE = 8 << 10
START = 1 << 20
AREA = (4096, 60 << 10)
RAID_LAYOUTS = {
    "raid5": (5, 2), "raid5_ls": (5, 2), "raid5_la": (5, 0), "raid5_ra": (5, 1), "raid5_rs": (5, 3),
    "raid5_n": (5, 5), "raid6": (6, 8), "raid6_zr": (6, 8), "raid6_nr": (6, 9), "raid6_nc": (6, 10),
    "raid6_n_6": (6, 5), "raid6_ls_6": (6, 18), "raid6_rs_6": (6, 19), "raid6_la_6": (6, 16),
    "raid6_ra_6": (6, 17), "raid10": (10, 0x102), "raid1": (1, 0), "raid0": (0, 0),
    "raid0_meta": (0, 0),
}


def checksum(data):
    """CRC-32 with another beginning and no inversion at the end."""
    return ~zlib.crc32(data, ~0xF597A6CF & 0xFFFFFFFF) & 0xFFFFFFFF


def identifier(kind, number):
    text = f"{kind}{number:03}".ljust(32, "x")
    cuts = [0, 6, 10, 14, 18, 22, 26, 32]
    return "-".join(text[a:b] for a, b in zip(cuts, cuts[1:]))


class Group:
    def __init__(self, count, keys):
        self.keys = keys
        self.count = count
        self.contents = [bytearray() for _ in range(count)]
        self.volumes = []
        self.many = int(keys.get("many", 0))
        for index in range(self.many):
            self.volume(f"lv{index}", [(1, "")])

    def allocate(self, physical, data):
        """Puts data behind what a physical volume holds; gives the first extent and the count."""
        first = len(self.contents[physical]) // EXTENT
        extents = -(-len(data) // EXTENT)
        self.contents[physical] += data.ljust(extents * EXTENT, b"\0")
        return first, extents

    def volume(self, name, segments, visible=True):
        status = '["READ", "WRITE"' + (', "VISIBLE"]' if visible else "]")
        lines = [f"{name} {{", f'id = "{identifier("LV", len(self.volumes))}"', f"status = {status}",
                 "flags = []", "creation_time = 1700000000\t# a comment", 'creation_host = "lab"',
                 f"segment_count = {len(segments)}", ""]
        start = 0
        for number, (extents, text) in enumerate(segments, 1):
            lines += [f"segment{number} {{", f"start_extent = {start}", f"extent_count = {extents}",
                      "", text, "}"]
            start += extents
        self.volumes.append("\n".join(lines + ["}"]))

    def linear(self, physical, data):
        first, extents = self.allocate(physical, data)
        return (extents, f'type = "striped"\nstripe_count = 1\n\nstripes = [\n"pv{physical}", {first}\n]')

    def add(self, name, kind, data):
        if kind == "linear":
            self.volume(name, [self.linear(0, data)])
        elif kind == "split":
            half = len(data) // EXTENT // 2 * EXTENT
            self.allocate(0, bytes(EXTENT))
            self.volume(name, [self.linear(0, data[:half]), self.linear(self.count - 1, data[half:])])
        elif kind == "striped":
            self.add_striped(name, data)
        elif kind == "mirror":
            self.add_mirror(name, data)
        elif kind == "zero":
            self.volume(name, [(4, 'type = "zero"')])
        elif kind == "snapshot":
            self.volume("store", [self.linear(0, bytes(EXTENT))])
            self.volume(name, [(1, 'type = "snapshot"\nchunk_size = 8\norigin = "root"\n'
                                   'cow_store = "store"')], visible=False)
        elif kind in RAID_LAYOUTS:
            self.add_raid(name, kind, data)
        else:
            self.volume(name, [(4, f'type = "{kind}"')])

    def add_striped(self, name, data):
        unit = EXTENT * self.count
        data = data.ljust(-(-len(data) // unit) * unit, b"\0")
        places = []
        for physical, part in enumerate(distribute(data, 0, 0, self.count, STRIPE)):
            places.append(f'"pv{physical}", {self.allocate(physical, part)[0]}')
        self.volume(name, [(len(data) // EXTENT,
                            f'type = "striped"\nstripe_count = {self.count}\n'
                            f'stripe_size = {STRIPE // 512}\n\nstripes = [\n'
                            + ",\n".join(places) + "\n]")])

    def add_mirror(self, name, data):
        extents = -(-len(data) // EXTENT)
        legs = []
        for physical in range(self.count):
            leg = f"{name}_mimage_{physical}"
            self.volume(leg, [self.linear(physical, data)], visible=False)
            legs.append(f'"{leg}", 0')
        self.volume(name, [(extents, f'type = "mirror"\nmirror_count = {self.count}\n'
                                     f'region_size = 1024\n\nmirrors = [\n' + ",\n".join(legs) + "\n]")])

    def add_raid(self, name, kind, data):
        level, layout = RAID_LAYOUTS[kind]
        count = self.count
        width = {0: count, 1: 1, 5: count - 1, 6: count - 2, 10: count // 2}[level]
        unit = EXTENT * width
        data = data.ljust(-(-len(data) // unit) * unit, b"\0")
        names = []
        for physical, part in enumerate(distribute(data, level, layout, count, STRIPE)):
            image, state = f"{name}_rimage_{physical}", f"{name}_rmeta_{physical}"
            self.volume(image, [self.linear(physical, part)], visible=False)
            if kind == "raid0":
                names.append(f'"{image}"')
                continue
            old = self.keys.get("stale") == str(physical)
            block = struct.pack("<4sIIIQQQQ", b"DmRd", 0, count, physical, 3 if old else 9, 0,
                                2 ** 64 - 1, 2 ** 64 - 1)
            self.volume(state, [self.linear(physical, block)], visible=False)
            names.append(f'"{state}", "{image}"')
        text = f'type = "{kind}"\n'
        text += f"device_count = {count}\nregion_size = 1024\n" if level in (1, 5, 6, 10) else ""
        text += f"stripe_count = {count}\n" if level in (0, 10) else ""
        text += f"stripe_size = {STRIPE // 512}\n" if level != 1 else ""
        text += f"\n{'raid0_lvs' if kind == 'raid0' else 'raids'} = [\n" + ",\n".join(names) + "\n]"
        self.volume(name, [(len(data) // EXTENT, text)])

    def text(self, sequence, with_volumes):
        name = self.keys.get("group", "my-vg")
        lines = [f"{name} {{", f'id = "{identifier("VG", 0)}"',
                 f"seqno = {sequence}", 'format = "lvm2"', 'status = ["RESIZEABLE", "READ", "WRITE"]',
                 "flags = []", f"extent_size = {EXTENT // 512}", "max_lv = 0", "max_pv = 0",
                 "metadata_copies = 0", "", "physical_volumes {"]
        for number in range(self.count):
            flags = '["MISSING"]' if self.keys.get("missing") == str(number) else "[]"
            lines += [f"\npv{number} {{", f'id = "{identifier("PV", number)}"',
                      f'device = "/dev/xvd{"abcdefgh"[number]}"\t# Hint only', "",
                      'status = ["ALLOCATABLE"]', f"flags = {flags}",
                      f"dev_size = {self.size(number) // 512}", f"pe_start = {START // 512}",
                      f"pe_count = {(self.size(number) - START) // EXTENT}", "}"]
        lines += ["}", ""]
        if with_volumes:
            lines += ["logical_volumes {", ""] + self.placed() + ["}", ""]
        lines += ["}", "# Generated for a test", "", 'contents = "Text Format Volume Group"',
                  "version = 1", "", r'description = "a \"quoted\" word and a \\"', "",
                  'creation_host = "lab"', "creation_time = 1700000000", ""]
        return "\n".join(lines).encode() + b"\0"

    def placed(self):
        """The volumes; those of one extent lie behind everything on the first physical volume."""
        first = len(self.contents[0]) // EXTENT
        return [text.replace("extent_count = 1\n\n\n", "extent_count = 1\n\ntype = \"striped\"\n"
                             f"stripe_count = 1\n\nstripes = [\n\"pv0\", {first + index}\n]\n")
                for index, text in enumerate(self.volumes[:self.many])] + self.volumes[self.many:]

    def size(self, number):
        return START + len(self.contents[number]) + (self.many * EXTENT if number == 0 else 0)

    def image(self, number):
        has_area = self.keys.get("nometadata") != str(number)
        header = bytearray(512)
        header[0:32] = struct.pack("<8sQII8s", b"LABELONE", 1, 0, 32, b"LVM2 001")
        name = identifier("PV", number).replace("-", "").encode()
        areas = [START, 0, 0, 0] + (list(AREA) if has_area else []) + [0, 0]
        fields = struct.pack(f"<32sQ{len(areas)}Q", name, self.size(number), *areas)
        header[32:32 + len(fields)] = fields
        struct.pack_into("<I", header, 16, checksum(bytes(header[20:])))
        result = bytearray(START + len(self.contents[number]))
        result[512:1024] = header
        if has_area:
            self.write_area(result, number)
        result[START:] = self.contents[number]
        return result

    def write_area(self, result, number):
        is_old = self.keys.get("old") == str(number)
        text = self.text(int(self.keys.get("seqno", 7)) - (1 if is_old else 0), not is_old)
        start, size = AREA
        offset = size - 512 if self.keys.get("wrap") else 512
        first = text[:size - offset]
        result[start + offset:start + offset + len(first)] = first
        rest = text[len(first):]
        result[start + 512:start + 512 + len(rest)] = rest if rest else result[
            start + 512:start + 512 + len(rest)]
        area = struct.pack("<16sIQQQQII", b" LVM2 x[5A%r0N*>", 1, start, size, offset, len(text),
                           checksum(text), 0).ljust(508, b"\0")
        result[start:start + 512] = struct.pack("<I", checksum(area)) + area


def main():
    image, count = sys.argv[1], int(sys.argv[2])
    words = sys.argv[3:]
    keys = dict(word.split("=", 1) for word in words if "=" in word and ":" not in word)
    if "many" in keys:
        global START, AREA
        START, AREA = 8 << 20, (4096, (8 << 20) - 4096)
    group = Group(count, keys)
    for word in words:
        if ":" not in word:
            continue
        name, kind, *source = word.split(":", 2)
        data = b""
        if source:
            with open(source[0], "rb") as file:
                data = file.read()
        group.add(name, kind, data)
    for number in range(count):
        with open(f"{image}.{number}", "wb") as file:
            file.write(group.image(number))
            file.truncate(group.size(number))


if __name__ == "__main__":
    main()

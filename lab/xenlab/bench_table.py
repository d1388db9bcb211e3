# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench's results as tables."""

from __future__ import annotations

import dataclasses
import datetime
import re
import subprocess
from pathlib import Path

from . import bench_cases, matrix_table, products
from .bench_cases import Case
from .suites import choice

Results = dict[str, dict]


def seconds(ns: float | None) -> str:
    return "-" if ns is None else f"{ns / 1e9:.3f}"


def words(text: str) -> dict[str, int]:
    """`name=1 other=2` as a dictionary."""
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", text)}


def one_line(result: dict) -> str:
    times = " ".join(seconds(ns) for ns in result["ns"])
    rest = [f"{name}: {result[name]}" for name in ("milliseconds", "counters") if name in result]
    return f"{times} s  " + "  ".join(rest)


class Tables:
    """Everything that the document shows, out of the results of one or several runs."""

    def __init__(self, known: dict) -> None:
        self.cases: Results = known["cases"]
        self.floors: dict[str, dict[str, int]] = known["floors"]

    def ns(self, case: Case) -> int | None:
        result = self.cases.get(case.name)
        return result["ns"][-1] if result else None

    def own(self, case: Case) -> float | None:
        """What the loader adds to the time of a guest that the toolstack built."""
        ours = self.ns(case)
        built = self.ns(Case("toolstack", case.type, case.kernel, case.ramdisk))
        return None if ours is None or built is None else ours - built

    def floor(self, case: Case) -> float | None:
        """Reading the files by dd in dom0, and one call of the library that unpacks."""
        floors = self.floors.get(case.type)
        if not floors:
            return None
        size = self.size(case)
        # The reads' cost is a line: what a MiB more takes, and the start.
        slope = (floors["read-128"] - floors["read-8"]) / 120
        read = floors["read-8"] + slope * (size / 2**20 - 8)
        return read + floors.get(f"decode-{case.kernel}", 0)

    @staticmethod
    def size(case: Case) -> int:
        """The bytes of kernel and ramdisk."""
        names = (f"packed-{case.kernel}", bench_cases.ramdisk_name(case.ramdisk))
        return sum(products.product(name).stat().st_size for name in names)

    def boots(self, type_: str) -> str:
        lines = [
            f"| {type_.upper()} kernel | ramdisk MiB | toolstack | pvgrub2 | ours | "
            "pvgrub2's own | our own | factor | floor | our own / floor |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for kernel in bench_cases.KERNELS:
            for mib in bench_cases.RAMDISKS:
                case = {one: Case(one, type_, kernel, mib) for one in bench_cases.LOADERS}
                if self.ns(case["ours"]) is None:
                    continue
                theirs, own = self.own(case["pvgrub2"]), self.own(case["ours"])
                floor = self.floor(case["ours"])
                factor = f"{theirs / own:.1f}" if theirs and own else "-"
                ratio = f"{own / floor:.2f}" if own and floor else "-"
                cells = [kernel, str(mib)]
                cells += [seconds(self.ns(case[one])) for one in bench_cases.LOADERS]
                cells += [seconds(theirs), seconds(own), factor, seconds(floor), ratio]
                lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def created(self, case: Case) -> int | None:
        """From `xl create` to the kernel's first line."""
        result = self.cases.get(case.name)
        return result["create"] + result["ns"][-1] if result and "create" in result else None

    def peers(self) -> str:
        """Every release of a peer; nothing if none was measured."""
        names = ("toolstack", *bench_cases.PEERS, "ours")
        lines = []
        for kernel in bench_cases.KERNELS:
            cases = [Case(one, kernel=kernel, ramdisk=bench_cases.PEERS_MIB) for one in names]
            times = [self.created(case) for case in cases]
            if any(times[1:-1]):
                lines.append(f"| {kernel} | " + " | ".join(map(seconds, times)) + " |")
        if not lines:
            return ""
        heads = [matrix_table.heading("direct" if one == "toolstack" else one) for one in names]
        return "\n".join(["| kernel | " + " | ".join(heads) + " |",
                          "|---" * (len(heads) + 1) + "|", *lines])

    PHASES = ("connect", "search", "menu", "kernel", "ramdisks", "handover", "total")
    COUNTERS = ("hypercalls", "requests", "read", "grants", "sleeps", "copied", "peak")

    def phases(self) -> str:
        heads = ["guest", *(f"{one} ms" for one in self.PHASES), *self.COUNTERS, "bytes a request"]
        lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
        for case in bench_cases.all_cases():
            result = self.cases.get(case.name)
            if case.loader != "ours" or not result:
                continue
            times = words(str(result.get("milliseconds", "")))
            counts = words(str(result.get("counters", "")))
            cells = [case.name.removeprefix("ours-")]
            cells += [str(times.get(one, "-")) for one in self.PHASES]
            cells += [str(counts.get(one, "-")) for one in self.COUNTERS]
            requests = counts.get("requests", 0)
            cells.append(str(counts["read"] // requests) if requests else "-")
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def slow_disks(self) -> str:
        lines = [
            "| disk | kernel | ramdisk MiB | loader | to the first line | own | own without latency | "
            "dd of the same bytes in dom0 | own / the larger |", "|---" * 9 + "|"]
        for case in bench_cases.others():
            if case.disk == "memory" or self.ns(case) is None:
                continue
            disk = "QEMU's backend"
            work = dd = None
            if case.disk.isdigit():
                disk = f"{int(case.disk) / 1000:g} us a request"
                work = self.own(dataclasses.replace(case, disk=bench_cases.LATENCIES[0]))
                slow = self.floors["pv"].get(f"slow-{case.disk}")
                dd = slow and slow / 32 * self.size(case) / 2**20
            own = self.own(case)
            ratio = f"{own / max(work, dd):.2f}" if own and work and dd else "-"
            lines.append(
                f"| {disk} | {case.kernel} | {case.ramdisk} | {case.loader} | {seconds(self.ns(case))} | "
                f"{seconds(own)} | {seconds(work)} | {seconds(dd)} | {ratio} |")
        return "\n".join(lines)

    def rates(self) -> str:
        """How fast the ramdisk is read, beside Linux's own frontend."""
        result = self.cases.get(Case("toolstack", text=bench_cases.READING).name)
        # With other kernels most of it is read while they are unpacked.
        case = Case("ours", kernel="gzip", ramdisk=128)
        ours = words(str(self.cases.get(case.name, {}).get("milliseconds", "")))
        if not result or not ours:
            return ""
        linux = bench_cases.DD_MIB / ((result["ns"][1] - result["ns"][0]) / 1e9)
        size = products.product(bench_cases.ramdisk_name(128)).stat().st_size / 2**20
        return (f"Reading: Linux's own frontend with `dd bs=1M` reaches {linux:.0f} MiB/s of virtual time, "
                f"our ramdisk of {size:.0f} MiB {size / ours['ramdisks'] * 1000:.0f} MiB/s.")

    def floor_table(self) -> str:
        lines = ["| dom0 of | " + " | ".join(next(iter(self.floors.values()))) + " |",
                 "|---" * (len(next(iter(self.floors.values()))) + 1) + "|"]
        for type_, floors in self.floors.items():
            lines.append(f"| {type_} | " + " | ".join(seconds(ns) for ns in floors.values()) + " |")
        return "\n".join(lines)


def _image(loader: Path) -> str:
    stripped = loader.with_suffix(".stripped")
    subprocess.run(["strip", "-o", str(stripped), str(loader)], check=True)
    size = stripped.stat().st_size
    stripped.unlink()
    return f"{size} bytes stripped"


def tables(known: dict, loader: Path) -> str:
    """The whole document."""
    it = Tables(known)
    versions = "; ".join(known["versions"].values())
    menu = it.ns(Case("pvgrub2", timeout=-1, text=bench_cases.MENU))
    quick = words(str(it.cases.get(Case("ours", kernel="lz4").name, {}).get("milliseconds", "")))
    parts = [
        "# Benchmarks",
        f"Written by `make bench` on {datetime.date.today().isoformat()} ({versions}; image "
        f"{known['image']}, {_image(loader)}).",
        "Seconds from `xl unpause` to the kernel's first line, in the lab under QEMU's `-icount "
        "shift=0,sleep=off`: one instruction takes one nanosecond, so the numbers repeat, but a "
        "hypercall, a cache miss or a TLB flush costs no more than any other instruction. *Own* is "
        "this time minus that of the same guest built by the toolstack. *Floor* is `dd` of the same "
        "bytes plus the same library's decoder, both run as programs in dom0 in the same run. "
        f"Guests have {bench_cases.GUEST_MIB} MiB; the disk is a file in dom0's memory. A dash means "
        "that the loader can't start such a kernel. The kernel is Debian's, recompressed.",
        "## Loaders", it.boots("pv"), it.boots("pvh"),
        "## The floors, in seconds", it.floor_table(),
        "## Our phases", it.phases(),
        "## Other disks", it.slow_disks(),
        it.rates(),
        "## Peers by release" if it.peers() else "",
        f"Seconds from `xl create` to the kernel's first line, on Xen {choice.suite.xen}, PV, with a "
        f"ramdisk of {bench_cases.PEERS_MIB} MiB. `xl create` itself is counted in steps of 10 ms: pygrub "
        "runs inside of it." if it.peers() else "",
        it.peers(),
        f"pvgrub2 shows its menu after {seconds(menu)} s; with an lz4 kernel and the small ramdisk "
        f"ours starts the kernel after {quick.get('total', 0) / 1000:.3f} s, counted from its own start.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures boots by counting instructions: toolstack, GRUB's loader and ours, in one run."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
from pathlib import Path

from . import (
    bench_cases, bench_table, cpio, disks, dom0image, installing, kernels, products, pygrub, runner, suites,
)
from .bench_cases import Case
from .machine import Machine
from .modules import Modules
from .paths import BUILD, DEFAULT_LOADER, LAB, PROJECT, LabError, key_of
from .suites import SUITES, choice

# Not among the logs of lab/run, which removes those of the run before.
LOGS = BUILD / "bench-logs"
DOM0_MIB = 2048
CASE_LIMIT = 3600.0
PACKED = ("xz", "zstd", "lz4", "gzip")
MEASURE_LIBRARIES = ("-llzma", "-lzstd", "-llz4", "-ldeflate")


def _results() -> Path:
    return choice.folder / "bench.json"


def _measure() -> bytes:
    """The program that measures in dom0, linked with the decoders that are in the loader."""
    program = BUILD / "measure"
    subprocess.run(["cc", "-O2", "-static", str(LAB / "bench/measure.c"), "-o", str(program),
                    *MEASURE_LIBRARIES], check=True)
    return program.read_bytes()


def _payload(kind: str) -> tuple[bytes, int]:
    """The packed kernel inside of a bzImage, and its size unpacked."""
    image = products.product(f"packed-{kind}").read_bytes()
    offset, length = kernels.setup_header(image)
    size = len(products.product("packed-elf").read_bytes())
    return image[offset : offset + length], size


def _ramdisk(loader: Path) -> Path:
    """dom0's base ramdisk, and behind it what is measured and what measures."""
    choice.folder.mkdir(parents=True, exist_ok=True)
    image = choice.folder / "bench.cpio"
    with image.open("wb") as out:
        out.write(dom0image.base_ramdisk().read_bytes())
        archive = cpio.CpioWriter(out)
        archive.directory("bench-modules")
        modules = Modules(choice.suite.kernel)
        *needed, slow = modules.load_order(["null_blk"])
        for name in needed:
            archive.file(f"bench-modules/{name}.ko", modules.content(name))
        archive.file("bench-modules/order", "".join(f"{name}.ko\n" for name in needed).encode())
        archive.file("bench-modules/slow/null_blk.ko", modules.content(slow))
        archive.file("lab/ours", loader.read_bytes())
        for name, file in (("pvgrub2-pv", "grub-x86_64-xen.bin"),
                           ("pvgrub2-pvh", "grub-i386-xen_pvh.bin")):
            archive.file(f"lab/{name}", (suites.dom0_root() / "usr/lib/grub-xen" / file).read_bytes())
        for name, suite in SUITES.items():
            file = suite.tools.root() / "usr/lib/grub-xen/grub-x86_64-xen.bin"
            archive.file(f"lab/grub-{name}", file.read_bytes())
        pygrub.add(archive)
        archive.file("lab/measure", _measure(), 0o755)
        archive.file("lab/bench.sh", (LAB / "dom0/bench.sh").read_bytes())
        for kind in PACKED:
            archive.file(f"payload/{kind}", _payload(kind)[0])
        archive.close()
    return image


def _pack() -> Path:
    names = [f"packed-{kind}" for kind in bench_cases.KERNELS]
    names += [bench_cases.ramdisk_name(mib) for mib in bench_cases.RAMDISKS]
    names.append(bench_cases.DD_RAMDISK)
    return disks.pack([disks.image_of(bench_cases.DISK), *map(products.product, names)], "bench")


class Bench:
    """One machine, and the results of the cases that it measures."""

    def __init__(self, image: Path, pack: Path, type_: str) -> None:
        logs = LOGS / f"bench-{type_}"
        logs.mkdir(parents=True, exist_ok=True)
        self.logs = logs
        memory = DOM0_MIB + 1024 + bench_cases.GUEST_MIB
        self.machine = Machine(image, pack, memory, logs, counted=True, dom0_mib=DOM0_MIB)
        self.type = type_
        self.device = self.kind = ""
        self.machine.wait_ready()
        self._run(". lab/bench.sh; bench_disk bench.img")

    def _run(self, command: str) -> str:
        answer = self.machine.command(command, CASE_LIMIT)
        if answer.status != 0:
            raise LabError(f"{command}: {answer.output}")
        return answer.output

    def _disk(self, case: Case) -> str:
        """Makes the case's disk ready with its menu; the line for the guest config."""
        wanted = case.disk if case.disk.isdigit() else "memory"
        if wanted != self.kind:
            command = f"bench_slow_disk bench.img {wanted}" if case.disk.isdigit() else "echo /dev/loop7"
            self.device = self._run(f". lab/bench.sh; {command}").split()[-1]
            self.kind = wanted
        menu = case.menu.replace("\n", "\\n")
        self._run(f". lab/bench.sh; bench_menu {self.device} {shlex.quote(menu)}")
        if case.loader == "pygrub":
            return f"vdev=xvda,access=rw,target={self.device}"
        if case.disk == "qdisk":
            return f"format=raw,vdev=xvda,access=rw,backendtype=qdisk,target={self.device}"
        return f"script=/etc/xen/scripts/blk,vdev=xvda,access=rw,target={self.device}"

    def _config(self, case: Case) -> str:
        lines = ['name="bench"', f'type="{case.type}"', f"memory={case.memory}", "vcpus=1"]
        if case.loader == "toolstack":
            kernel = products.product(f"packed-{case.kernel}")
            ramdisk = products.product(case.initrd or bench_cases.ramdisk_name(case.ramdisk))
            lines += [f'kernel="/disks/{kernel.name}"', f'ramdisk="/disks/{ramdisk.name}"',
                      f'cmdline="{bench_cases.LINE}"']
        elif case.loader == "pygrub":
            lines += ['bootloader="pygrub"', 'bootloader_args=["-q"]']
        else:
            file = f"pvgrub2-{case.type}" if case.loader == "pvgrub2" else case.loader
            lines.append(f'kernel="/lab/{file}"')
        lines.append(f"disk=['{self._disk(case)}']")
        lines += [f'{event}="destroy"' for event in ("on_poweroff", "on_reboot", "on_crash")]
        return "\n".join(lines) + "\n"

    def measure(self, case: Case) -> dict[str, object]:
        """Nanoseconds to each text, and what the loader reported."""
        text = self._config(case).replace("\\", "\\\\").replace("\n", "\\n")
        self._run(f"printf %b {shlex.quote(text)} >/lab/bench.cfg")
        output = self._run(
            f". lab/bench.sh; bench_guest /lab/bench.cfg bench {shlex.quote(case.text)}")
        (self.logs / f"{case.name}.txt").write_text(output)
        found = re.search(r"^ns=([\d ]+)$", output, re.MULTILINE)
        if not found:
            raise LabError(f"{case.name}: {output}")
        result: dict[str, object] = {"ns": [int(word) for word in found.group(1).split()]}
        created = re.search(r"^created=(\S+) (\S+)$", output, re.MULTILINE)
        if created:
            start, end = map(float, created.groups())
            result["create"] = round((end - start) * 1e9)
        for name, value in re.findall(r'^(\w+) = "(.*)"$', output, re.MULTILINE):
            if name in ("milliseconds", "bytes", "counters", "state"):
                result[name] = value
        return result

    def floors(self) -> dict[str, int]:
        """What the same bytes take dom0: reading them, and unpacking them with the same library."""
        found = {}
        for kind in PACKED:
            size = _payload(kind)[1]
            found[f"decode-{kind}"] = int(self._run(f"lab/measure decode {kind} /payload/{kind} {size}"))
        for mib in (8, 32, 128):
            self._run("echo 3 >/proc/sys/vm/drop_caches")
            found[f"read-{mib}"] = int(self._run(f"lab/measure read /dev/loop7 {mib << 20}"))
        if self.type == "pv":
            for latency in bench_cases.LATENCIES:
                self._run(f". lab/bench.sh; bench_slow_disk bench.img {latency}")
                self._run("echo 3 >/proc/sys/vm/drop_caches")
                found[f"slow-{latency}"] = int(self._run(f"lab/measure read /dev/nullb0 {32 << 20}"))
        return found

    def close(self) -> None:
        self.machine.close()


def _write_payloads(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind in PACKED:
        data, size = _payload(kind)
        (folder / kind).write_bytes(data)
        (folder / "size").write_text(f"{size}\n")


def _chosen(patterns: list[str]) -> list[Case]:
    cases = bench_cases.all_cases()
    if not patterns:
        return cases
    return [case for case in cases if any(re.search(one, case.name) for one in patterns)]


def _versions() -> dict[str, str]:
    wanted = ("xen-hypervisor", "linux-image-", "grub-xen-host", "qemu-system-xen")
    known = choice.suite.tools.versions() | choice.kernel.packages.versions()
    found = {name: f"{name} {version}" for name, version in known.items() if name.startswith(wanted)}
    found["qemu"] = subprocess.run(
        ["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    inside = PROJECT / "build/decoders/source/versions"
    if inside.exists():
        found["decoders"] = "in the image " + ", ".join(inside.read_text().splitlines())
    return found


def _run_all(options: argparse.Namespace) -> int:
    known = json.loads(_results().read_text()) if _results().exists() and options.only else {}
    results = known.setdefault("cases", {})
    known["versions"] = _versions()
    known["image"] = key_of(options.loader)[:12]
    image, pack = _ramdisk(options.loader), _pack()
    failed = 0
    for type_ in ("pv", "pvh"):
        cases = [case for case in _chosen(options.only) if case.type == type_]
        if not cases:
            continue
        bench = Bench(image, pack, type_)
        try:
            known.setdefault("floors", {})[type_] = bench.floors()
            for case in cases:
                try:
                    results[case.name] = bench.measure(case)
                    runner.say(f"{case.name}: {bench_table.one_line(results[case.name])}")
                except LabError as error:
                    failed += 1
                    results.pop(case.name, None)
                    runner.say(f"FAIL {case.name}: {error}")
                _results().write_text(json.dumps(known, indent=1) + "\n")
        finally:
            bench.close()
    return failed


def main(argv: list[str]) -> int:
    """Entry of lab/bench."""
    parser = argparse.ArgumentParser(prog="lab/bench", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="REGEX",
                        help="these cases alone; the others' results are kept")
    parser.add_argument("--list", action="store_true", help="names the cases")
    parser.add_argument("--loader", type=Path, default=DEFAULT_LOADER, metavar="FILE")
    parser.add_argument("--payloads", type=Path, metavar="FOLDER",
                        help="leaves the packed kernels there, for tools/bench-core")
    parser.add_argument("--write", type=Path, metavar="FILE", help="writes the tables there")
    suites.add_options(parser)
    options = parser.parse_args(argv)
    choice.set(options.suite, options.kernel)
    if options.list:
        return runner.list_names(case.name for case in bench_cases.all_cases())
    for suite in SUITES.values():
        installing.install(suite, [choice.kernel])
    pygrub.packages(choice.suite).install()
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        if options.payloads:
            _write_payloads(options.payloads)
        failed = _run_all(options)
    except LabError as error:
        runner.say(f"lab/bench: {error}")
        return 1
    table = bench_table.tables(json.loads(_results().read_text()), options.loader)
    runner.say(table)
    if options.write:
        options.write.write_text(table)
    return 1 if failed else 0

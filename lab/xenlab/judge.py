# SPDX-License-Identifier: GPL-2.0-or-later
"""Says what is wrong with one guest's outcome. An empty list is a pass."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from pathlib import Path

from . import disks, modules, paths, products, suites
from .guest import Outcome, plain_text
from .model import Scenario

# dom0's xenstore daemon in this run; what guests look like with another one is kept apart.
store = "xenstored"
MEMORY_TOLERANCE_KIB = 1024


def expand(pattern: str, scenario: Scenario) -> str:
    """Puts real values in place of <release>, <marker>, <crc:PRODUCT> and <bytes:PRODUCT>."""
    release = modules.kernel_release(disks.kernel_of(scenario))
    pattern = pattern.replace("<release>", re.escape(release))
    pattern = pattern.replace("<xen>", re.escape(suites.choice.suite.xen))
    first = next((disk.recipe for disk in scenario.disks if disk.recipe), None)
    if first is not None:
        marker = hashlib.sha256(disks.marker_of(first)).hexdigest()
        pattern = pattern.replace("<marker>", marker)
    for name in re.findall(r"<(?:crc|bytes):([\w-]+)>", pattern):
        data = products.product(name).read_bytes()
        pattern = pattern.replace(f"<crc:{name}>", f"{zlib.crc32(data):#x}")
        pattern = pattern.replace(f"<bytes:{name}>", str(len(data)))
    return pattern


def memory_seen(text: str) -> int:
    """MemTotal in KiB as the guest's kernel reports it; 0 if it never did."""
    found = re.search(r"^GUEST: memtotal=(\d+)$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


# What toolstack-built guests saw, kept between runs for one set of packages.


def _baseline_file() -> Path:
    name = "baselines.json" if store == "xenstored" else f"baselines-{store}.json"
    return suites.choice.folder / name


def _packages_key() -> str:
    return paths.key_of(suites.dom0_key(), suites.choice.kernel.packages.key())


def _baselines() -> dict[str, dict]:
    file = _baseline_file()
    known = json.loads(file.read_text()) if file.exists() else {}
    return known if known.get("packages") == _packages_key() else {}


def remember(scenario: Scenario, outcome: Outcome) -> None:
    """Keeps what a toolstack-built guest saw, to compare others with it."""
    seen = memory_seen(plain_text(outcome.console))
    if scenario.boot == "direct" and seen:
        known = _baselines()
        known["packages"] = _packages_key()
        known[scenario.name] = {
            "memory": seen, "probe": outcome.probe, "report": report_of(plain_text(outcome.console))
        }
        _baseline_file().write_text(json.dumps(known, indent=1) + "\n")


def is_known(name: str) -> bool:
    return name in _baselines()


# What a kernel may find after us that it does not find after the toolstack's builder.
ALLOWED = {
    "console in index": "the loader read keys; indices run on, and every frontend goes on from them",
    "console out index": "the loader wrote to the console",
    "xenstore requests index": "the loader asked xenstore",
    "xenstore responses index": "the loader asked xenstore",
    "slack pages used": "what the loader had in its memory is not cleared (README)",
    "grant frames": "the grant table only grows",
    "grant entries not zero": "an entry that ended keeps its frame's number, with no flag set",
    "mod_len": "the builder rounds an unmapped module up to pages; we give the exact size",
}


# Nodes of a living guest that one of the toolstack does not have, with all below them.
ALLOWED_NODES = {
    "/data/pvgrub-report": "the loader's report, which stays for the toolstack (README)",
}


def _is_allowed_node(line: str) -> bool:
    return any(line == node or line.startswith(node + "/") for node in ALLOWED_NODES)


def report_of(text: str) -> dict[str, str]:
    """What a guest found at its entry, by name."""
    return dict(re.findall(r"^REPORT: ([^=]+)=(.*)$", text, re.MULTILINE))


def _judge_report(theirs: dict[str, str], ours: dict[str, str]) -> list[str]:
    found = []
    for name in sorted(theirs.keys() | ours.keys()):
        one, other = ours.get(name), theirs.get(name)
        if one != other and name not in ALLOWED:
            found.append(f"the kernel finds {name}={one}, after the toolstack {other}")
    return found


def nothing_lost(text: str) -> list[str]:
    """After each failure on purpose the loader must have every frame that it had before: free, in
    its heap, or a page table; and after the last no grant but those of its disks' rings."""
    pattern = r"self-test: (\d+) frames free, (\d+) in the heap, (\d+) tables, (\d+) grants$"
    lines = [tuple(map(int, line)) for line in re.findall(pattern, text, re.MULTILINE)]
    found = []
    if len(lines) < 2:
        found.append(f"only {len(lines)} failures were reported")
    for number, (free, heap, tables, _) in enumerate(lines):
        if free + heap + tables != sum(lines[0][:3]):
            found.append(f"failure {number + 1} leaves {free + heap + tables} frames, "
                         f"the first one {sum(lines[0][:3])}")
    # Two rounds: what the first one leaves in the heap's lists and tables stays as it is.
    if lines and lines[len(lines) // 2 - 1] != lines[-1]:
        found.append(f"after a round {lines[len(lines) // 2 - 1]}, after another {lines[-1]}")
    return found


CHECKS = {"nothing_lost": nothing_lost}


def _judge_likeness(scenario: Scenario, outcome: Outcome, text: str) -> list[str]:
    """Compares with the toolstack-built guest that the scenario names."""
    if not scenario.like:
        return []
    model = _baselines().get(scenario.like)
    if model is None:
        return [f"nothing to compare it with: {scenario.like} did not run"]
    found = []
    seen = memory_seen(text)
    if abs(model["memory"] - seen) > MEMORY_TOLERANCE_KIB:
        found.append(f"sees {seen} KiB of memory, {scenario.like} {model['memory']} KiB")
    found += _judge_report(model.get("report", {}), report_of(text))
    if outcome.probe:
        theirs, ours = set(model["probe"]), set(outcome.probe)
        found += [f"living domain has: {line}" for line in sorted(ours - theirs)
                  if not _is_allowed_node(line)]
        found += [f"living domain lacks: {line}" for line in sorted(theirs - ours)]
    return found


def faults(scenario: Scenario, outcome: Outcome) -> list[str]:
    """Every way in which the outcome is not what the scenario asks for."""
    text = plain_text(outcome.console)
    found = []
    for pattern in scenario.must:
        if not re.search(expand(pattern, scenario), text, re.MULTILINE):
            found.append(f"console lacks: {expand(pattern, scenario)}")
    for pattern in scenario.must_not:
        hit = re.search(expand(pattern, scenario), text, re.MULTILINE)
        if hit:
            found.append(f"console has: {hit.group(0)!r}")
    if outcome.ended != scenario.ends:
        found.append(f"ended as: {outcome.ended}, not: {scenario.ends}")
    if outcome.leftovers:
        found.append("left behind: " + ", ".join(outcome.leftovers[:6]))
    if scenario.check:
        found += CHECKS[scenario.check](text)
    return found + _judge_likeness(scenario, outcome, text) + outcome.notes

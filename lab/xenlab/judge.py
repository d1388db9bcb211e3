# SPDX-License-Identifier: GPL-2.0-or-later
"""Says what is wrong with one guest's outcome. An empty list is a pass."""

from __future__ import annotations

import hashlib
import json
import re

from . import disks, modules, paths
from .guest import Outcome, plain_text
from .model import Scenario
from .paths import BUILD

BASELINE_FILE = BUILD / "baselines.json"
MEMORY_TOLERANCE_KIB = 1024


def expand(pattern: str, scenario: Scenario) -> str:
    """Puts the real release and checksum in place of <release> and <marker>."""
    pattern = pattern.replace("<release>", re.escape(modules.kernel_release()))
    first = next((disk.recipe for disk in scenario.disks if disk.recipe), None)
    if first is not None:
        marker = hashlib.sha256(disks.marker_of(first)).hexdigest()
        pattern = pattern.replace("<marker>", marker)
    return pattern


def memory_seen(text: str) -> int:
    """MemTotal in KiB as the guest's kernel has it; 0 when it never said."""
    found = re.search(r"^GUEST: memtotal=(\d+)$", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


# What toolstack-built guests saw, kept between runs for one set of packages.


def _baselines() -> dict[str, dict]:
    known = json.loads(BASELINE_FILE.read_text()) if BASELINE_FILE.exists() else {}
    return known if known.get("packages") == paths.packages_key() else {}


def remember(scenario: Scenario, outcome: Outcome) -> None:
    """Keeps what a toolstack-built guest saw, for others to be compared with."""
    seen = memory_seen(plain_text(outcome.console))
    if scenario.boot == "direct" and seen:
        known = _baselines()
        known["packages"] = paths.packages_key()
        known[scenario.name] = {"memory": seen, "probe": outcome.probe}
        BASELINE_FILE.write_text(json.dumps(known, indent=1) + "\n")


def is_known(name: str) -> bool:
    return name in _baselines()


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
    if outcome.probe:
        theirs, ours = set(model["probe"]), set(outcome.probe)
        found += [f"living domain has: {line}" for line in sorted(ours - theirs)]
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
    return found + _judge_likeness(scenario, outcome, text) + outcome.notes

# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of lab/matrix as text."""

from __future__ import annotations

from . import matrix, suites
from .suites import SUITES

LINE_MAX = 150


def _grub_name(loader: str) -> str:
    suite = loader.removeprefix("grub-")
    return f"GRUB {SUITES[suite].tools.versions()['grub-xen-host'].split('-')[0]}"


def heading(loader: str) -> str:
    names = {"direct": "toolstack", "ours": "pvgrub-swift", "pygrub": "pygrub"}
    return names.get(loader) or _grub_name(loader)


def kernel_row(kernel: str, release: str) -> str:
    """The kernel's release and how its payload is packed."""
    product, _, name = kernel.partition("@")
    if product == "kernel":
        return f"{release}, {suites.KERNELS[name].compression}"
    return f"{release}, {product.removeprefix('kernel-')} (packed again)"


def versions() -> str:
    """The packages that were tried, by suite."""
    found = []
    for name in dict.fromkeys(matrix.XENS + matrix.GRUBS):
        known = SUITES[name].tools.versions()
        wanted = ["grub-xen-host"]
        if name in matrix.XENS:
            wanted += [f"xen-hypervisor-{SUITES[name].xen}-amd64", f"xen-utils-{SUITES[name].xen}",
                       "qemu-system-xen"]
        found.append(f"{name}: " + ", ".join(f"{one} {known[one]}" for one in wanted))
    return "; ".join(found)


def table(known: dict[str, dict]) -> str:
    """All results: a table for each Xen and type, and the literal lines of what did not start."""
    dates = sorted({one["date"] for one in known.values()}) or ["never"]
    lines = ["# Who starts which kernel", "",
             f"Written by `lab/matrix` ({versions()}); tried {dates[0]}"
             + (f" to {dates[-1]}" if len(dates) > 1 else "") + ".",
             "A guest is *ok* when its kernel ran, its ramdisk had the right bytes, and it read a file on its"
             " root disk. Guests have 512 MiB.", "A number is a note below: the line that the guest or `xl create` showed. A dash"
             " was not tried."]
    notes: dict[str, int] = {}
    for suite in matrix.XENS:
        for type_ in ("pv", "pvh"):
            lines += ["", f"## Xen {SUITES[suite].xen}, {type_.upper()}", "",
                      "| kernel | " + " | ".join(map(heading, matrix.LOADERS)) + " |",
                      "|---" * (len(matrix.LOADERS) + 1) + "|"]
            for kernel in matrix.REAL + matrix.REPACKED:
                cells, release = [], ""
                for loader in matrix.LOADERS:
                    one = known.get(matrix.Case(suite, kernel, type_, loader).name)
                    if one is None:
                        cells.append("-")
                        continue
                    release, result = one["release"], one["result"][:LINE_MAX]
                    cells.append("ok" if result == "ok" else
                                 f"[{notes.setdefault(result, len(notes) + 1)}]")
                if release:
                    lines.append(f"| {kernel_row(kernel, release)} | " + " | ".join(cells) + " |")
    lines += ["", "## Notes", ""]
    lines += [f"{number}. `{text}`" for text, number in notes.items()]
    return "\n".join(lines) + "\n"

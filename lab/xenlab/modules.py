# SPDX-License-Identifier: GPL-2.0-or-later
"""The image and the modules of an unpacked Debian kernel."""

from __future__ import annotations

import lzma
import re
from pathlib import Path

from .paths import LabError
from .suites import Kernel

# crc32c is in the kernel itself from 7.x on; before that ext4 asks for it by no dependency.
MAY_BE_MISSING = ("crc32c_generic",)


def kernel_image(kernel: Kernel) -> Path:
    """Its bzImage: in /boot, or beside its modules (from 7.x on)."""
    root = kernel.packages.root()
    found = sorted(root.glob("boot/vmlinuz-*")) + sorted(root.glob("usr/lib/modules/*/vmlinuz"))
    if len(found) != 1:
        raise LabError(f"expected one kernel in {root}, found {len(found)}")
    return found[0]


def kernel_release(kernel: Kernel) -> str:
    """What `uname -r` says when it runs."""
    image = kernel_image(kernel)
    return image.parent.name if image.name == "vmlinuz" else image.name.removeprefix("vmlinuz-")


def _name(path: Path) -> str:
    return path.name.split(".ko")[0].replace("-", "_")


class Modules:
    """The modules of one kernel, unpacked where Debian packs them."""

    def __init__(self, kernel: Kernel) -> None:
        self.release = kernel_release(kernel)
        base = kernel.packages.root() / "usr/lib/modules" / self.release
        self.files = {_name(path): path for path in base.rglob("*.ko*")}
        built_in = base / "modules.builtin"
        names = built_in.read_text().split() if built_in.exists() else []
        self.built_in = {_name(Path(name)) for name in names}
        self.contents: dict[str, bytes] = {}

    def content(self, name: str) -> bytes:
        """The module as `insmod` takes it."""
        if name not in self.contents:
            path = self.files[name]
            data = path.read_bytes()
            self.contents[name] = lzma.decompress(data) if path.suffix == ".xz" else data
        return self.contents[name]

    def _depends(self, name: str) -> list[str]:
        # .modinfo holds zero-terminated "name=value" texts.
        found = re.search(rb"\0depends=([^\0]*)\0", self.content(name))
        names = found.group(1).decode().split(",") if found else []
        return [one.replace("-", "_") for one in names if one]

    def load_order(self, wanted: list[str]) -> list[str]:
        """The modules and all they depend on, each after its dependencies, without those that are in
        the kernel itself."""
        order: list[str] = []

        def add(name: str, depth: int = 0) -> None:
            if depth > 16:
                raise LabError(f"module {name}: dependencies run in a circle")
            if name in order or name in self.built_in:
                return
            if name not in self.files:
                if name in MAY_BE_MISSING:
                    return
                raise LabError(f"module {name} is not in {self.release}")
            for needed in self._depends(name):
                add(needed, depth + 1)
            order.append(name)

        for name in wanted:
            add(name.replace("-", "_"))
        return order

    def file_name(self, name: str) -> str:
        """NAME.ko, as it is packed."""
        return self.files[name].name.split(".ko")[0] + ".ko"

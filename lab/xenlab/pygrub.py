# SPDX-License-Identifier: GPL-2.0-or-later
"""pygrub in dom0: it is Python, so Python and what it loads go in with it."""

from __future__ import annotations

from pathlib import Path

from . import cpio, sharedlibs, suites
from .packages import PackageSet
from .suites import Suite, choice

# The interpreter, its library, and the libraries of what pygrub imports.
ONLY = (r"(lib)?python3(\.\d+)?(-minimal|-stdlib)?|zlib1g|libexpat1|libffi8|libncursesw6|libtinfo6"
        r"|libbz2-1\.0|liblzma5")
# Parts of the library that are large and that pygrub has no use for.
LEFT_OUT = ("test", "idlelib", "lib2to3", "ensurepip", "pydoc_data", "unittest", "distutils",
            "config-", "__pycache__", "asyncio", "email", "_pyrepl")


def packages(suite: Suite) -> PackageSet:
    return PackageSet(f"pygrub-{suite.name}", suite.name, ("python3",), only=ONLY)


def _add_tree(archive: cpio.CpioWriter, root: Path, folder: str) -> list[Path]:
    """Puts a folder's files in; those that are shared objects are returned."""
    objects = []
    for path in sorted((root / folder).rglob("*")):
        name = str(path.relative_to(root))
        if any(part.startswith(LEFT_OUT) for part in path.relative_to(root / folder).parts):
            continue
        if path.is_file() and not path.is_symlink():
            archive.file(name, path.read_bytes(), 0o755)
            if ".so" in path.name:
                objects.append(path)
    return objects


def add(archive: cpio.CpioWriter) -> None:
    """Adds pygrub and Python to an archive that lies behind dom0's base ramdisk."""
    suite = choice.suite
    python, dom0 = packages(suite).root(), suites.dom0_root()
    program = next(path for path in sorted((python / "usr/bin").glob("python3.*"))
                   if not path.is_symlink())
    archive.file("usr/bin/python3", program.read_bytes(), 0o755)
    objects = [program]
    for folder in (python / "usr/lib").glob("python3*"):
        objects += _add_tree(archive, python, str(folder.relative_to(python)))
    objects += _add_tree(archive, dom0, f"{suite.xen_folder}/lib/python")
    plugins = f"{suite.xen_folder}/lib/x86_64-linux-gnu/xenfsimage"
    objects += _add_tree(archive, dom0, plugins)
    bin_ = f"{suite.xen_folder}/bin/pygrub"
    archive.file(bin_, (dom0 / bin_).read_bytes(), 0o755)
    for soname, path in sorted(sharedlibs.libraries_of(objects, (python,)).items()):
        if not soname.startswith("ld-linux"):
            archive.file(f"lib/x86_64-linux-gnu/{soname}", path.read_bytes(), 0o755)

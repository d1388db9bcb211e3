# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of Debian packages of any suite, unpacked into build/lab and never installed.

Nothing of this machine's apt is changed: each suite has lists of its own. The mirrors are those that
this machine's apt uses.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .paths import BUILD, LabError

TREES = BUILD / "trees"
APT = BUILD / "apt"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Since Debian 13 packages have nothing but links there. Packages before it are unpacked through them.
MERGED = ("bin", "sbin", "lib", "lib64")
# Suites without a security archive of their own.
ROLLING = ("sid", "experimental")
DEPENDENCIES = (
    "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
    "--no-enhances",
)


def say(text: str) -> None:
    print(f"lab/install: {text}", flush=True)


@dataclass(frozen=True)
class PackageSet:
    """Packages of one suite with what they depend on, in a folder of their own.

    release: the suite, by its code name. unwanted, only: regular expressions on whole names.
    """

    name: str
    release: str
    wanted: tuple[str, ...]
    unwanted: str = ""
    only: str = ""

    def root(self) -> Path:
        """The folder that they are unpacked in, which must be there."""
        self.key()
        return TREES / self.name

    def _stamp(self) -> Path:
        return TREES / f"{self.name}.versions"

    def _description(self) -> str:
        text = repr((self.release, self.wanted, self.unwanted, self.only))
        return hashlib.sha256(text.encode()).hexdigest()

    def versions(self) -> dict[str, str]:
        """Each package's version."""
        return dict(line.split(" ", 1) for line in self._lines()[1:])

    def _lines(self) -> list[str]:
        if not self._stamp().exists():
            raise LabError(f"the packages {self.name} are not here: lab/install {self.name}")
        return self._stamp().read_text().splitlines()

    def key(self) -> str:
        """Changes with any version of any of the packages."""
        return hashlib.sha256("\n".join(self._lines()).encode()).hexdigest()

    def is_installed(self) -> bool:
        return self._stamp().exists() and self._lines()[0] == self._description()

    def install(self) -> None:
        """Fetches and unpacks them, unless they are there already."""
        if self.is_installed():
            return
        apt = Apt(self.release)
        packages = self._closure(apt)
        say(f"fetching {len(packages)} packages of {self.release} into {TREES / self.name}")
        self._stamp().unlink(missing_ok=True)
        shutil.rmtree(TREES / self.name, ignore_errors=True)
        folder = TREES / f"{self.name}.debs"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        apt.run("apt-get", "-qq", "download", *packages, folder=folder)
        versions = self._unpack(sorted(folder.glob("*.deb")))
        shutil.rmtree(folder)
        self._stamp().write_text("\n".join([self._description(), *versions]) + "\n")

    def _closure(self, apt: Apt) -> list[str]:
        """The wanted packages and what they depend on, without virtual ones."""
        if not apt.has_lists():
            apt.update()
        shown = apt.run("apt-cache", "depends", *DEPENDENCIES, *self.wanted)
        names = sorted({line for line in shown.splitlines() if re.match(r"[a-z0-9]", line)})
        if self.unwanted:
            names = [name for name in names if not re.fullmatch(self.unwanted, name)]
        if self.only:
            names = [name for name in names if re.fullmatch(self.only, name)]
        if not names:
            raise LabError(f"{self.release} has none of: {' '.join(self.wanted)}")
        return names

    def _unpack(self, archives: list[Path]) -> list[str]:
        """Unpacks all of them; a line with name and version for each."""
        root = TREES / self.name
        for name in MERGED:
            (root / "usr" / name).mkdir(parents=True)
            (root / name).symlink_to(f"usr/{name}")
        versions = []
        for archive in archives:
            # `dpkg-deb -x` would put a folder in a link's place.
            with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)],
                                  stdout=subprocess.PIPE) as files:
                _run(["tar", "-x", "--keep-directory-symlink", "-C", str(root)], stdin=files.stdout)
            versions.append(_run(
                ["dpkg-deb", "-W", "--showformat=${Package} ${Version}", str(archive)]).strip())
        return versions


class Apt:
    """apt with lists of one suite alone."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.folder = APT / release
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.configuration = self.folder / "apt.conf"
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(self._sources())
        self.configuration.write_text("".join(
            f'{name} "{value}";\n' for name, value in (
                ("Dir::State::Lists", self.folder / "lists"),
                # As on a machine with nothing installed: this one's packages are of no concern.
                ("Dir::State::status", self.folder / "status"),
                ("Dir::Cache", self.folder / "cache"),
                ("Dir::Etc::SourceList", self.folder / "sources.list"),
                ("Dir::Etc::SourceParts", "/none"), ("Acquire::Languages", "none"),
                ("APT::Sandbox::User", "root"))))

    def _sources(self) -> str:
        shown = _sites()
        if not shown:
            # apt names the lists that it has; a new machine has none yet.
            _as_root("apt-get", "-qq", "update")
            shown = _sites()
        sites = {name: site for site in reversed(shown)
                 for name in [site.rstrip("/").rsplit("/", 1)[-1]]}
        if "debian" not in sites:
            raise LabError("this machine's apt has no Debian mirror: the lab needs Debian 12")
        suites = [("debian", self.release)]
        if self.release == "experimental":
            suites.append(("debian", "sid"))
        if self.release not in ROLLING:
            suites += [("debian", f"{self.release}-updates"),
                       ("debian-security", f"{self.release}-security")]
        return "".join(f"deb [signed-by={KEYRING}] {sites[site]} {suite} main\n"
                       for site, suite in suites if site in sites)

    def has_lists(self) -> bool:
        return any((self.folder / "lists").glob("*_Packages*"))

    def update(self) -> None:
        say(f"apt-get update for {self.release}")
        self.run("apt-get", "-qq", "update")

    def run(self, *command: str, folder: Path | None = None) -> str:
        """Runs apt-get or apt-cache over this suite. Lists that are older than the mirror are fetched
        anew once."""
        environment = os.environ | {"APT_CONFIG": str(self.configuration), "LC_ALL": "C"}
        answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if answer.returncode != 0 and "download" in command and folder is not None:
            self.update()
            answer = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True)
        if answer.returncode != 0:
            raise LabError(f"{' '.join(command[:4])}: {answer.stderr.strip()[-500:]}")
        return answer.stdout


def _sites() -> list[str]:
    """The archives that this machine's apt has lists of."""
    return subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
        capture_output=True, text=True).stdout.split()


def _run(command: list[str], **more: object) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, **more)
    if answer.returncode != 0:
        raise LabError(f"{' '.join(command)}: {answer.stderr.strip()}")
    return answer.stdout


def _as_root(*command: str) -> None:
    prefix = [] if os.getuid() == 0 else ["sudo"]
    if subprocess.run([*prefix, *command]).returncode != 0:
        raise LabError(f"{' '.join(command)} failed (is there a network?)")

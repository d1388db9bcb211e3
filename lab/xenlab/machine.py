# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU with Xen and dom0 in it, driven over two virtio ports.

"control" carries one shell command at a time to dom0 and its output back;
"console" carries the current guest's console, both ways.
"""

from __future__ import annotations

import ctypes
import select
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import dom0image, modules, suites
from .clock import Deadline, MachineClock
from .paths import LabError

XEN_LINE = (
    "console=com1 com1=115200,8n1 dom0_mem={mib}M,max:{mib}M dom0=pv "
    "loglvl=all guest_loglvl=all bootscrub=off conring_size=1m"
)
DOM0_MIB = 1024
DOM0_LINE = "console=hvc0 quiet"
# Seconds of the machine (clock.py).
BOOT_LIMIT = 180.0
COMMAND_LIMIT = 90.0
# SMAP kills dom0 in its first exception under TCG, RDTSCP a PVH guest. With XSAVE programs lose
# their registers: README.md, "What the emulation does". PVH needs SVM, which max has.
CPU = "max,-smap,-rdtscp,-xsave"
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    # QEMU must not outlive a runner that was killed outright.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True)
class Settings:
    """What one run may choose of the machine.

    cpu: QEMU's -cpu. xen: more for Xen's command line. store: dom0's xenstore daemon. processors:
    QEMU's -smp, each of them run by a thread of its own if there is more than one.
    """

    cpu: str = CPU
    xen: str = ""
    store: str = "xenstored"
    processors: int = 1


STORES = ("xenstored", "oxenstored")


@dataclass(frozen=True)
class Answer:
    """The result of a command in dom0."""

    status: int
    output: str


class Machine:
    """Starts when it is constructed; `close` ends it whatever state it is in.

    counted: whether one instruction takes one nanosecond, so that times are reproducible.
    """

    def __init__(
        self, ramdisk: Path, disk: Path, memory_mib: int, logs: Path,
        counted: bool = False, dom0_mib: int = DOM0_MIB, settings: Settings = Settings()
    ) -> None:
        self.settings = settings
        self.time_options = ["-icount", "shift=0,sleep=off"] if counted else []
        self.xen_line = f"{XEN_LINE.format(mib=dom0_mib)} {settings.xen}".strip()
        self.serial_log = logs / "xen-serial.log"
        self.error_log = logs / "qemu-errors.log"
        self.control, far_control = socket.socketpair()
        self.console, far_console = socket.socketpair()
        command = self._command_line(
            ramdisk, disk, memory_mib, far_control.fileno(), far_console.fileno()
        )
        (logs / "qemu-command.txt").write_text(" \\\n  ".join(command) + "\n")
        try:
            with self.error_log.open("wb") as errors:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                    pass_fds=(far_control.fileno(), far_console.fileno()),
                    start_new_session=True, preexec_fn=_die_with_parent,
                )
        except OSError as error:
            raise LabError(f"cannot run QEMU: {error}") from error
        finally:
            far_control.close()
            far_console.close()
        self.clock = MachineClock(self.process.pid)
        self.pending = b""

    def _command_line(
        self, ramdisk: Path, disk: Path, memory_mib: int, control: int, console: int
    ) -> list[str]:
        # Linux gives init what it does not know of its command line as an environment variable.
        dom0_line = f"{DOM0_LINE} lab_store={self.settings.store}"
        return [
            "qemu-system-x86_64", "-accel", "tcg", *self.time_options, "-cpu",
            self.settings.cpu,
            "-m", str(memory_mib), "-smp", str(self.settings.processors),
            "-display", "none", "-nic", "none", "-no-reboot",
            "-monitor", "none", "-serial", f"file:{self.serial_log}",
            "-kernel", str(dom0image.xen_elf()), "-append", self.xen_line,
            "-initrd",
            f"{modules.kernel_image(suites.choice.suite.kernel)} {dom0_line},{ramdisk}",
            "-drive", f"file={disk},format=raw,if=virtio,snapshot=on",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=control,fd={control}",
            "-device", "virtserialport,chardev=control,nr=1,name=control",
            "-chardev", f"socket,id=console,fd={console}",
            "-device", "virtserialport,chardev=console,nr=2,name=console",
        ]

    def wait_ready(self) -> float:
        """Waits until dom0 takes commands; the machine's seconds until then."""
        start = self.clock.now()
        line = self._line(Deadline(self.clock, BOOT_LIMIT))
        if not line.startswith("READY "):
            raise LabError(f"dom0 said {line!r} instead of READY")
        if self.command(f"pidof {self.settings.store}").status != 0:
            raise LabError(f"dom0 has no {self.settings.store}; see {self.serial_log}")
        return self.clock.now() - start

    def command(self, text: str, limit: float = COMMAND_LIMIT) -> Answer:
        """Runs one line of shell in dom0. limit: the machine's seconds."""
        deadline = Deadline(self.clock, limit)
        self.control.sendall(text.encode() + b"\n")
        head = self._line(deadline).split()
        # A shell that lost its registers once printed its own format (README.md).
        if len(head) != 3 or head[0] != "OUT" or not (head[1] + head[2]).isdigit():
            raise LabError(f"dom0 answered {head!r} to: {text}")
        length = int(head[2])
        while len(self.pending) < length:
            self.pending += self._receive(deadline)
        data, self.pending = self.pending[:length], self.pending[length:]
        return Answer(int(head[1]), data.decode(errors="replace"))

    def _line(self, deadline: Deadline) -> str:
        while b"\n" not in self.pending:
            self.pending += self._receive(deadline)
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace")

    def _receive(self, deadline: Deadline) -> bytes:
        data = self._read(self.control, deadline)
        if not data:
            raise LabError(f"dom0 did not answer in time; see {self.serial_log}")
        return data

    def read_console(self, deadline: Deadline) -> bytes:
        """What the guest's console said; empty when nothing came before the deadline."""
        return self._read(self.console, deadline)

    def _read(self, port: socket.socket, deadline: Deadline) -> bytes:
        while True:
            left = deadline.left()
            # On a busy host the machine has had less time than this wait took.
            ready, _, _ = select.select([port], [], [], left)
            if ready:
                break
            if left == 0:
                return b""
        data = port.recv(65536)
        if not data:
            raise LabError(f"QEMU ended early; see {self.serial_log} and {self.error_log}")
        return data

    def type(self, keys: bytes) -> None:
        self.console.sendall(keys)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.control.close()
        self.console.close()

"""Machines that only pretend: they boot, take commands, and become hosts, in virtual time, and fail where a test or the seed says.

A machine is met by its address, which is also the name of the engine it will have: `simulated://ADDRESS`. The shell understands the few
words that the contract suite of shells uses; installing is not run through it but pretended step by step.
"""

import asyncio
import copy
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

from clocker_actors.drivers.simulated.timing import Jitter
from clocker_actors.errors import REFUSED, SILENT, InstallFailed, ShellUnavailable, TimedOut
from clocker_actors.ports.installer import Installed, InstallOptions
from clocker_actors.ports.shell import Ran, Shell

KEPT = 64 * 1024
STEPS = (("repair", 0.4), ("refresh", 3.5), ("install", 8.0), ("start", 0.7), ("verify", 0.5))
"""Steps of an installation, and seconds each takes, as measured on a bare Debian."""
VERSION = "20.10.24"
COMMAND_SECONDS = 0.05


@dataclass(slots=True)
class SimulatedMachine:
    """One machine. `boots_at` is a time of the loop; None never boots. `refuses` is what whoever would enter gets. `fails_at` is the step where its
    installation ends, `fails` how often."""

    address: str
    boots_at: float | None
    gone: bool = False
    sshd: bool = True
    refuses: ShellUnavailable | None = None
    fails_at: str = ""
    fails: int = 0
    done: set[str] = field(default_factory=set)
    authority: str = ""
    """Whose certificates its engine has."""
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its engine's."""
        return f"simulated://{self.address}"

    def check(self) -> None:
        """Raise what somebody gets who tries to enter now."""
        now = asyncio.get_running_loop().time()
        if self.gone or self.boots_at is None or now < self.boots_at:
            raise ShellUnavailable(f"{self.address} does not answer: check that the machine is up", retry_after=1.0, reason=SILENT)
        if not self.sshd:
            raise ShellUnavailable(f"{self.address} refuses: check that sshd runs", retry_after=1.0, reason=REFUSED)
        if self.refuses is not None:
            raise self.refuses


class SimulatedShell:
    """Root on a machine."""

    def __init__(self, machine: SimulatedMachine) -> None:
        self.machine = machine

    async def run(self, command: str, limit: float, stdin: bytes = b"") -> Ran:
        """Pretend to run it: echo, cat, sleep, exit, true, false, id -u and stat -c %a, with `;`, `&&` and `>&2`."""
        self.machine.check()
        try:
            async with asyncio.timeout(limit):
                await asyncio.sleep(COMMAND_SECONDS)
                ran = await self._interpret(command, stdin)
        except TimeoutError as error:
            raise TimedOut(f"`{command}` on {self.machine.address} has no end after {limit:g} s: look what it waits for there") from error
        self.machine.check()
        return ran

    async def put(self, path: str, content: bytes, mode: int) -> None:
        """Keep a file."""
        self.machine.check()
        await asyncio.sleep(COMMAND_SECONDS)
        self.machine.files[path] = (content, mode)

    async def close(self) -> None:
        """Nothing is open."""

    async def _interpret(self, command: str, stdin: bytes) -> Ran:
        output, errors, code = b"", b"", 0
        for part in command.replace("&&", ";&&").split(";"):
            if part.startswith("&&") and code:
                continue
            words = shlex.split(part.removeprefix("&&"))
            loud = words[-1:] == [">&2"]
            said, code, ended = await self._word(words[:-1] if loud else words, stdin)
            output, errors = (output, errors + said) if loud else (output + said, errors)
            if ended:
                break
        return Ran(code, output[-KEPT:].decode(errors="replace"), errors[-KEPT:].decode(errors="replace"))

    async def _word(self, words: list[str], stdin: bytes) -> tuple[bytes, int, bool]:
        match words:
            case ["echo", *said]:
                return f"{' '.join(said)}\n".encode(), 0, False
            case ["cat"]:
                return stdin, 0, False
            case ["cat", path] if path in self.machine.files:
                return self.machine.files[path][0], 0, False
            case ["stat", "-c", "%a", path] if path in self.machine.files:
                return f"{self.machine.files[path][1]:o}\n".encode(), 0, False
            case ["sleep", seconds]:
                await asyncio.sleep(float(seconds))
                return b"", 0, False
            case ["exit", code]:
                return b"", int(code), True
            case ["id", "-u"]:
                return b"0\n", 0, False
            case ["true"] | []:
                return b"", 0, False
            case _:
                return b"", 1, False


class SimulatedInstaller:
    """The Installer for simulated machines: what was done stays done, also after a failure."""

    def __init__(self, seed: int = 1) -> None:
        self._jitter = Jitter(f"installer:{seed}")
        self._authority = ""

    def of(self, authority: str) -> "SimulatedInstaller":
        """The same, with another authority."""
        made = copy.copy(self)
        made._authority = authority
        return made

    async def install(self, shell: Shell, options: InstallOptions, progress: Callable[[str], None]) -> Installed:
        """Pretend to; ShellUnavailable or InstallFailed as the real one has them."""
        assert isinstance(shell, SimulatedShell)
        machine = shell.machine
        progress("enter: reading which distribution it has")
        machine.check()
        changed = False
        for step, seconds in STEPS:
            if step in machine.done:
                continue
            changed = True
            progress(f"{step}: pretending")
            await asyncio.sleep(self._jitter.about(seconds))
            try:
                machine.check()
            except ShellUnavailable as error:
                words = "check that the machine is up; the next attempt goes on from here"
                raise InstallFailed(step, step, str(error), words, again=True) from error
            if machine.fails_at == step and machine.fails:
                machine.fails -= 1
                raise InstallFailed(step, step, f"{step} was told to fail", "tell it not to", again=True)
            machine.done.add(step)
        if options.tls_for and machine.authority != self._authority:
            changed = True
            await self._certify(machine, progress)
        return Installed("Simulated Linux 1", VERSION, "/var/run/docker.sock", changed)

    async def _certify(self, machine: SimulatedMachine, progress: Callable[[str], None]) -> None:
        progress("configure: pretending")
        await asyncio.sleep(self._jitter.about(0.5))
        if machine.fails_at == "configure" and machine.fails:
            machine.fails -= 1
            raise InstallFailed("configure", "configure", "configure was told to fail", "tell it not to", again=True)
        machine.authority = self._authority

"""Programs of the machine: run one to its end, start one that stays, find and end those of a namespace.

Everything here is synchronous; async callers use a thread. A host must outlive the event loop that started it (a session
fixture's hosts serve tests that each have a loop of their own), so nothing here belongs to a loop.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class BedError(Exception):
    """The machine did not do what the bed needs; the text has the program's own last words."""


def run(*command: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None, timeout: float = 60.0) -> str:
    """Run a program to its end and return what it printed; BedError when it fails or takes longer than `timeout` seconds."""
    try:
        done = subprocess.run(command, input=stdin, env=env, timeout=timeout, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        raise BedError(f"{' '.join(command)}: no end after {timeout:g} s") from None
    if done.returncode:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise BedError(f"{' '.join(command)}: exit {done.returncode}: {words}")
    return done.stdout.decode(errors="replace")


def spawn(command: Sequence[str], log: Path, env: Mapping[str, str], keep: int | None = None) -> int:
    """Start a program in a session of its own and return its pid; its output goes to `log`, and it inherits only the file `keep`.

    Not a Popen: an engine may outlive the object, and the process, that started it.
    """
    if keep is not None:
        os.set_inheritable(keep, True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        return os.posix_spawnp(
            command[0],
            list(command),
            env,
            setsid=True,
            setsigmask=[],
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )
    finally:
        if keep is not None:
            os.set_inheritable(keep, False)


def started_at(pid: int) -> int | None:
    """The process's start in clock ticks, which with the pid names it for good; None when it is gone (or a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def stopped(pid: int) -> bool:
    """Whether a process that was sent SIGSTOP has stopped, all its threads."""
    stats = (task / "stat" for task in Path(f"/proc/{pid}/task").iterdir())
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in stats)


def end(pid: int, timeout: float = 10.0) -> None:
    """Kill a process and wait until it is gone, reaping it if it is a child of ours."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

    def gone() -> bool:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return started_at(pid) is None

    wait_until(gone, timeout, f"process {pid} still lives after SIGKILL")


def in_network(namespace: Path) -> dict[int, str]:
    """Pid and name of all processes in a network namespace. Containers have their own, so they are not among them."""
    try:
        wanted = namespace.stat()
    except FileNotFoundError:
        return {}
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            own = (entry / "ns/net").stat()
            if (own.st_dev, own.st_ino) == (wanted.st_dev, wanted.st_ino):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
    return found


def wait_until(true: Callable[[], bool], timeout: float, otherwise: str) -> None:
    """Look every few milliseconds until `true()`; BedError(otherwise) after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = 0.005
    while not true():
        if time.monotonic() > deadline:
            raise BedError(f"{otherwise} ({timeout:g} s)")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)

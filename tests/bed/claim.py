"""A number of one's own: from it come the names and addresses of a bed, so that several never clash.

The claim is a locked file. The lock ends with the last process that holds it, however that ended, so a file that can be locked
but still has something written in it is what a killed session left behind; whoever finds it sweeps it.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bed.process import BedError, run

FOLDER = Path("/run/clocker-bed")
RANGE = ipaddress.IPv4Network("198.18.0.0/15")  # set aside for test beds by RFC 2544, so no machine lives there
NUMBERS = 512


@dataclass(slots=True)
class Claim:
    """A held number; `name` starts every name the bed makes, `subnet` holds every address."""

    number: int
    lock: int

    @property
    def name(self) -> str:
        return f"clkbed{self.number}"

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.number}.lock"

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network((int(RANGE.network_address) + 256 * self.number, 24))

    def address(self, place: int) -> str:
        """The address at a place of the subnet, 1 to 254."""
        return str(self.subnet.network_address + place)

    def note(self, folder: Path | None) -> None:
        """Mark the claim as used, with the folder that goes when it is swept up (None: the folder is not ours to remove)."""
        os.pwrite(self.lock, json.dumps({"folder": folder and str(folder)}).encode(), 0)

    def used(self) -> bool:
        """Whether a holder, we or one that died, made anything under this number."""
        return os.fstat(self.lock).st_size > 0

    def folder(self) -> Path | None:
        """The folder that was noted."""
        folder = json.loads(os.pread(self.lock, 4096, 0))["folder"] if self.used() else None
        return Path(folder) if folder else None

    def let_go(self) -> None:
        """Give the number back; removes the file first, so that nobody locks a file that is about to vanish unseen."""
        self.file.unlink(missing_ok=True)
        os.close(self.lock)
        with contextlib.suppress(OSError):
            FOLDER.rmdir()


def claim() -> Claim:
    """Claim a number whose addresses nobody on this machine uses."""
    taken = _routed()
    for number in random.sample(range(NUMBERS), NUMBERS):
        mine = _try(number)
        if mine is None:
            continue
        if not mine.used() and not any(mine.subnet.overlaps(other) for other in taken):
            return mine
        os.close(mine.lock)
    raise BedError(f"all {NUMBERS} networks of {RANGE} are in use on this machine")


def abandoned() -> Iterator[Claim]:
    """Claims whose holders died without cleaning up, now held by us."""
    for file in sorted(FOLDER.glob("*.lock")):
        mine = _try(int(file.stem))
        if mine is None:
            continue
        if mine.used():
            yield mine
        else:
            mine.let_go()


def _try(number: int) -> Claim | None:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    file = FOLDER / f"{number}.lock"
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:  # another session just removed the empty folder
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.stat().st_ino == os.fstat(lock).st_ino:
            return Claim(number, lock)
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None


def _routed() -> list[ipaddress.IPv4Network]:
    lines = json.loads(run("ip", "-j", "-4", "route", "show", "table", "all"))
    targets = [line["dst"] for line in lines if line["dst"] != "default"]
    return [ipaddress.IPv4Network(target, strict=False) for target in targets]

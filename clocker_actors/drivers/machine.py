"""Vitals of a machine: from this one's /proc, or from another's over SSH. Elsewhere nobody can know them."""

import asyncio
import math
import os
import shlex
from pathlib import Path

from clocker_actors.drivers.ssh import Connection
from clocker_actors.errors import EngineUnavailable
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.machine import Vitals

LIMIT = 5.0


class LocalMachine:
    """This machine. `disk` is a path on the disk whose free bytes count; its nearest existing parent serves too."""

    def __init__(self, disk: str = "/var/lib/docker", proc: Path = Path("/proc")) -> None:
        self._disk = Path(disk)
        self._proc = proc

    async def vitals(self) -> Vitals:
        """Read them, in a thread: a network disk may take its time."""
        try:
            async with asyncio.timeout(LIMIT):
                return await asyncio.to_thread(self._read)
        except (OSError, ValueError, IndexError) as error:
            words = f"vitals of this machine cannot be read ({error}): check that {self._proc} is mounted and {self._disk} is readable"
            raise EngineUnavailable(words, retry_after=10.0) from error

    def _read(self) -> Vitals:
        place = next(path for path in (self._disk, *self._disk.parents) if path.exists())
        disk = os.statvfs(place)
        load = (self._proc / "loadavg").read_text().split()[0]
        uptime = (self._proc / "uptime").read_text().split()[0]
        return Vitals(float(load), disk.f_bavail * disk.f_frsize, float(uptime))


class SshMachine:
    """Another machine, by one short command over SSH. It keeps its connection until `close`."""

    def __init__(self, connection: Connection, calls: CallLog, disk: str = "/var/lib/docker") -> None:
        self._connection = connection
        self._calls = calls
        path = shlex.quote(disk)
        # -P: one line per disk; -k: kilobytes whatever the environment says. A disk folder not made yet counts as on the root.
        self._command = f"cat /proc/loadavg /proc/uptime && {{ df -Pk {path} 2>/dev/null || df -Pk /; }}"

    async def vitals(self) -> Vitals:
        """Ask for them."""
        began, result = asyncio.get_running_loop().time(), "ok"
        try:
            return _parsed(await self._connection.run(self._command, LIMIT))
        except (ValueError, IndexError) as error:
            result = "EngineUnavailable"
            words = f"{self._connection.address} answered something else than its vitals: check its login shell"
            raise EngineUnavailable(words, retry_after=60.0) from error
        except EngineUnavailable:
            result = "EngineUnavailable"
            raise
        finally:
            self._calls.record(str(self._connection.address), "vitals", result, asyncio.get_running_loop().time() - began)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


def _parsed(text: str) -> Vitals:
    load, uptime, _, disk = text.strip().splitlines()[:4]
    found = Vitals(float(load.split()[0]), int(disk.split()[3]) * 1024, float(uptime.split()[0]))
    if not (0 <= found.load < math.inf and 0 <= found.uptime < math.inf and found.disk_free >= 0):
        raise ValueError("numbers that cannot be")
    return found

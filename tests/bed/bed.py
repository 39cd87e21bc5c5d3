"""The bed: some hosts on one switch, made together and removed together.

Removal happens on leaving the block, on a failure while starting, and at the exit of the process. What a killed process could not
remove is removed by the next bed on this machine.
"""

from __future__ import annotations

import asyncio
import atexit
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bed.claim import Claim, claim
from tests.bed.engine import Make, sweep, sweep_abandoned
from tests.bed.host import BedHost
from tests.bed.network import GATEWAY, Cable, make_switch
from tests.bed.process import BedError
from tests.bed.ready import why_not
from tests.bed.tls import make_authority


class Bed:
    """`async with Bed(hosts=3) as bed:` gives `bed.hosts`, powered on. With `tls` the engines' TCP port wants a client certificate."""

    def __init__(self, hosts: int = 1, *, tls: bool = False, make: Make | None = None) -> None:
        self.hosts: list[BedHost] = []
        self.name = ""
        self._count = hosts
        self._tls = tls
        self._engines = make or Make()
        self._claim: Claim | None = None
        self._closing = threading.Lock()

    async def __aenter__(self) -> Self:
        opening = asyncio.ensure_future(asyncio.to_thread(self.open))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            # the thread goes on whatever we do: let it finish, so that there is one state to remove
            await asyncio.wait([opening])
            await asyncio.to_thread(self.close)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self.close)))

    @property
    def gateway(self) -> str:
        """This machine's own address in the bed."""
        if self._claim is None:
            raise BedError("the bed is not open")
        return self._claim.address(GATEWAY)

    def open(self) -> None:
        """Make network and hosts and start the engines, all at once; for those without a loop. Removes all on failure."""
        if (reason := why_not()) is not None:
            raise BedError(reason)
        sweep_abandoned()
        self._claim = claim()
        self.name = self._claim.name
        atexit.register(self.close)
        try:
            self._make(self._claim)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove everything; a second call does nothing."""
        with self._closing:
            if self._claim is None:
                return
            self._each(BedHost.kill)
            sweep(self._claim)
            self._claim = None
            atexit.unregister(self.close)

    def _make(self, held: Claim) -> None:
        folder = Path(tempfile.mkdtemp(prefix=f"{held.name}-"))
        held.note(folder)
        make_switch(held)
        authority = make_authority(folder / "tls") if self._tls else None
        for place in range(1, self._count + 1):
            self.hosts.append(BedHost(Cable(held, place), folder / str(place), authority, self._engines))
        self._each(BedHost.boot)

    def _each(self, action: Callable[[BedHost], None]) -> None:
        with ThreadPoolExecutor(max(1, len(self.hosts))) as threads:
            list(threads.map(action, self.hosts))

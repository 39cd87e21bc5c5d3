"""libcloud's synchronous calls in a few threads, each with a driver of its own, since one connection serves one thread at a time.

What is too much at once waits, up to a bound; what a cloud answers with "fewer calls" is asked again after the pause it names, or one that
doubles. A thread cannot be interrupted: the HTTP timeout of the driver ends it, a wait given up before ends only the waiting. A driver that is not let
in is made anew, from secrets that are read again: they may have been changed since.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from clocker_actors.drivers.cloud.faults import RATE, fault
from clocker_actors.drivers.cloud.remembered import Remembered
from clocker_actors.errors import ClockerError, CloudDenied, CloudUnavailable, Overloaded
from clocker_actors.ports.calls import CallLog

if TYPE_CHECKING:
    from libcloud.compute.base import NodeDriver

T = TypeVar("T")
THREADS = 4
WAITING = 128
TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Threads:
    """`make` gives a driver; it is called in each thread, again after it was not let in, and may raise what that call is to raise. `secrets` are what it
    takes them from."""

    def __init__(self, where: str, make: Callable[[], NodeDriver], calls: CallLog, secrets: Remembered) -> None:
        self._where = where
        self._make = make
        self._secrets = secrets
        self._calls = calls
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=f"cloud {where}")
        self._own = threading.local()
        self._waiting = 0
        self._closed = False

    async def call(self, operation: str, action: Callable[[NodeDriver], T]) -> T:
        """Do it, again where the cloud was only busy. Raises CloudUnavailable, CloudFault and its kinds, Overloaded."""
        for attempt in range(TRIES):
            try:
                return await self._once(operation, action)
            except CloudUnavailable as error:
                if error.details.get("reason") != RATE or attempt == TRIES - 1:
                    raise
                pause = max(error.retry_after or 0.0, FIRST_PAUSE * 2**attempt)
                if pause > LONGEST_PAUSE:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Take no more calls; those under way end by themselves."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _once(self, operation: str, action: Callable[[NodeDriver], T]) -> T:
        if self._closed:
            raise CloudUnavailable(f"the connection to {self._where} was closed: make a new one", cloud=self._where)
        if self._waiting >= WAITING:
            raise Overloaded(f"{WAITING} calls to {self._where} are waiting: ask again later", retry_after=5.0)
        loop = asyncio.get_running_loop()
        began, result = loop.time(), "ok"
        self._waiting += 1
        try:
            return await loop.run_in_executor(self._pool, self._work, operation, action)
        except (ClockerError, asyncio.CancelledError) as error:
            result = type(error).__name__
            raise
        finally:
            self._waiting -= 1
            self._calls.record(self._where, operation, result, loop.time() - began)

    def _work(self, operation: str, action: Callable[[NodeDriver], T]) -> T:
        try:
            return self._tried(operation, action)
        except CloudDenied:
            refused, self._own.driver = getattr(self._own, "given", {}), None
            if self._secrets.again() == refused:
                raise
        return self._tried(operation, action)

    def _tried(self, operation: str, action: Callable[[NodeDriver], T]) -> T:
        try:
            return action(self._driver())
        except ClockerError:
            raise
        except Exception as error:  # drivers raise anything, a bare Exception not least
            refusal = fault(self._where, operation, error, self._secrets.masked)
            if self._secrets.shown_by(error):
                raise refusal from None
            raise refusal from error

    def _driver(self) -> NodeDriver:
        driver: NodeDriver | None = getattr(self._own, "driver", None)
        if driver is None:
            driver = self._own.driver = self._make()
            self._own.given = self._secrets.given()
        return driver

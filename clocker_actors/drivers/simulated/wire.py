"""The way to a simulated engine and the process at its end: where all faults are made.

    caller ──▶ reach ──▶ (delay) ──▶ arrive: effect at the engine ──▶ answer ──▶ caller
               cut, down              hung: held back till resume      cut: held back till heal; lost: never

An effect hangs on a timer of the loop and not on its caller, so cancelling a call ends the waiting and nothing else, as with a real
engine. A crash voids what has not arrived yet. Nothing here knows what a container is.
"""

import asyncio
import contextlib
import copy
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from clocker_actors.drivers.simulated.timing import Timing
from clocker_actors.errors import REFUSED, ClockerError, EngineUnavailable

T = TypeVar("T")


class Wire:
    """Carries calls to one engine. `session` changes when open streams break."""

    def __init__(self, name: str, timing: Timing) -> None:
        self.name = name
        self.timing = timing
        self.factor = 1.0
        self.down = self.hung = self.cut = False
        self.session = 0
        self.stirred = asyncio.Event()
        self._boot = 0
        self._cuts = 0
        self._pending: dict[int, Callable[[ClockerError], None]] = {}  # how to fail each open call, oldest first
        self._held: list[Callable[[], None]] = []
        self._unsent: list[Callable[[], None]] = []
        self._faults: dict[str, deque[ClockerError]] = {}
        self._lost: Counter[str] = Counter()

    @property
    def silent(self) -> bool:
        """Whether nothing comes out at present though streams are still open."""
        return self.hung or self.cut

    def stir(self) -> None:
        """Wake everyone who waits for something to change; each looks for himself."""
        self.stirred.set()
        self.stirred.clear()

    async def stirring(self, limit: float) -> None:
        """Wait until something changes, at most `limit` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.stirred.wait()

    async def call(self, operation: str, delay: float, effect: Callable[[], T], limit: float) -> T:
        """Do `effect` at the engine after `delay` seconds; EngineUnavailable when no answer comes within `limit`."""
        await self.reach()
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[T] = loop.create_future()
        self._pending[id(reply)] = partial(_reject, reply)
        self.later(delay * self.factor, partial(self._arrive, operation, effect, reply))
        bound = loop.call_later(limit, self._give_up, operation, limit, reply)
        try:
            return await reply
        finally:
            bound.cancel()
            self._pending.pop(id(reply), None)

    async def reach(self) -> None:
        """Get a request to the engine at all: raises EngineUnavailable if it is down, or cut off for as long as it takes to notice."""
        loop = asyncio.get_running_loop()
        noticed = loop.time() + self.timing.notice_cut
        while self.cut:
            if loop.time() >= noticed:
                raise self._unavailable("cannot be reached; check its network")
            await self.stirring(noticed - loop.time())
        if self.down:
            await asyncio.sleep(self.timing.call / 2)
            raise self._unavailable("refuses connections; start its engine", REFUSED)

    def later(self, delay: float, act: Callable[[], None]) -> None:
        """Something at the engine itself, `delay` seconds from now; void after a crash, held back while it hangs."""
        asyncio.get_running_loop().call_later(delay, self._due, self._boot, act)

    def alone(self, delay: float, act: Callable[[], None]) -> None:
        """Something beside the engine, `delay` seconds from now, that its hanging does not hold back; void after a crash, which ends all processes."""
        boot = self._boot
        asyncio.get_running_loop().call_later(delay, lambda: act() if boot == self._boot else None)

    def check(self, session: int) -> None:
        """Raise EngineUnavailable when a stream opened in that session is broken."""
        if session != self.session:
            raise self._unavailable("closed the stream; connect again")

    # --- faults -------------------------------------------------------------------------------------------------------------------

    def fail(self, operation: str, error: ClockerError, times: int) -> None:
        """The next `times` calls of an operation fail with (a copy of) this error, without effect."""
        self._faults.setdefault(operation, deque()).extend([error] * times)

    def lose_reply(self, operation: str, times: int) -> None:
        """The next `times` calls of an operation take effect, but the caller is told EngineUnavailable."""
        self._lost[operation] += times

    def hang(self) -> None:
        """As SIGSTOP does: nothing answers, streams stay open, containers run on."""
        self.hung = True

    def resume(self) -> None:
        """As SIGCONT does: what had arrived is done now, in order."""
        self.hung = False
        held, self._held = self._held, []
        for act in held:
            act()
        self.stir()

    def crash(self) -> None:
        """The process is gone: what it had not done is void, calls and streams break."""
        self.down, self.hung = True, False
        self._boot += 1
        self._held.clear()
        self._break("broke the connection; start its engine")

    def recover(self) -> None:
        """A new process listens."""
        self.down = False
        self.stir()

    def partition(self) -> None:
        """As a pulled cable: replies and events wait; keepalive notices after `timing.notice_cut` seconds."""
        self.cut = True
        self._cuts += 1
        asyncio.get_running_loop().call_later(self.timing.notice_cut, self._notice, self._cuts)

    def heal(self) -> None:
        """The cable is back; what keepalive has not given up yet arrives."""
        self.cut = False
        unsent, self._unsent = self._unsent, []
        for act in unsent:
            act()
        self.stir()

    def close(self) -> None:
        """Our side ends its calls and streams; the engine lives on."""
        self._break("was closed on our side; connect again")

    # --- inside -------------------------------------------------------------------------------------------------------------------

    def _due(self, boot: int, act: Callable[[], None]) -> None:
        if boot != self._boot:
            return
        if self.hung:
            self._held.append(act)
        else:
            act()

    def _arrive(self, operation: str, effect: Callable[[], T], reply: "asyncio.Future[T]") -> None:
        planned = self._faults.get(operation)
        if planned:
            self._answer(partial(_reject, reply, copy.copy(planned.popleft())))
            return
        try:
            result = effect()
        except ClockerError as error:
            self._answer(partial(_reject, reply, error))
            return
        if self._lost[operation] > 0:
            self._lost[operation] -= 1
            self._answer(partial(_reject, reply, self._unavailable(f"broke off while {operation} ran; look what it did")))
            return
        self._answer(partial(_resolve, reply, result))

    def _answer(self, deliver: Callable[[], None]) -> None:
        if self.cut:
            self._unsent.append(deliver)
        else:
            deliver()

    def _give_up(self, operation: str, limit: float, reply: "asyncio.Future[T]") -> None:
        _reject(reply, self._unavailable(f"did not answer {operation} within {limit:g} s; check that it is not hanging"))

    def _notice(self, cut: int) -> None:
        if self.cut and cut == self._cuts:
            self._break("stopped answering; check its network")

    def _break(self, why: str) -> None:
        self.session += 1
        self._unsent.clear()
        pending, self._pending = self._pending, {}
        for reject in pending.values():
            reject(self._unavailable(why))
        self.stir()

    def _unavailable(self, why: str, reason: str | None = None) -> EngineUnavailable:
        return EngineUnavailable(f"engine {self.name} {why}", retry_after=1.0, engine=self.name, reason=reason)


def _resolve(reply: "asyncio.Future[T]", result: T) -> None:
    if not reply.done():
        reply.set_result(result)


def _reject(reply: "asyncio.Future[T]", error: ClockerError) -> None:
    if not reply.done():
        reply.set_exception(error)
        reply.exception()  # seen: its caller may be cancelled in this very cycle

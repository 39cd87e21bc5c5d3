"""Orders, kills and looks, one after the other, all drawn from one seed. Instants are real time, so a seed repeats the orders, not the last microsecond."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from clocker_actors.errors import ClockerError
from tests.bed.host import BedHost
from tests.crashes.engines import Engines, look
from tests.crashes.invariants import faults, fitting
from tests.crashes.manager import Manager
from tests.crashes.orders import SIDE, Order, Wanted, next_order, yard

log = logging.getLogger(__name__)

CONVERGES_WITHIN = 45.0
AGAIN = 0.35
"""How often the one that has begun again is killed, too, before it is done."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    kills: int = 0
    by_order: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    slowest: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        orders = ", ".join(f"{name} {count}" for name, count in sorted(self.by_order.items()))
        return (
            f"{self.kills} kills in {self.seconds:.0f} s, during {orders}; {self.taken} orders were taken before the kill; "
            f"begun again → all as wanted: at most {self.slowest:.1f} s"
        )


class Crashes:
    """A daemon, a pool of these hosts and an application, killed again and again. `close` ends the daemon."""

    def __init__(self, hosts: Sequence[BedHost], folder: Path, seed: int) -> None:
        self.report = Report()
        self._hosts = hosts
        self._manager = Manager(folder)
        self._random = Random(seed)
        self._wanted = Wanted()
        self._foreign: dict[str, str] = {}
        self._told: list[str] = []

    def open(self) -> None:
        """Begin, with a pool, and with a container on each host that is somebody else's."""
        for host in self._hosts:
            self._foreign[host.name] = host.command("run", "-d", "clocker/web:1").strip()
        self._manager.start()
        self._manager.ready(0)
        self._manager.deploy(yard(self._hosts))
        self._manager.ready(len(self._hosts))

    def close(self) -> None:
        """End the daemon, and what is somebody else's."""
        self._manager.stop()
        for host in self._hosts:
            if host.name in self._foreign:
                host.command("rm", "-f", self._foreign[host.name])

    def until_killed(self, kills: int) -> None:
        """So many kills, each followed by a look at everything; AssertionError tells what was wrong after which."""
        began = time.monotonic()
        while self.report.kills < kills:
            self._one(last=kills - self.report.kills == 1)
        self.report.seconds = time.monotonic() - began

    def end(self) -> None:
        """Everything is deleted, and nothing of ours is left on any engine."""
        if self._wanted.size is not None:
            self._manager.order("shop", "delete")
            self._converge([Wanted(None, drained=self._wanted.drained)])
        left = look(self._hosts)
        assert left == Engines((), (), (), ()), left
        for host in self._hosts:
            assert host.command("ps", "-q", "--no-trunc").split() == [self._foreign[host.name]], "what is somebody else's was touched"

    def _one(self, *, last: bool) -> None:
        there = look(self._hosts).containers
        keeps = next((seen.host for seen in there if self._is_of(seen.member, (SIDE,))), "")
        order = next_order(self._random, self._wanted, self._hosts, keeps)
        before = {seen.id: str(seen) for seen in there if self._is_of(seen.member, order.stays)}
        taken = _Given(order, self._manager.beside())
        instant = order.lasts * self._random.random() ** 1.5
        time.sleep(instant)
        self._manager.kill()
        self._counted(order)
        story = f"kill {self.report.kills}: {order.name}, killed after {instant:.3f} s"
        self._told.append(story)
        if self._random.random() < AGAIN and not last:
            again = self._random.uniform(0.3, 2.5)
            self._manager.start()
            time.sleep(again)
            self._manager.kill()
            self._counted(order)
            story += f", and {again:.3f} s after it began again"
        was_taken = taken.outcome()
        self._told[-1] = f"{story}, {'taken' if was_taken else 'not answered'}; wanted before: {self._wanted}"
        self.report.taken += was_taken
        began = time.monotonic()
        self._manager.start()
        self._manager.ready(len(self._hosts))
        allowed = [order.after] if was_taken else [order.after, self._wanted]
        self._converge(allowed)
        self.report.slowest = max(self.report.slowest, time.monotonic() - began)
        log.info("%s; as wanted %.1f s after it began again", self._told[-1], time.monotonic() - began)
        after = {seen.id for seen in look(self._hosts).containers}
        gone = [name for identity, name in before.items() if identity not in after]
        assert not gone, self._picture([f"gone without any reason: {', '.join(gone)}"])

    def _is_of(self, member: str, paths: Sequence[str]) -> bool:
        if not paths:
            return False
        entities = self._manager.entities()
        return any(
            each["uid"] == member and any(path == stay or path.startswith(f"{stay}/") for stay in paths) for path, each in entities.items()
        )

    def _counted(self, order: Order) -> None:
        self.report.kills += 1
        self.report.by_order[order.name.split()[0]] += 1

    def _picture(self, wrong: Sequence[str]) -> str:
        engines = look(self._hosts)
        there = [*map(str, engines.containers), *(f"volume {name} on {host}" for host, name, _ in engines.volumes)]
        members = [path for path in self._manager.entities() if path.startswith("shop")]
        return "\n".join([*self._told, "", *wrong, "", *there, self._manager.explained(*members), self._manager.last_words()])

    def _converge(self, allowed: Sequence[Wanted]) -> None:
        until = time.monotonic() + CONVERGES_WITHIN
        while True:
            try:
                engines = look(self._hosts)
                wrong = faults(self._manager, engines, allowed)
                if not wrong:
                    self._wanted = fitting(self._manager, engines, allowed)
                    return
            except ClockerError as error:
                wrong = [str(error)]
            assert time.monotonic() < until, self._picture(wrong)
            time.sleep(0.05)


class _Given:
    """An order on its way, in a thread: nobody knows yet whether it is taken."""

    def __init__(self, order: Order, manager: Manager) -> None:
        self._taken = False
        self._manager = manager
        self._thread = threading.Thread(target=self._give, args=(order,), daemon=True)
        self._thread.start()

    def _give(self, order: Order) -> None:
        try:
            order.give(self._manager)
            self._taken = True
        except ClockerError:
            self._taken = False
        finally:
            self._manager.stop()

    def outcome(self) -> bool:
        """Whether it was taken, now that nobody will answer any more."""
        self._thread.join(15)
        assert not self._thread.is_alive(), "an order got no answer though nobody is there"
        return self._taken


def run(hosts: Sequence[BedHost], folder: Path, kills: int, seed: int) -> Report:
    """The whole of it."""
    crashes = Crashes(hosts, folder, seed)
    try:
        crashes.open()
        crashes.until_killed(kills)
        crashes.end()
    finally:
        crashes.close()
    return crashes.report

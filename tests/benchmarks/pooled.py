"""Placements as members get them: a request told to the Pool, answered with `Placed`, room reserved and reasons said, on hosts that simulated engines make.

A whole manager runs, in virtual time, so that nothing but the way of a request is timed: hosts have been met through their engines, the pool's strategies and
rules come from a blueprint. `placement` and `batches` time the index alone. The peer is a plain scan of all hosts for every container, in turns with ours.
"""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.pools.placing import Placing
from clocker_actors.kernel import Actor, VirtualLoop
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import ROOT, Cause, Uid
from clocker_actors.model.messages import Place, Placed, Release
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.model.specs import Blueprint, EngineSpec, HostSpec, PortSpec
from tests.benchmarks.kernel import Row
from tests.benchmarks.placement import GB, RULES, SCANS, rate_of, scanning
from tests.flows.support import Driven, managed

ROUNDS = 5
PLACEMENTS = 2_000
BATCH = 20_000
CASES = (
    ("1,000 hosts, constraints and spread", 1_000, "", 20_000),
    ("1,000 hosts, affinity over five zones", 1_000, RULES, 0),
    ("5,000 hosts, constraints and spread", 5_000, "", 5_000),
    ("5,000 hosts, affinity over five zones", 5_000, RULES, 5_000),
)
HOSTS = 5_000
POOL = """
services:
- type: docker-cloud
  name: yard
  strategies: [MaxContainers: {maxContainers: 60}, MaxCpuUsage: {maxCpu: 0.8}, BreadthFirst]
  hosts:
  - {name: h0, engine: "simulated://h0"}
"""


class Turns:
    """How long each turn of the pool took in which it placed some of those that wait."""

    def __init__(self) -> None:
        self._took: list[float] = []

    def slow(self) -> float:
        """So long do 99 of 100 take at most."""
        return sorted(self._took)[len(self._took) * 99 // 100]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time them while in the block."""
        some = Placing.some

        def timed(placing: Placing) -> None:
            began = time.perf_counter()
            some(placing)
            self._took.append(time.perf_counter() - began)

        with patch.object(Placing, "some", timed):
            yield


class Asker(Actor):
    """A member that wants a place, and says when it has it."""

    def __init__(self, request: PlacementRequest, pool: Uid, told: Callable[[Placed], None]) -> None:
        super().__init__()
        self._request, self._pool, self._told = request, pool, told

    def on_receive(self, message: object) -> None:
        if isinstance(message, Placed):
            self._told(message)
        else:
            self.tell(self._pool, Place(self._request))


def blueprint(hosts: int) -> Blueprint:
    """One pool; some hosts are too small for what is asked."""
    read = parse(POOL, "pool.yaml", type_table()).blueprint
    (pool,) = read.pools
    made = tuple(
        HostSpec(
            f"h{number}", EngineSpec(f"simulated://h{number}?cores=16&memory={1 if number % 30 == 11 else 64}g"), zone=f"z{number % 5}"
        )
        for number in range(hosts)
    )
    return replace(read, pools=(replace(pool, hosts=made),))


class Yard:
    """A running manager with this many hosts, and members enough to place on them."""

    def __init__(self, driven: Driven) -> None:
        self._driven = driven
        self._kernel = driven.manager.kernel
        self._pool = driven.model.resolve("yard")
        self._made = 0

    async def place(self, many: int, rules: tuple[AffinityRule, ...], *, at_once: bool, watched: Turns | None = None) -> float:
        """Seconds until so many members of a new cluster have their places."""
        self._made += 1
        cluster, names = Uid(f"c{self._made}"), [f"c{self._made}.m{number}" for number in range(many)]
        placed: list[str] = []
        done = asyncio.get_running_loop().create_future()

        def told(answer: Placed) -> None:
            decision = answer.placement.decision
            if decision.placement is None or decision.placement.chosen != answer.placement.host or not decision.reason:
                raise ValueError(f"placed without reasons: {decision}")
            placed.append(answer.placement.member)
            if len(placed) == many:
                done.set_result(None)
            elif not at_once:
                self._kernel.tell(names[len(placed)], "your turn")

        for name in names:
            self._kernel.spawn(name, partial(Asker, _request(Uid(name), cluster, rules), self._pool, told))
        await self._kernel.settle()
        gc.collect()
        with watched.watching() if watched is not None else nullcontext():
            began = time.perf_counter()
            for name in names if at_once else names[:1]:
                self._kernel.tell(name, "your turn")
            await done
            took = time.perf_counter() - began
        for name in names:
            self._kernel.tell(self._pool, Release(Uid(name), 1))
            self._kernel.stop_actor(name)
        return took


def _request(member: Uid, cluster: Uid, rules: tuple[AffinityRule, ...]) -> PlacementRequest:
    ports = (PortSpec(80),)
    return PlacementRequest(
        member, 1, Uid("a1"), cluster, "shop/web", Cause("d1"), memory=2 * GB, cpus=0.1, ports=ports, type="web:1", affinity=rules
    )


async def _measured(hosts: int, measure: Callable[["Yard"], Coroutine[None, None, list[Row]]]) -> list[Row]:
    with TemporaryDirectory() as folder:
        async with managed(Path(folder), world=SimulatedWorld()) as driven:
            await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint(hosts))), 600)
            await driven.until(lambda: driven.value("yard", "docker.hosts.up") == hosts, 600)
            return await measure(Yard(driven))


def _on_yard(hosts: int, measure: Callable[["Yard"], Coroutine[None, None, list[Row]]]) -> list[Row]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_measured(hosts, measure))


async def _one_by_one(hosts: int, rules: str, goal: int, what: str, yard: "Yard") -> list[Row]:
    bound, ours, peer = rules_of(rules), [], []
    for _ in range(ROUNDS):
        ours.append(PLACEMENTS / await yard.place(PLACEMENTS, bound, at_once=False))
        peer.append(rate_of(SCANS, scanning(hosts)))
    rate, scan = statistics.median(ours), statistics.median(peer)
    return [
        Row(
            what=f"asked of a Pool of simulated engines, {what}",
            mark="SwarmKit's scheduler 5.5-7.9 k/s; a plain scan",
            ours=f"{rate:,.0f}/s",
            peer=f"{scan:,.0f}/s",
            ratio=f"{rate / scan:.1f}",
            goal=f">= {goal:,}/s" if goal else "shown",
            met=rate >= goal,
        )
    ]


async def _all_at_once(hosts: int, yard: "Yard") -> list[Row]:
    rates, turns = [], []
    for _ in range(ROUNDS):
        watched = Turns()
        rates.append(BATCH / await yard.place(BATCH, (), at_once=True, watched=watched))
        turns.append(watched.slow())
    rate = statistics.median(rates)
    return [
        Row(
            what=f"{BATCH:,} asked at once of a Pool of {hosts:,} simulated engines, each with reasons; p99 turn {statistics.median(turns) * 1000:.1f} ms",
            mark="Nomad C1M 3,750/s +",
            ours=f"{rate:,.0f}/s",
            peer="",
            ratio="",
            goal="shown",
            met=True,
        )
    ]


def one_by_one() -> list[Row]:
    """Each asked when the one before has its place."""
    return [row for what, hosts, rules, goal in CASES for row in _on_yard(hosts, partial(_one_by_one, hosts, rules, goal, what))]


def all_at_once() -> list[Row]:
    """As when a large application is deployed: who asks gets a message and a decision of its own."""
    return _on_yard(HOSTS, partial(_all_at_once, HOSTS))


REPORTS: tuple[Callable[[], list[Row]], ...] = (one_by_one, all_at_once)


if __name__ == "__main__":
    for report in REPORTS:
        for row in report():
            sys.stdout.write(f"{row.what} | ours {row.ours} | peer {row.peer} | {row.goal} | {'met' if row.met else 'MISSED'}\n")

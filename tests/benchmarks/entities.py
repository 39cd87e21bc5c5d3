"""What a managed container costs in memory: its actor with ten readings, and what a whole member with its policies and its place in the read model adds."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.entities.hosts.container import Container
from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.entities.hosts.hostwords import Sampled
from clocker_actors.entities.hosts.pace import Pace
from clocker_actors.entities.outside import Outside, Timing
from clocker_actors.kernel import Actor, Kernel, VirtualLoop
from clocker_actors.model.containers import EngineState, Observed, Stats
from clocker_actors.model.generations import ContainerIntent, Lane
from clocker_actors.model.identity import SYSTEM, Uid, container_name
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from tests.benchmarks.kernel import Row
from tests.flows.stories import cluster, new_world
from tests.flows.support import managed

CONTAINERS = 2_000
SENSORS = 10
GOAL_BYTES = 6 * 1024
MEMBERS_BEFORE = 50
MEMBERS_AFTER = 150


class Quiet(Actor):
    """In the place of host, member and recorder: hears and keeps nothing."""

    def on_receive(self, message: object) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Around:
    """As much of the outside world as a container that runs and has no probe asks for."""

    timing: Timing = field(default_factory=Timing)


class Owner(Quiet):
    """Has the containers as its children, as a host does."""

    def on_start(self) -> None:
        engine = SimulatedEngine("bench")
        outside = cast("Outside", Around())
        spec, gate = ContainerSpec(ImageSpec("clocker/web:1")), Gate(Pace())
        for number in range(CONTAINERS):
            self.spawn(f"k{number}", partial(_container, number, outside, engine, spec, gate))


def _container(number: int, outside: Outside, engine: SimulatedEngine, spec: ContainerSpec, gate: Gate) -> Container:
    member = f"m{number}"
    name = container_name("main", member, 1)
    labels = {
        "clocker.plane": "main",
        "clocker.application": "a1",
        "clocker.member": member,
        "clocker.generation": "1",
        "clocker.epoch": "1",
    }
    intent = ContainerIntent(Uid(member), 1, Uid("a1"), name, Uid("owner"), "127.0.0.1", spec.image.reference, spec, labels=labels)
    seen = Observed(f"{number:064x}", name, spec.image.reference, EngineState.RUNNING, labels, started_at=1.0)
    return Container(Uid(f"k{number}"), outside, engine, intent, "local/bench", Lane.SCALING, SYSTEM, seen, gate)


async def _container_bytes() -> float:
    """Bytes of one container's actor, everything it holds included."""
    kernel = Kernel(warn_depth=10**9)
    for name in ("recorder", *(f"m{number}" for number in range(CONTAINERS))):
        kernel.spawn(name, Quiet)
    await kernel.settle()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kernel.spawn("owner", Owner)
    await kernel.settle()
    for second in range(6):
        for number in range(CONTAINERS):
            stats = Stats(
                f"{number:064x}", 10.0 + second, 1.5 + second, 1_000_000 + number, 8_000_000 + second, 10_000 + second, 20_000 + second, 3
            )
            kernel.tell(f"k{number}", Sampled(stats))
        await kernel.settle()
    await asyncio.sleep(1.0)  # virtual: what was begun for a container ends; at rest nothing is under way
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    alive = sum(kernel.alive(f"k{number}") for number in range(CONTAINERS))
    await kernel.stop()
    if alive != CONTAINERS:
        raise RuntimeError(f"only {alive} of {CONTAINERS} containers live: nothing was measured")
    return used / CONTAINERS


async def _member_bytes(state: Path) -> float:
    """Bytes that one more member of a living cluster costs in all: member, two policies, container, read model, and the simulated engine's own book."""
    world = new_world()
    async with managed(state, world=world) as driven:
        tracemalloc.start()
        await driven.ended(await driven.deploy(cluster(MEMBERS_BEFORE)), 600)
        await asyncio.sleep(60)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        await driven.ended(await driven.invoke("shop/web", "resize", size=MEMBERS_AFTER), 600)
        await asyncio.sleep(60)
        gc.collect()
        used = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    return used / (MEMBERS_AFTER - MEMBERS_BEFORE)


def memory() -> list[Row]:
    """Memory of a container entity, and of a whole member (a figure without a goal of its own)."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        container = runner.run(_container_bytes())
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        member = runner.run(_member_bytes(Path(folder)))
    return [
        Row(
            what=f"memory of a container entity with {SENSORS} sensors",
            mark="Erlang process 2.7 KB †; Pykka actor 21.6 KB + a thread †",
            ours=f"{container / 1024:.1f} KB",
            peer="-",
            ratio="-",
            goal=f"<= {GOAL_BYTES / 1024:g} KB",
            met=container <= GOAL_BYTES,
        ),
        Row(
            what="memory of one more member: its policies, container, history and the simulated engine's own book",
            mark="-",
            ours=f"{member / 1024:.1f} KB",
            peer="-",
            ratio="-",
            goal="shown",
            met=True,
        ),
    ]


REPORTS: tuple[Callable[[], list[Row]], ...] = (memory,)


if __name__ == "__main__":
    for row in memory():
        print(f"{row.what}: {row.ours} (goal {row.goal}, {'met' if row.met else 'missed'})")

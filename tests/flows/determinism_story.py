"""A story for the test of determinism: deploy, load, kill, resize, an engine that crashes, delete; told on the virtual loop.

Run by itself with a folder for the state and a number that seeds jitter: random real pauses in the store, which must not show. Prints each decision, encoded, in the
order in which the recorder heard of it, and at the end the SHA-256 over all of them.
"""

import asyncio
import hashlib
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from clocker_actors.kernel import VirtualLoop
from clocker_actors.model.decisions import Decision
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import encode
from tests.flows.stories import new_world, running
from tests.flows.support import Driven, managed

STORY = """
name: shop
location: local
services:
- type: cluster
  id: web
  initialSize: 3
  maxSize: 20
  memberSpec:
    type: docker:clocker/web:1
    openPorts: [8080]
  brooklyn.policies:
  - type: autoscaler
    brooklyn.config:
      metric: cpu.mean.average
      metricLowerBound: 20
      metricUpperBound: 60
      minPoolSize: 2
      maxPoolSize: 12
      resizeUpStabilizationDelay: 2s
      resizeDownStabilizationDelay: 8s
"""


async def told(driven: Driven) -> None:
    """The story itself."""
    world = driven.manager.world
    assert world is not None
    await driven.ended(await driven.deploy(STORY))
    world.offer("clocker/web:1", 500.0)
    await asyncio.sleep(20)
    engine, seen = running(world)[1]
    engine.die(seen.name, 137)
    await asyncio.sleep(5)
    await driven.invoke("shop/web", "resize", size=5)
    await asyncio.sleep(5)
    world.engine("sim-2").crash()
    await asyncio.sleep(25)
    world.engine("sim-2").recover()
    world.offer("clocker/web:1", 0.0)
    await asyncio.sleep(60)
    await driven.ended(await driven.invoke("shop", "delete"))


async def story(state: Path, jitter: int) -> None:
    world = new_world()
    pauses = random.Random(jitter)
    decisions: list[Decision] = []
    async with managed(state, world=world, plane="story") as driven:
        book, store = driven.manager.model.decisions, driven.manager.store
        note, write = book.note, store.write

        def heard(decision: Decision, *, counted: bool = True) -> None:
            decisions.append(decision)
            note(decision, counted=counted)

        async def slowly(batch: Sequence[Record]) -> int:
            time.sleep(pauses.random() * 0.001)  # noqa: ASYNC251 - a busy machine
            return await write(batch)

        book.note, store.write = heard, slowly  # type: ignore[method-assign]
        await told(driven)
    digest = hashlib.sha256()
    for decision in decisions:
        line = encode(decision)
        digest.update(line + b"\n")
        sys.stdout.write(f"{line.decode()}\n")
    sys.stdout.write(f"{len(decisions)} decisions, sha256 {digest.hexdigest()}\n")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story(Path(sys.argv[1]), int(sys.argv[2])))

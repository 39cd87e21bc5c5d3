"""The manager of a story and the world around it: begun, killed at once or in the middle of a write, begun again; the world goes on meanwhile."""

import asyncio
import contextlib
import json
from collections.abc import Coroutine, Sequence
from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.daemon import Manager
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import ClockerError
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.messages import CancelActivity
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record
from clocker_actors.settings import load
from clocker_actors.telemetry.readmodel import Entry
from tests.flows.support import PERSON, Driven, InlineExecutor

TYPES = type_table()


class House:
    """One state directory, one world, and the manager that is alive, if one is."""

    def __init__(self, folder: Path, seed: int, hosts: int, room: int) -> None:
        self.world = SimulatedWorld(seed)
        self.folder = folder
        self.lives = 0
        self.room = room
        self.engines = [self.world.engine(f"simulated://farm-{number}?seed={seed}") for number in range(1, hosts + 1)]
        places = [{"name": engine.name, "engine": f"simulated://{engine.name}?seed={seed}"} for engine in self.engines]
        strategies = ["BreadthFirst", {"MaxContainers": {"maxContainers": room}}]
        self._pool = json.dumps({"services": [{"type": "docker-cloud", "name": "farm", "hosts": places, "strategies": strategies}]})
        self.driven: Driven
        self._writes = 0
        self._kill_at = 0
        self._kept = False
        self.died = asyncio.Event()

    async def begin(self) -> None:
        """A manager wakes."""
        self.lives += 1
        self.died = asyncio.Event()
        self._writes = self._kill_at = 0
        settings = load({"state": self.folder}, environ={})
        manager = Manager(settings, world=self.world, executor=InlineExecutor())  # type: ignore[arg-type]
        await manager.start()
        self.driven = Driven(manager)
        self._watch_writes(manager)
        if self.lives == 1:
            await self.driven.ended(await self.driven.deploy(self._pool))

    def kill_in_write(self, write: int, *, kept: bool) -> None:
        """Die in the middle of that many writes from now: before it is durable, or (`kept`) after, but before anybody hears of it."""
        self._kill_at, self._kept = self._writes + write, kept

    def spare(self) -> None:
        """Nobody is killed any more."""
        self._kill_at = 0

    def kill(self) -> None:
        """As with kill -9: nothing more is done, nobody is told."""
        supervisor = self.driven.manager.kernel.supervisor
        for root in reversed(tuple(supervisor.roots.values())):
            supervisor.abandon(root)
        self.died.set()

    async def bury(self) -> None:
        """Free what the dead one held, so that the next one can begin."""
        await self.driven.manager.stop()

    def _watch_writes(self, manager: Manager) -> None:
        write = manager.store.write

        async def watched(batch: Sequence[Record]) -> int:
            self._writes += 1
            if self.died.is_set() or self._writes != self._kill_at:
                return await write(batch)
            if self._kept:
                await write(batch)
            self.kill()
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # it is never answered

        manager.store.write = watched  # type: ignore[method-assign]

    # --- what people do

    async def order(self, entity: str, effector: str, **arguments: Value) -> None:
        """Somebody orders something. To be told that it cannot be is fine; to hear nothing is not, unless the manager died."""
        await self._asked(self.driven.invoke(entity, effector, **arguments))

    async def cancel(self, entity: str, activity: str) -> None:
        """Somebody takes an order back."""
        await self._asked(self.driven.manager.kernel.ask(entity, CancelActivity(activity, PERSON), 10.0))

    async def _asked(self, question: Coroutine[None, None, object]) -> None:
        asked = asyncio.ensure_future(question)
        died = asyncio.ensure_future(self.died.wait())
        try:
            await asyncio.wait({asked, died}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done() and not self.died.is_set():
                with contextlib.suppress(ClockerError):
                    await asked
        finally:
            for task in (asked, died):
                task.cancel()
            await asyncio.gather(asked, died, return_exceptions=True)

    async def deploy(self, blueprint: Value) -> None:
        """Somebody deploys a blueprint."""
        parsed = parse(json.dumps(blueprint), "story.yaml", TYPES)
        await self.order(ROOT, "deploy", blueprint=msgspec.to_builtins(parsed.blueprint))

    def found(self, *kinds: EntityKind) -> list[Entry]:
        """Entities of the stories' applications (or hosts), as people see them, in an order that is the same each time."""
        return [
            entry
            for kind in kinds
            for entry in self.driven.entries(kind)
            if entry.gone is None and not entry.path.startswith("local") and entry.facts.get("managed") is not False
        ]

"""The manager of a story and the world around it: begun, killed between any two turns of the loop or in the middle of a write, begun again; the world goes on meanwhile."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.daemon import Manager
from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.drivers.simulated.cloud import CloudOdds, CloudTiming, SimulatedCloud
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import AskTimedOut, ClockerError, StaleEpoch, StoreFault
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.messages import CancelActivity
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record
from clocker_actors.settings import load
from clocker_actors.store.writing import commit_group, put
from clocker_actors.telemetry.readmodel import Entry, Fact
from tests.flows.support import PERSON, Driven, InlineExecutor
from tests.simulation.loop import StoryLoop
from tests.simulation.reach import Reach
from tests.simulation.story import Story
from tests.simulation.trace import Trace, worded

TYPES = type_table()
PLANE = "story"


class House:
    """One state directory, one world, and the manager that is alive, if one is. `wrong` is what was seen to be wrong in
    passing; `awake` says whether there is a manager that can be looked at."""

    def __init__(self, folder: Path, story: Story) -> None:
        self.world = SimulatedWorld(story.seed)
        self.grounds = SimulatedGrounds(
            self.world, story.seed, quota=story.quota, timing=CloudTiming(boot=5.0), odds=CloudOdds(*story.odds)
        )
        self.folder = folder
        self.lives = 0
        self.room = story.room
        self.story = story
        self.trace = Trace()
        self.wrong: list[str] = []
        self.leaving: Callable[[SimulatedEngine, str, str], None] = _unheard
        self.farm = [self.world.engine(f"simulated://farm-{number}?seed={story.seed}") for number in range(1, story.hosts + 1)]
        self.driven: Driven
        self.reach: Reach
        self.died = asyncio.Event()
        self.awake = False
        self._pool = _farm(story, [engine.name for engine in self.farm])
        self._manager: Manager | None = None
        self._starting: asyncio.Task[None] | None = None
        self._writes = self._kill_at = 0
        self._kept = False
        self.full_until = 0.0
        self._full_kept = False
        self._clients: dict[int, asyncio.Task[None]] = {}

    @property
    def engines(self) -> list[SimulatedEngine]:
        """Those of the farm, and of machines that clouds have made and still have."""
        made = [self.world.engines.get(address) for cloud in self.clouds for address in cloud.machines]
        return [*self.farm, *(engine for engine in made if engine is not None)]

    def forget_engines(self) -> None:
        """Of machines that clouds do not have any more: nobody can look at what is there."""
        made = {address for cloud in self.clouds for address in cloud.machines}
        for name in [name for name in self.world.engines if name.startswith("clocker-") and name not in made]:
            del self.world.engines[name]

    @property
    def clouds(self) -> list[SimulatedCloud]:
        """Those that anybody has asked so far."""
        return list(self.grounds.clouds.values())

    @property
    def loop(self) -> StoryLoop:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, StoryLoop)
        return loop

    # --- the manager's lives

    async def begin(self) -> None:
        """A manager wakes."""
        self.lives += 1
        self.died = asyncio.Event()
        self._writes = self._kill_at = 0
        self.trace.say("a manager wakes")
        self.reach = Reach(self.world, self.trace, self.leaving)
        settings = load({"state": self.folder, "plane": PLANE}, environ={})
        manager = Manager(settings, world=self.reach, executor=InlineExecutor(), grounds=self.grounds)  # type: ignore[arg-type]
        self._manager, self._starting = manager, asyncio.ensure_future(manager.start())
        try:
            await self._starting
        except asyncio.CancelledError:
            if not self.died.is_set():
                raise
            self._manager = None
            return
        self.driven, self.awake = Driven(manager), True
        self._watch(manager)
        self._late_write(manager)
        if self.lives == 1:
            await self.driven.ended(await self.driven.deploy(self._pool))

    def kill_in_write(self, write: int, *, kept: bool) -> None:
        """Die in the middle of that many writes from now: before it is durable, or (`kept`) after, but before anybody hears of it."""
        self._kill_at, self._kept = self._writes + write, kept

    def spare(self) -> None:
        """Nobody is killed any more, and the disk is well."""
        self._kill_at = 0
        self.full_until = 0.0
        self.loop.spare()

    def kill(self) -> None:
        """As with kill -9: nothing more is done, nobody is told."""
        if self.died.is_set() or self._manager is None:
            return
        self.trace.say("the manager is killed")
        self.reach.dead, self.awake = True, False
        self.died.set()
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            return
        supervisor = self._manager.kernel.supervisor
        for root in reversed(tuple(supervisor.roots.values())):
            supervisor.abandon(root)

    async def bury(self) -> None:
        """Free what the dead one held, so that the next one can begin."""
        self.awake = False
        self._kill_at = 0
        self.loop.spare()
        if self._manager is not None:
            await self._manager.stop()
            self._manager = None

    def fill_disk(self, seconds: float, *, kept: bool) -> None:
        """For so long no write of the manager is said to be durable; with `kept` it is all the same, as when the sync alone failed."""
        self.full_until, self._full_kept = self.loop.time() + seconds, kept

    def _late_write(self, manager: Manager) -> None:
        """Whoever was here before writes once more: it is refused."""
        connection = sqlite3.connect(manager.store.path, isolation_level=None)
        try:
            commit_group(
                connection, manager.store.path, manager.store.epoch - 1, [lambda there: put(there, [Record("member", "late", b"{}")])]
            )
            self.wrong.append("a manager of before could write once a newer one had begun")
        except StaleEpoch:
            pass
        finally:
            connection.close()

    def _watch(self, manager: Manager) -> None:
        write, note, reach = manager.store.write, manager.model.note, self.reach

        async def watched(batch: Sequence[Record]) -> int:
            self._writes += 1
            if reach.dead:
                return 0  # nobody is there to write, nor to act upon it
            self.trace.say("write", *(f"{each.kind}:{each.uid}{'-' if each.body is None else ''}" for each in batch))
            if self.loop.time() < self.full_until:
                if self._full_kept:
                    await write(batch)
                raise StoreFault("the disk of the story is full; wait for its end")
            if self._writes != self._kill_at:
                return await write(batch)
            if self._kept:
                await write(batch)
            self.kill()
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # it is never answered

        def noted(fact: Fact, at: float) -> None:
            self.trace.value(type(fact).__name__, fact)
            note(fact, at)

        manager.store.write = watched  # type: ignore[method-assign]
        manager.model.note = noted  # type: ignore[method-assign]

    # --- what people do

    def by_client(self, number: int, act: Callable[[], Coroutine[None, None, None]]) -> None:
        """One of several people does something once what he did before has been answered; nobody waits for him."""
        before = self._clients.get(number)

        async def do() -> None:
            if before is not None:
                await asyncio.wait({before})
            await act()

        self._clients[number] = asyncio.create_task(do(), name=f"client {number}")

    async def answered(self) -> None:
        """Wait until everybody was answered. What was wrong with an answer is raised."""
        for task in self._clients.values():
            await task

    def unanswered(self) -> None:
        """The story is over: nobody waits any more."""
        for task in self._clients.values():
            task.cancel()

    async def order(self, entity: str, effector: str, **arguments: Value) -> None:
        """Somebody orders something. To be told that it cannot be is fine; to hear nothing is not, unless the manager died."""
        said = "" if effector == "deploy" else worded(arguments)
        await self._asked(f"{effector} {entity} {said}", self.driven.invoke(entity, effector, **arguments))

    async def cancel(self, entity: str, activity: str) -> None:
        """Somebody takes an order back."""
        await self._asked(f"cancel {activity}", self.driven.manager.kernel.ask(entity, CancelActivity(activity, PERSON), 10.0))

    async def _asked(self, what: str, question: Coroutine[None, None, object]) -> None:
        dead, asked = self.died, asyncio.ensure_future(question)
        died = asyncio.ensure_future(dead.wait())
        try:
            await asyncio.wait({asked, died}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done() or dead.is_set():
                return
            try:
                self.trace.say("order", what, await asked)
            except AskTimedOut as error:
                self.wrong.append(f"{what} was not answered: {error}")
            except ClockerError as error:
                self.trace.say("order", what, type(error).__name__, error)
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
        if not self.awake:
            return []
        return [
            entry
            for kind in kinds
            for entry in self.driven.entries(kind)
            if entry.gone is None and not entry.path.startswith("local") and entry.facts.get("managed") is not False
        ]


def _farm(story: Story, names: Sequence[str]) -> str:
    places = [
        {"name": name, "engine": f"simulated://{name}?seed={story.seed}", "zone": "ab"[number % 2]} for number, name in enumerate(names)
    ]
    strategies = ["BreadthFirst", {"MaxContainers": {"maxContainers": story.room}}]
    farm = {"type": "docker-cloud", "name": "farm", "hosts": places, "strategies": strategies}
    return json.dumps({"services": [farm]})


def _unheard(_: SimulatedEngine, __: str, ___: str) -> None:
    """Nobody listens yet."""

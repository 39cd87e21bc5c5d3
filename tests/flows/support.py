"""Driving a whole manager in a test: start it, deploy, wait until something is true, read what people would read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.daemon import Manager
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.kernel import VirtualLoop
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import ROOT, Cause, EntityKind, Uid
from clocker_actors.model.messages import Accepted, Invoke
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value
from clocker_actors.settings import load
from clocker_actors.telemetry.readmodel import Entry, ReadModel

PERSON = Cause("test", "tester")


class InlineExecutor:
    """For virtual time: the loop runs executor calls inline, so nothing is ever submitted here."""

    def shutdown(self, wait: bool = True) -> None:
        """Nothing to end."""


class Driven:
    """A running manager and the few things tests do with it."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager

    @property
    def model(self) -> ReadModel:
        """What people read."""
        return self.manager.model

    async def invoke(self, entity: str, effector: str, **arguments: Value) -> str:
        """Use an effector as a person would; the id of the activity."""
        uid = self.model.resolve(entity) if entity != ROOT else ROOT
        answer = await self.manager.kernel.ask(uid, Invoke(effector, arguments, PERSON), 10.0)
        assert isinstance(answer, Accepted)
        return answer.activity

    async def deploy(self, text: str) -> str:
        """Deploy a blueprint; the id of the activity."""
        parsed = parse(text, "test.yaml", type_table())
        return await self.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(parsed.blueprint))

    async def ended(self, activity: str, within: float = 60.0) -> Activity:
        """Wait for the end of an activity."""
        await self.until(lambda: (found := self.model.activities.get(activity)) is not None and found.state.ended, within, activity)
        found = self.model.activities.get(activity)
        assert found is not None
        return found

    async def until(self, test: Callable[[], bool], within: float = 60.0, what: str = "") -> float:
        """Wait until something is true; how many seconds that took. Fails with what people would see."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not test():
            if loop.time() - began > within:
                raise AssertionError(f"not within {within:g} s: {what}\n{self.picture()}")
            await asyncio.sleep(0.01)
        return loop.time() - began

    def entries(self, kind: EntityKind, below: str = "") -> list[Entry]:
        """Entities of a kind, below a path."""
        return [entry for entry in self.model.of_kind(kind) if entry.path.startswith(below)]

    def value(self, entity: str, sensor: str) -> Value:
        """Last value of a sensor, None if there is none."""
        reading = self.reading(entity, sensor)
        return reading.value if reading else None

    def reading(self, entity: str, sensor: str) -> Reading | None:
        """Last reading of a sensor."""
        return self.model.entry(entity).sensors.get(sensor)

    def up(self, entity: str) -> bool:
        """Whether an entity is up."""
        return self.value(entity, "service.isUp") is True and self.value(entity, "service.state") == "running"

    def gone(self, entity: str) -> bool:
        """Whether no such entity exists (any more)."""
        return all(entry.path != entity and entry.uid != entity for entry in self.model.all())

    def picture(self) -> str:
        """All entities with their state, for a failing test's message."""
        lines = []
        for entry in self.model.all():
            values: Mapping[str, Value] = {name: reading.value for name, reading in entry.sensors.items()}
            lines.append(
                f"{entry.uid:6} {entry.path:40} {values.get('service.state')} up={values.get('service.isUp')} "
                f"{values.get('service.notUp.indicators')} {values.get('service.problems')}"
            )
        return "\n".join(lines)


@asynccontextmanager
async def managed(
    state: Path,
    *,
    world: SimulatedWorld | None = None,
    grounds: SimulatedGrounds | None = None,
    environ: Mapping[str, str] | None = None,
    **flags: object,
) -> AsyncIterator[Driven]:
    """A manager on a state directory; stopped at the end."""
    virtual = isinstance(asyncio.get_running_loop(), VirtualLoop)
    settings = load({"state": state, **flags}, environ=environ or {})
    manager = Manager(settings, world=world, grounds=grounds, executor=InlineExecutor() if virtual else None)  # type: ignore[arg-type]
    await manager.start()
    driven = Driven(manager)
    try:
        yield driven
    finally:
        await manager.stop()


def placed_on(driven: Driven, below: str) -> list[Uid]:
    """Hosts of the members below a path, one per member."""
    return [Uid(str(driven.value(entry.uid, "container.host"))) for entry in driven.entries(EntityKind.MEMBER, below)]

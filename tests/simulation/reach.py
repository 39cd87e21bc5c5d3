"""The way from one manager to the world: what it asks of engines is heard, and ends with it.

A manager that was killed asks nothing more, whatever its cancelled works would do in their last lines: a process that is no more has no last lines.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.errors import ClockerError
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.engine import Engine
from tests.simulation.trace import Trace

CHANGES = frozenset(
    {"create", "start", "stop", "kill", "remove", "put", "update", "execute", "pull", "build", "remove_image", "load_image", "push", "tag"}
    | {"ensure_volume", "remove_volume", "lease"}
)
"""Calls that are told one by one; the others only look."""
LOOKS = frozenset({"ping", "info", "disk", "list", "inspect", "probe", "image", "images", "volumes"})

Heard = Callable[[SimulatedEngine, str, str], None]
"""Told of a call that changes something, before it is made: engine, operation, first argument."""


class Reach:
    """Stands between one manager and its world; `dead` from the moment it is killed."""

    def __init__(self, world: SimulatedWorld, trace: Trace, heard: Heard) -> None:
        self.dead = False
        self._world = world
        self._trace = trace
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def connect(self, spec: EngineSpec, calls: CallLog, runtime_dir: Path) -> Engine:
        """As the world does."""
        self._world.connect(spec, calls, runtime_dir)
        return cast("Engine", _Line(self, self._world.engine(spec.url)))

    async def call(self, engine: SimulatedEngine, name: str, *arguments: Any, **named: Any) -> Any:
        """One call, heard and told."""
        if self.dead:
            await asyncio.get_running_loop().create_future()  # it is never answered
        if name not in CHANGES:
            return await getattr(engine, name)(*arguments, **named)
        about = getattr(arguments[0], "name", arguments[0]) if arguments else ""
        self._heard(engine, name, str(about))
        try:
            answer = await getattr(engine, name)(*arguments, **named)
        except ClockerError as error:
            self._trace.say(engine.name, name, about, type(error).__name__)
            raise
        self._trace.say(engine.name, name, about)
        return answer


class _Line:
    """One manager's connection with one engine."""

    def __init__(self, reach: Reach, engine: SimulatedEngine) -> None:
        self._reach = reach
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        if name not in CHANGES and name not in LOOKS:
            return getattr(self._engine, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            return await self._reach.call(self._engine, name, *arguments, **named)

        return call

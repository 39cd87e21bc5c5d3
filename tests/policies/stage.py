"""A stage for one policy or enricher: probes in place of its entity and of the recorder, on virtual time."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from clocker_actors.kernel import Actor, Kernel
from clocker_actors.model.activities import Activity, ActivityState, Step
from clocker_actors.model.decisions import Decision
from clocker_actors.model.dependencies import Found, SayReadings, Where, said
from clocker_actors.model.identity import RECORDER, Cause, Ids, Uid, policy_id
from clocker_actors.model.messages import ActivityEnded, Decided, Invoke, KeepState, MembersChanged, Notified, SensorChanged
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from clocker_actors.policies import catalogue

T = TypeVar("T")
ENTITY = Uid("c1")
PERSON = Cause("t9", "uid:1000")


class Say:
    """Publish this under that topic."""

    def __init__(self, topic: str, message: object) -> None:
        self.topic = topic
        self.message = message


class Listener(Actor):
    """Keeps all it is told, and publishes on demand."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self.heard = heard

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Where):
            return Found({target: Uid(target) for target in message.targets if target != "nobody"})
        if isinstance(message, SayReadings):
            return said(Uid(self.id), self.id, {name: Reading(name, 0, 0.0) for name in message.sensors if name == "known"}, message)
        if isinstance(message, Say):
            self.publish(message.topic, message.message)
        else:
            self.heard.append(message)
        return None


Make = Callable[..., Callable[[], Actor]]


class Stage:
    """One entity (`c1`), the recorder, and one actor under test."""

    def __init__(self, kernel: Kernel, type_name: str, make: Make = catalogue.make) -> None:
        self.kernel = kernel
        self.type_name = type_name
        self.make = make
        self.actor = policy_id(ENTITY, type_name)
        self.heard: list[Any] = []
        self.recorded: list[Any] = []
        self.others: dict[str, list[Any]] = {}
        kernel.spawn(ENTITY, lambda: Listener(self.heard))
        kernel.spawn(RECORDER, lambda: Listener(self.recorded))

    def other(self, uid: str) -> list[Any]:
        """Another entity, e.g. a member; what it was told."""
        heard: list[Any] = []
        self.others[uid] = heard
        self.kernel.spawn(uid, lambda: Listener(heard))
        return heard

    async def begin(
        self, config: Mapping[str, Value] | None = None, state: Mapping[str, Value] | None = None, *, suspended: bool = False
    ) -> None:
        """Spawn the actor under test."""
        spec = PolicySpec(self.type_name, self.type_name, config or {})
        self.kernel.spawn(self.actor, self.make(spec, ENTITY, ids=Ids(1, 10**6), state=state, suspended=suspended))
        await self.kernel.settle()

    @property
    def now(self) -> float:
        return self.kernel.now()

    async def read(
        self, sensor: str, value: Value, *, count: int = 1, of: int = 1, age: float = 0.0, entity: str = ENTITY, why: str = ""
    ) -> None:
        """A reading of the entity is published."""
        reading = Reading(sensor, value, self.now - age, why, count, of)
        await self.say(entity, sensor, SensorChanged(Uid(entity), reading))

    async def notify(self, sensor: str, value: Value, entity: str = ENTITY) -> None:
        """A notification of the entity is published."""
        await self.say(entity, sensor, Notified(Uid(entity), sensor, value, self.now, Cause("x1")))

    async def members(self, *uids: str) -> None:
        """The members of the cluster are these now."""
        await self.say(ENTITY, "members", MembersChanged(ENTITY, tuple(Uid(uid) for uid in uids)))

    async def say(self, entity: str, topic: str, message: object) -> None:
        self.kernel.tell(entity, Say(topic, message))
        await self.kernel.settle()

    async def tell(self, message: object) -> None:
        self.kernel.tell(self.actor, message)
        await self.kernel.settle()

    async def sleep(self, seconds: float) -> None:
        """Virtual time passes."""
        await asyncio.sleep(seconds)
        await self.kernel.settle()

    async def end(
        self, invoke: Invoke, state: ActivityState = ActivityState.DONE, *, problem: str = "", result: Value = None, tried: bool = True
    ) -> None:
        """The activity of an Invoke ends."""
        steps = (Step(invoke.effector, self.now),) if tried else ()
        activity = Activity("t1", ENTITY, invoke.effector, invoke.cause, self.now, state=state, steps=steps, problem=problem, result=result)
        assert invoke.reply_to == self.actor
        await self.tell(ActivityEnded(activity))

    def all(self, kind: type[T]) -> list[T]:
        """All messages of a class that the entity was told."""
        return [message for message in self.heard if isinstance(message, kind)]

    @property
    def invokes(self) -> list[Invoke]:
        return self.all(Invoke)

    @property
    def decisions(self) -> list[Decision]:
        return [decided.decision for decided in self.all(Decided)]

    @property
    def kept(self) -> Mapping[str, Value]:
        return self.all(KeepState)[-1].state

    @property
    def status(self) -> PolicyNoted:
        return [noted for noted in self.recorded if isinstance(noted, PolicyNoted)][-1]

"""Does a start that is taken up again come about, whatever the one before it has left?"""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from clocker_actors.drivers.simulated import SimulatedEngine
from clocker_actors.entities.hosts.beginning import begin, request_of
from clocker_actors.entities.hosts.fence import Fence, lease_name
from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.entities.hosts.pace import Pace
from clocker_actors.model.containers import EngineState
from clocker_actors.model.generations import ContainerIntent
from clocker_actors.model.identity import (
    LABEL_APPLICATION,
    LABEL_GENERATION,
    LABEL_LEASE,
    LABEL_MEMBER,
    LABEL_PLANE,
    LABEL_STATE,
    Uid,
)
from clocker_actors.model.specs import ContainerSpec, ImageSpec

TTL = 5.0
LABELS = {LABEL_PLANE: "main", LABEL_STATE: "s", LABEL_APPLICATION: "a1", LABEL_MEMBER: "m1", LABEL_GENERATION: "1"}


def intent(*, fenced: bool) -> ContainerIntent:
    spec = ContainerSpec(ImageSpec("clocker/web:1"))
    return ContainerIntent(
        Uid("m1"), 1, Uid("a1"), "m1.g1", Uid("h1"), "127.0.0.1", spec.image.reference, spec, labels=LABELS, fenced=fenced
    )


async def nobody(provider: str, key: str) -> str:
    raise AssertionError(f"no secret was named, and not {provider} {key}")


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[SimulatedEngine]:
    made = SimulatedEngine("sim")
    await made.pull("clocker/web:1")
    yield made
    await made.close()


async def begun(engine: SimulatedEngine, *, fenced: bool) -> EngineState:
    made = await begin(engine, intent(fenced=fenced), Gate(Pace(2)), Fence(TTL if fenced else 0.0, TTL), nobody)
    return made.observed.state


async def test_what_was_created_is_started(engine: SimulatedEngine) -> None:
    made = await engine.create(request_of(intent(fenced=False), intent(fenced=False).spec, {}))
    assert await begun(engine, fenced=False) is EngineState.RUNNING
    assert [seen.id for seen in engine.containers] == [made]


async def test_what_was_to_live_by_a_lease_that_has_ended_lives_by_the_next(engine: SimulatedEngine) -> None:
    await engine.lease(lease_name("m1.g1"), {**LABELS, LABEL_LEASE: "1"}, TTL)
    await engine.start(lease_name("m1.g1"))
    await engine.create(request_of(intent(fenced=True), intent(fenced=True).spec, {}))
    await asyncio.sleep(TTL + 1)
    assert {seen.state for seen in engine.containers} == {EngineState.EXITED, EngineState.CREATED}
    assert await begun(engine, fenced=True) is EngineState.RUNNING
    await asyncio.sleep(TTL + 1)
    assert {seen.state for seen in engine.containers} == {EngineState.EXITED}, "both, as nobody has answered"

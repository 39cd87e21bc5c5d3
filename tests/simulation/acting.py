"""Telling a story to a manager: each step done when its time has come, rules looked at all along, and at the end peace, in which everything has to become well."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from clocker_actors.model.identity import EntityKind
from tests.simulation import peace, rules
from tests.simulation.blueprints import YARD
from tests.simulation.deeds import buried, do
from tests.simulation.house import House
from tests.simulation.story import Story
from tests.simulation.trace import Trace

LOOK_EACH = 0.5
PEACE = 900.0
"""Virtual seconds in which all has to be well after the last fault is over: start timeouts, pauses between tries and stabilisation delays included."""
MENDED = 200.0
"""Seconds after which somebody looks after what policies have left to people."""
LASTS = 10
"""Seconds for which it has to stay so: a manager that has just begun has not looked at anything yet."""


class Broken(AssertionError):
    """A rule does not hold."""


async def tell(story: Story, folder: Path) -> Trace:
    """What came of it. Raises Broken with what is wrong."""
    house = House(folder, story)
    leavings = rules.Leavings(house)
    house.leaving = leavings.heard
    await house.begin()
    watcher = asyncio.create_task(_watch(house, leavings), name="rules looked at all along")
    try:
        for step in story.steps:
            await _pause(watcher, step.wait)
            await buried(house, 0.0)
            await do(house, step)
            await buried(house, 0.0)
        await _peace(house, watcher)
    finally:
        watcher.cancel()
        house.unanswered()
        await asyncio.gather(watcher, return_exceptions=True)
        await house.bury()
    return house.trace


async def _watch(house: House, leavings: rules.Leavings) -> None:
    while True:
        await asyncio.sleep(LOOK_EACH)
        leavings.look()
        wrong = [*house.wrong, *rules.always(house), *leavings.unnoticed()]
        if wrong:
            raise Broken("\n".join(wrong))


async def _pause(watcher: "asyncio.Task[None]", seconds: float) -> None:
    """Let time pass; what was found wrong meanwhile is raised."""
    await asyncio.wait({watcher}, timeout=seconds)
    if watcher.done():
        watcher.result()


async def _peace(house: House, watcher: "asyncio.Task[None]") -> None:
    """Faults end, and everything becomes well; then all is deleted, and nothing is left."""
    house.spare()
    _all_is_well_outside(house)
    await buried(house, 0.0)
    await house.answered()
    for host in house.found(EntityKind.HOST):
        await house.order(host.uid, "uncordon")
        await buried(house, 0.0)
    if _has_yard(house):
        await house.order(YARD, "resize", size=2)
    await _until(house, watcher, lambda: peace.at_peace(house), "is not well in peace", mends=True)
    for application in house.found(EntityKind.APPLICATION):
        await house.order(application.uid, "delete")
    await _until(house, watcher, lambda: peace.applications_left(house), "is left behind")
    if _has_yard(house):
        await house.order(YARD, "delete")
    await _until(house, watcher, lambda: peace.nothing_left(house), "is left behind")


def _has_yard(house: House) -> bool:
    return any(entry.path == YARD for entry in house.found(EntityKind.POOL))


def _all_is_well_outside(house: House) -> None:
    for engine in house.engines:
        engine.recover()
        engine.heal()
        engine.resume()
        engine.slow(1.0)
        engine.fill_disk(full=False)
        engine.swap_events(swapped=False)
    for cloud in house.clouds:
        cloud.odds, cloud.quota = type(cloud.odds)(), 100
    house.world.offer("clocker/web:1", 0.0)
    house.world.offer("clocker/nginx:1", 0.0)


async def _until(house: House, watcher: "asyncio.Task[None]", look: Callable[[], list[str]], what: str, *, mends: bool = False) -> None:
    loop = asyncio.get_running_loop()
    until, well, mend = loop.time() + PEACE, 0, loop.time() + MENDED
    while well < LASTS:
        await _pause(watcher, 1.0)
        await buried(house, 0.0)
        if mends and loop.time() > mend:
            mend += MENDED
            await _mend(house)
        wrong = look()
        well = 0 if wrong else well + 1
        if wrong and loop.time() > until:
            raise Broken(f"{what}:\n" + "\n".join((*wrong, house.driven.picture())))


async def _mend(house: House) -> None:
    """What failed again and again is left to people: they restart it, and say which hosts are lost."""
    for member in house.found(EntityKind.MEMBER):
        if peace.problems(member).keys() & {"service-restarter", "start"}:
            await house.order(member.uid, "restart")
    if _has_yard(house):
        await house.order(YARD, "resumeHealing")
        await house.order(YARD, "resize", size=2)

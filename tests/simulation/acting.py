"""Telling a story to a manager: each step done when its time has come, rules looked at all along, and at the end peace, in which everything has to become well."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.values import Value
from tests.simulation import rules
from tests.simulation.house import House
from tests.simulation.story import Step, Story

LOOK_EACH = 0.5
PEACE = 900.0
"""Virtual seconds in which all has to be well after the last fault is over: start timeouts, pauses between tries and stabilisation delays included."""
MENDED = 200.0
"""Seconds after which somebody looks after what policies have left to people."""
LASTS = 10
"""Seconds for which it has to stay so: a manager that has just begun has not looked at anything yet."""
SERVICES = (EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER)


class Broken(AssertionError):
    """A rule does not hold."""


async def tell(story: Story, folder: Path) -> None:
    """Raises Broken with what is wrong."""
    house = House(folder, story.seed, story.hosts, story.room)
    await house.begin()
    watcher = asyncio.create_task(_watch(house), name="rules looked at all along")
    try:
        for step in story.steps:
            await _pause(watcher, step.wait)
            await _buried(house, 0.0)
            await _do(house, step)
            await _buried(house, 0.0)
        await _peace(house, watcher)
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await house.bury()


async def _watch(house: House) -> None:
    while True:
        await asyncio.sleep(LOOK_EACH)
        wrong = rules.always(house)
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
    for engine in house.engines:
        engine.recover()
        engine.heal()
        engine.resume()
        engine.slow(1.0)
    house.world.offer("clocker/web:1", 0.0)
    house.world.offer("clocker/nginx:1", 0.0)
    for host in house.found(EntityKind.HOST):
        await house.order(host.uid, "uncordon")
        await _buried(house, 0.0)
    await _until(house, watcher, lambda: rules.at_peace(house), "is not well in peace", mends=True)
    for application in house.found(EntityKind.APPLICATION):
        await house.order(application.uid, "delete")
        await _buried(house, 0.0)
    await _until(house, watcher, lambda: rules.nothing_left(house), "is left behind")


async def _until(house: House, watcher: "asyncio.Task[None]", look: Callable[[], list[str]], what: str, *, mends: bool = False) -> None:
    loop = asyncio.get_running_loop()
    until, well, mend = loop.time() + PEACE, 0, loop.time() + MENDED
    while well < LASTS:
        await _pause(watcher, 1.0)
        await _buried(house, 0.0)
        if mends and loop.time() > mend:
            mend += MENDED
            await _mend(house)
        wrong = look()
        well = 0 if wrong else well + 1
        if wrong and loop.time() > until:
            raise Broken(f"{what}:\n" + "\n".join((*wrong, house.driven.picture())))


async def _mend(house: House) -> None:
    """What failed again and again is left to people: they restart it."""
    for member in house.found(EntityKind.MEMBER):
        if "service-restarter" in rules.problems(member):
            await house.order(member.uid, "restart")
            await _buried(house, 0.0)


async def _buried(house: House, pause: float) -> None:
    """Whoever died is buried, and the next one begins."""
    if house.died.is_set():
        await house.bury()
        await asyncio.sleep(pause)
        await house.begin()


# --- steps


async def _do(house: House, step: Step) -> None:
    act = _ACTS[step.what]
    await act(house, step.who, step.details)


def _pick(house: House, who: int, *kinds: EntityKind) -> str:
    found = house.found(*kinds)
    return found[who % len(found)].uid if found else ""


def _ordering(
    effector: str, *kinds: EntityKind, names: Mapping[str, str] | None = None
) -> Callable[[House, int, Mapping[str, Value]], Awaitable[None]]:
    async def act(house: House, who: int, details: Mapping[str, Value]) -> None:
        uid = _pick(house, who, *kinds)
        if uid:
            await house.order(uid, effector, **{(names or {}).get(name, name): value for name, value in details.items()})

    return act


async def _deploy(house: House, _: int, details: Mapping[str, Value]) -> None:
    await house.deploy(details["blueprint"])


async def _replace(house: House, who: int, _: Mapping[str, Value]) -> None:
    members = [entry for entry in house.found(EntityKind.MEMBER) if entry.path.count("/") == 2]
    if members:
        member = members[who % len(members)]
        await house.order(house.driven.model.entry(member.path.rpartition("/")[0]).uid, "replaceMember", member=member.uid)


async def _cancel(house: House, who: int, _: Mapping[str, Value]) -> None:
    running = [activity for activity in house.driven.model.activities.all() if not activity.state.ended]
    if running:
        chosen = running[who % len(running)]
        await house.cancel(chosen.entity, chosen.id)


async def _suspend(house: House, who: int, _: Mapping[str, Value]) -> None:
    clusters = [entry for entry in house.found(EntityKind.CLUSTER) if "autoscaler" in entry.policies]
    if clusters:
        await house.order(clusters[who % len(clusters)].uid, "suspend_policy", policy="autoscaler")


async def _load(house: House, who: int, details: Mapping[str, Value]) -> None:
    house.world.offer(("clocker/web:1", "clocker/nginx:1")[who % 2], float(str(details["percent"])))


def _to_container(act: str, **arguments: object) -> Callable[[House, int, Mapping[str, Value]], Awaitable[None]]:
    async def do(house: House, who: int, _: Mapping[str, Value]) -> None:
        there = [(engine, seen) for engine in house.engines for seen in engine.containers if seen.labels.get("clocker.member")]
        if there:
            engine, seen = there[who % len(there)]
            getattr(engine, act)(seen.name, **arguments)

    return do


def _outage(begin: str, end: str) -> Callable[[House, int, Mapping[str, Value]], Awaitable[None]]:
    async def do(house: House, who: int, details: Mapping[str, Value]) -> None:
        engine = house.engines[who % len(house.engines)]
        getattr(engine, begin)()
        asyncio.get_running_loop().call_later(float(str(details["for"])), getattr(engine, end))

    return do


async def _slow(house: House, who: int, details: Mapping[str, Value]) -> None:
    engine = house.engines[who % len(house.engines)]
    engine.slow(float(str(details["factor"])))
    asyncio.get_running_loop().call_later(float(str(details["for"])), engine.slow, 1.0)


async def _fail(house: House, who: int, details: Mapping[str, Value]) -> None:
    engine = house.engines[who % len(house.engines)]
    engine.fail(str(details["call"]), EngineUnavailable("a bad day of the story; nothing can be done"), int(str(details["times"])))


async def _lose(house: House, who: int, details: Mapping[str, Value]) -> None:
    house.engines[who % len(house.engines)].lose_reply(str(details["call"]))


async def _twice(house: House, who: int, _: Mapping[str, Value]) -> None:
    house.engines[who % len(house.engines)].duplicate_events()


async def _kill(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.kill()
    await _buried(house, float(str(details["pause"])))


async def _kill_in_write(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.kill_in_write(int(str(details["write"])), kept=bool(details["kept"]))


async def _begin_again(house: House, _: int, __: Mapping[str, Value]) -> None:
    await house.bury()
    await house.begin()


_ACTS: Mapping[str, Callable[[House, int, Mapping[str, Value]], Awaitable[None]]] = {
    "deploy": _deploy,
    "resize": _ordering("resize", EntityKind.CLUSTER),
    "restart": _ordering("restart", *SERVICES),
    "stop": _ordering("stop", *SERVICES),
    "start": _ordering("start", *SERVICES),
    "delete": _ordering("delete", *SERVICES),
    "replace": _replace,
    "move": _ordering("move", EntityKind.MEMBER),
    "cancel": _cancel,
    "suspend": _suspend,
    "cordon": _ordering("cordon", EntityKind.HOST),
    "uncordon": _ordering("uncordon", EntityKind.HOST),
    "drain": _ordering("drain", EntityKind.HOST),
    "load": _load,
    "die": _to_container("die"),
    "oom": _to_container("die", exit_code=137, oom=True),
    "sicken": _to_container("sicken"),
    "remove": _to_container("take_away"),
    "crash": _outage("crash", "recover"),
    "hang": _outage("hang", "resume"),
    "cut": _outage("partition", "heal"),
    "slow": _slow,
    "fail": _fail,
    "lose": _lose,
    "twice": _twice,
    "kill": _kill,
    "kill_in_write": _kill_in_write,
    "begin_again": _begin_again,
}

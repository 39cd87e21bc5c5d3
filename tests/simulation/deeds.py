"""What each kind of step does to a house. Orders are given by clients, several at once; bad luck comes at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from clocker_actors.errors import CloudUnavailable, EngineUnavailable
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.values import Value
from tests.simulation.blueprints import YARD
from tests.simulation.house import House
from tests.simulation.story import Step

SERVICES = (EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER)
Act = Callable[[House, int, Mapping[str, Value]], Awaitable[None]]


async def do(house: House, step: Step) -> None:
    """One step: its client begins it once he was answered before, bad luck is not waited for."""
    if step.what in _LUCK:
        house.trace.say(step)
        await _LUCK[step.what](house, step.who, step.details)
        return

    async def order() -> None:
        if house.awake:
            house.trace.say(step.what, step.who)
            await _ORDERS[step.what](house, step.who, step.details)

    house.by_client(step.client, order)


# --- orders


def _pick(house: House, who: int, *kinds: EntityKind) -> str:
    found = house.found(*kinds)
    return found[who % len(found)].uid if found else ""


def _ordering(effector: str, *kinds: EntityKind) -> Act:
    async def act(house: House, who: int, details: Mapping[str, Value]) -> None:
        uid = _pick(house, who, *kinds)
        if uid:
            await house.order(uid, effector, **details)

    return act


async def _deploy(house: House, _: int, details: Mapping[str, Value]) -> None:
    await house.deploy(details["blueprint"])


async def _resize_yard(house: House, _: int, details: Mapping[str, Value]) -> None:
    if any(entry.path == YARD for entry in house.found(EntityKind.POOL)):
        await house.order(YARD, "resize", **details)


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


_ORDERS: Mapping[str, Act] = {
    "deploy": _deploy,
    "yard": _deploy,
    "resize": _ordering("resize", EntityKind.CLUSTER),
    "resize_yard": _resize_yard,
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
    "evacuate": _ordering("evacuate", EntityKind.HOST),
    "rebalance": _ordering("rebalance", EntityKind.POOL),
}


# --- luck


def _later(house: House, details: Mapping[str, Value], act: Callable[[], None]) -> None:
    house.loop.call_later(float(str(details["for"])), act)


async def _load(house: House, who: int, details: Mapping[str, Value]) -> None:
    house.world.offer(("clocker/web:1", "clocker/nginx:1")[who % 2], float(str(details["percent"])))


def _to_container(act: str, **arguments: object) -> Act:
    async def do(house: House, who: int, _: Mapping[str, Value]) -> None:
        there = [(engine, seen) for engine in house.engines for seen in engine.containers if seen.labels.get("clocker.member")]
        if there:
            engine, seen = there[who % len(there)]
            getattr(engine, act)(seen.name, **arguments)

    return do


def _outage(begin: str, end: str) -> Act:
    async def do(house: House, who: int, details: Mapping[str, Value]) -> None:
        engine = house.engines[who % len(house.engines)]
        getattr(engine, begin)()
        _later(house, details, getattr(engine, end))

    return do


async def _slow(house: House, who: int, details: Mapping[str, Value]) -> None:
    engine = house.engines[who % len(house.engines)]
    engine.slow(float(str(details["factor"])))
    _later(house, details, lambda: engine.slow(1.0))


async def _full(house: House, who: int, details: Mapping[str, Value]) -> None:
    engine = house.engines[who % len(house.engines)]
    engine.fill_disk()
    _later(house, details, lambda: engine.fill_disk(full=False))


async def _fail(house: House, who: int, details: Mapping[str, Value]) -> None:
    engine = house.engines[who % len(house.engines)]
    engine.fail(str(details["call"]), EngineUnavailable("a bad day of the story; nothing can be done"), int(str(details["times"])))


async def _lose(house: House, who: int, details: Mapping[str, Value]) -> None:
    house.engines[who % len(house.engines)].lose_reply(str(details["call"]))


async def _twice(house: House, who: int, _: Mapping[str, Value]) -> None:
    house.engines[who % len(house.engines)].duplicate_events()


async def _swap(house: House, who: int, _: Mapping[str, Value]) -> None:
    house.engines[who % len(house.engines)].swap_events()


async def _vanish(house: House, who: int, _: Mapping[str, Value]) -> None:
    made = [(cloud, machine) for cloud in house.clouds for machine in cloud.machines]
    if made:
        cloud, machine = made[who % len(made)]
        cloud.vanish(machine)


async def _fail_cloud(house: House, _: int, details: Mapping[str, Value]) -> None:
    for cloud in house.clouds:
        cloud.fail(str(details["call"]), CloudUnavailable("a bad day of the story; nothing can be done", retry_after=2.0))


async def _lose_cloud(house: House, _: int, details: Mapping[str, Value]) -> None:
    for cloud in house.clouds:
        cloud.lose_reply(str(details["call"]))


async def _disk(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.fill_disk(float(str(details["for"])), kept=bool(details["kept"]))


async def _clock(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.loop.set_clock(float(str(details["seconds"])))


async def _kill(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.kill()
    await buried(house, float(str(details["pause"])))


async def _kill_in_turn(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.loop.strike_after(int(str(details["turns"])), house.kill)


async def _kill_in_write(house: House, _: int, details: Mapping[str, Value]) -> None:
    house.kill_in_write(int(str(details["write"])), kept=bool(details["kept"]))


async def _begin_again(house: House, _: int, __: Mapping[str, Value]) -> None:
    await house.bury()
    await house.begin()


async def buried(house: House, pause: float) -> None:
    """Whoever died is buried, and the next one begins."""
    while house.died.is_set():
        await house.bury()
        await asyncio.sleep(pause)
        await house.begin()


_LUCK: Mapping[str, Act] = {
    "load": _load,
    "die": _to_container("die"),
    "oom": _to_container("die", exit_code=137, oom=True),
    "sicken": _to_container("sicken"),
    "remove": _to_container("take_away"),
    "crash": _outage("crash", "recover"),
    "hang": _outage("hang", "resume"),
    "cut": _outage("partition", "heal"),
    "wipe": _outage("wipe", "recover"),
    "slow": _slow,
    "full": _full,
    "fail": _fail,
    "lose": _lose,
    "twice": _twice,
    "swap": _swap,
    "vanish": _vanish,
    "fail_cloud": _fail_cloud,
    "lose_cloud": _lose_cloud,
    "disk": _disk,
    "clock": _clock,
    "kill": _kill,
    "kill_in_turn": _kill_in_turn,
    "kill_in_write": _kill_in_write,
    "begin_again": _begin_again,
}

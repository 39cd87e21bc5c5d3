"""What has to be so after every crash, read back from the engines and, for what is wanted, from the daemon that began again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from clocker_actors.model.values import Value
from tests.crashes.engines import Engines
from tests.crashes.manager import Manager
from tests.crashes.orders import MEMORY, POOL, SIDE, WEB, Wanted

Entities = Mapping[str, Mapping[str, Value]]


def faults(manager: Manager, engines: Engines, allowed: Sequence[Wanted]) -> list[str]:
    """Everything that is not as it should be; `allowed` is what may be wanted. Empty is well."""
    entities = manager.entities()
    wrong = [f"under way still: {each}" for each in manager.under_way()]
    wrong += _doubled(entities, engines)
    wrong += _left_over(entities, engines)
    by_choice = [list(_not_as_wanted(entities, engines, each)) for each in allowed]
    return wrong + (min(by_choice, key=len) if by_choice else [])


def fitting(manager: Manager, engines: Engines, allowed: Sequence[Wanted]) -> Wanted:
    """That of the allowed which is so."""
    entities = manager.entities()
    return next(each for each in allowed if not list(_not_as_wanted(entities, engines, each)))


def _members(entities: Entities, below: str = "") -> dict[str, Mapping[str, Value]]:
    return {
        str(each["uid"]): each
        for path, each in entities.items()
        if each["kind"] == "member" and (not below or path == below or path.startswith(f"{below}/"))
    }


def _doubled(entities: Entities, engines: Engines) -> Iterator[str]:
    counts = Counter(seen.member for seen in engines.containers)
    for uid, count in counts.items():
        if count > 1:
            yield f"{count} containers of {uid}: {', '.join(str(seen) for seen in engines.containers if seen.member == uid)}"
    shown = Counter(str(each["path"]) for each in entities.values() if each["kind"] == "container")
    yield from (f"{name} is shown {count} times" for name, count in shown.items() if count > 1)


def _left_over(entities: Entities, engines: Engines) -> Iterator[str]:
    members = _members(entities)
    applications = {str(each["uid"]) for each in entities.values() if each["kind"] == "application"}
    for seen in engines.containers:
        if seen.member not in members:
            yield f"{seen} belongs to nobody"
        elif not seen.running:
            yield f"{seen}"
    for host, name, application in engines.volumes:
        if application not in applications:
            yield f"volume {name} on {host} belongs to nobody"
    for host, name in engines.networks:
        if not applications:
            yield f"network {name} on {host} belongs to nobody"
    for host, name in engines.images:
        if not applications:
            yield f"image {name} on {host} belongs to nobody"


def _not_as_wanted(entities: Entities, engines: Engines, wanted: Wanted) -> Iterator[str]:
    yield from _hosts(entities, wanted)
    if wanted.size is None:
        yield from (f"{path} is there, though it was deleted" for path in entities if path.split("/")[0] == "shop")
        return
    for path, size in ((WEB, wanted.size), (SIDE, 1)):
        members = _members(entities, path)
        running = [seen for seen in engines.containers if seen.member in members and seen.running]
        if len(members) != size:
            yield f"{path} has {len(members)} members, and {size} are wanted"
        if len(running) != size:
            yield f"{len(running)} containers of {path} run, and {size} are wanted"
        yield from (f"{each['path']} is not up: {each['state']} {each['problems']}" for each in members.values() if each["up"] is not True)
        yield from (f"{seen} is where all was drained" for seen in running if seen.host == wanted.drained)
        for seen in running if path == WEB else ():
            if seen.environ.get("TEXT") != wanted.text or seen.memory != MEMORY[wanted.memory]:
                yield f"{seen} was not updated"
    cluster = entities.get(WEB)
    if cluster is None or cluster["members_wanted"] != wanted.size or cluster["state"] != ("running" if wanted.size else cluster["state"]):
        yield f"{WEB} is {cluster}"


def _hosts(entities: Entities, wanted: Wanted) -> Iterator[str]:
    for path, each in entities.items():
        if each["kind"] == "host" and path.startswith(f"{POOL}/") and each["up"] is not True:
            yield f"{path} is not up"

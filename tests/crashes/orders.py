"""What is ordered while the daemon is killed, and what may be wanted afterwards: the new state if the order was taken, else either."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tests.bed.host import BedHost
from tests.crashes.manager import Manager

POOL = "yard"
WEB, SIDE = "shop/web", "shop/side"
MOST = 5
MEMORY = {0: 32 << 20, 1: 48 << 20}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people have ordered so far. `size` is None while there is no application."""

    size: int | None = None
    text: str = "0"
    memory: int = 0
    drained: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to do: its name, how it is given, what is wanted once it is taken, and about how many seconds its work lasts.

    `stays` are paths whose containers it has no reason to touch.
    """

    name: str
    give: Callable[[Manager], object]
    after: Wanted
    lasts: float
    stays: Sequence[str] = field(default_factory=tuple)


def yard(hosts: Sequence[BedHost]) -> str:
    """The pool."""
    lines = [f"  - {{name: {host.name}, engine: '{host.docker_host}', address: {host.address}}}" for host in hosts]
    return "\n".join(["services:", "- type: docker-cloud", f"  name: {POOL}", "  hosts:", *lines])


def shop(wanted: Wanted) -> str:
    """The application as it is to be."""
    return f"""name: shop
location: {POOL}
services:
- type: cluster
  id: web
  initialSize: {wanted.size}
  memberSpec:
    type: docker:clocker/web:1
    ports: [8080]
    stopTimeout: 1
    memory: {MEMORY[wanted.memory]}
    env: {{TEXT: "{wanted.text}"}}
    readiness: {{http: 8080/}}
- type: docker:clocker/web:1
  id: side
  stopTimeout: 1
  volumes: ["side:/data"]
"""


def next_order(random: Random, wanted: Wanted, hosts: Sequence[BedHost], keeps: str) -> Order:
    """What comes next, so that every kind of order comes often. `keeps` is the host of the service that may not move, since its volume is there."""
    if wanted.size is None:
        fresh = Wanted(random.randint(1, 3), str(random.randrange(1000)), 0, wanted.drained)
        return Order("deploy", lambda manager: manager.deploy(shop(fresh)), fresh, 2.0)
    if wanted.drained and random.random() < 0.5:
        drained = wanted.drained
        return Order(
            "uncordon", lambda manager: manager.order(f"{POOL}/{drained}", "uncordon"), replace(wanted, drained=""), 0.2, (WEB, SIDE)
        )
    free = [host for host in hosts if host.name != keeps]
    kinds: Mapping[str, int] = {
        "resize": 4,
        "drain": 0 if wanted.drained else 3,
        "update": 3,
        "delete": 2,
        "replace": 2,
        "restart": 1,
        "nothing": 1,
    }
    kind = random.choices(list(kinds), list(kinds.values()))[0]
    return _ORDERS[kind](random, wanted, free)


def _resize(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    size = random.choice([each for each in range(MOST + 1) if each != wanted.size])
    stays = (SIDE, *((WEB,) if size > (wanted.size or 0) else ()))
    return Order(f"resize to {size}", lambda manager: manager.order(WEB, "resize", size=size), replace(wanted, size=size), 1.5, stays)


def _drain(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    host = random.choice(hosts).name
    return Order(f"drain {host}", lambda manager: manager.order(f"{POOL}/{host}", "drain"), replace(wanted, drained=host), 2.0)


def _update(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    if random.random() < 0.3:
        after = replace(wanted, memory=1 - wanted.memory)
        return Order("update in place", lambda manager: manager.deploy(shop(after)), after, 0.5, (WEB, SIDE))
    after = replace(wanted, text=str(int(wanted.text) + 1))
    return Order("update", lambda manager: manager.deploy(shop(after)), after, 2.5, (SIDE,))


def _delete(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    return Order("delete", lambda manager: manager.order("shop", "delete"), replace(wanted, size=None), 1.0)


def _replace(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    place = random.random()

    def give(manager: Manager) -> object:
        members = sorted(path for path, each in manager.entities().items() if each["kind"] == "member" and path.startswith(f"{WEB}/"))
        return manager.order(WEB, "replaceMember", member=members[int(place * len(members))]) if members else None

    return Order("replaceMember", give, wanted, 1.5, (SIDE,))


def _restart(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    return Order("restart", lambda manager: manager.order(SIDE, "restart"), wanted, 1.0, (WEB,))


def _nothing(random: Random, wanted: Wanted, hosts: Sequence[BedHost]) -> Order:
    return Order("nothing", lambda manager: None, wanted, 1.0, (WEB, SIDE))


_ORDERS: Mapping[str, Callable[[Random, Wanted, Sequence[BedHost]], Order]] = {
    "resize": _resize,
    "drain": _drain,
    "update": _update,
    "delete": _delete,
    "replace": _replace,
    "restart": _restart,
    "nothing": _nothing,
}

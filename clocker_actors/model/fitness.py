"""Can a policy or enricher ever work where somebody puts it? What is certain is said before it is accepted, the rest as soon as it is there.

    unfit        it stands on the wrong kind of entity                                   ─┐
    idle         nothing it could listen to is named                                      │
    deaf         a sensor it listens to is one of another kind of entity, or misspelt,    ├─ certain: refused
                 or of an enricher that is not there                                      │
    unbounded    no value of what it listens to would make it do anything                ─┘
    waits_for    a sensor nobody knows: a person's own, whose source may come later      ─── told

Blueprints and entities ask the same questions here, so that both give the same answers. All functions are pure; texts do not name the entity.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from clocker_actors.model import sensors
from clocker_actors.model.effectors import effectors_of
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value, as_map, as_number

_LIKE = 0.8
_SERVICE = (
    sensors.SERVICE_UP,
    sensors.SERVICE_STATE,
    sensors.SERVICE_EXPECTED,
    sensors.SERVICE_PROBLEMS,
    sensors.SERVICE_NOT_UP,
)
_GROUP = (
    sensors.GROUP_SIZE,
    sensors.GROUP_DESIRED,
    sensors.GROUP_HELD,
    sensors.GROUP_MIN,
    sensors.GROUP_MAX,
    sensors.GROUP_UP,
    sensors.QUARANTINED,
)
_PLACE = (sensors.HOST_NAME, sensors.HOST_ADDRESS, sensors.HOST_SUBNET)
_MEMBER = (sensors.CONTAINER_HOST, sensors.GENERATION, sensors.ENDPOINTS, sensors.PROCESS_RUNNING, sensors.SERVING, sensors.PLACE, *_PLACE)
_CONTAINER = (
    sensors.CONTAINER_ID,
    sensors.CONTAINER_STATE,
    sensors.CONTAINER_EXIT,
    sensors.CONTAINER_STARTED,
    sensors.CONTAINER_RIGHTS,
    sensors.CONTAINER_MANAGED,
)
_HOST = tuple(
    sensor for name, sensor in sensors.ALL.items() if name.startswith(("host.", "engine.", "docker.containers.")) and sensor not in _PLACE
)
_POOL = (
    sensors.POOL_HOSTS,
    sensors.POOL_HOSTS_UP,
    sensors.POOL_CONTAINERS,
    sensors.POOL_SPREAD,
    sensors.POOL_NEEDED,
    sensors.POOL_UTILISATION,
)


def _names(*rows: tuple[Sensor, ...]) -> frozenset[str]:
    return frozenset(sensor.name for row in rows for sensor in row)


PUBLISHED: Mapping[EntityKind, frozenset[str]] = {
    EntityKind.ROOT: _names(_SERVICE),
    EntityKind.APPLICATION: _names(_SERVICE, (sensors.SERVICES,)),
    EntityKind.CLUSTER: _names(_SERVICE, _GROUP),
    EntityKind.MEMBER: _names(_SERVICE, sensors.USE, _MEMBER),
    EntityKind.POOL: _names(_SERVICE, _POOL),
    EntityKind.HOST: _names(_SERVICE, _HOST),
    EntityKind.CONTAINER: _names(sensors.USE, _CONTAINER),
}
"""Sensors that entities of a kind have of themselves, without policies and enrichers."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A policy or enricher on an entity, with what was written for it."""

    type: PolicyType
    config: Mapping[str, Value]

    def value(self, key: str) -> Value:
        """What is written, else the default; None for a key that only counts when it is written, and is not."""
        written = self.config.get(key)
        default = next((each.default for each in self.type.keys if each.name == key), None)
        if key in self.type.needs:
            return None if written == default else written
        return default if written is None else written

    def gives(self) -> Iterator[str]:
        """The sensors it gives its entity."""
        yield from self.type.emits
        yield from (name for key in self.type.gives for name in _named(self.value(key)))
        yield from (name for key in self.type.names for name in as_map(self.value(key)))
        rolled = self.value(self.type.rolls_up) if self.type.rolls_up else ()
        for name in rolled if isinstance(rolled, list | tuple) else ():
            yield from (f"{name}.{how}" for how in sensors.ROLLUPS)

    def gathers(self) -> Iterator[str]:
        """The sensors of members, or of services below, it listens to."""
        yield from (name for key in self.type.gathers for name in _named(self.value(key)))

    def hands_down(self) -> Iterator[str]:
        """The sensors it gives to members, or to services below."""
        yield from (name for key in self.type.hands_down for name in _named(self.value(key)))

    def is_open(self) -> bool:
        """Whether it may give any sensor."""
        return any(self.value(key) not in (None, False) for key in self.type.opens)

    def hears(self) -> Iterator[tuple[str, str]]:
        """(key, sensor) of its own entity it listens to."""
        if not any(self.value(key) for key in self.type.elsewhere):
            yield from ((key, name) for key in self.type.hears for name in _named(self.value(key)))


def _named(value: Value) -> tuple[str, ...]:
    """The sensors a key names: one, a list of them, or a map to them."""
    several = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else (value,)
    return tuple(name for name in several if isinstance(name, str) and name)


def certainly_wrong(placed: Placed, kind: EntityKind, there: frozenset[str], types: Iterable[PolicyType]) -> tuple[str, str] | None:
    """Why it can never work on an entity that has the sensors `there`: the key to blame ("" for none), and words that say what would be right. None if
    it may work."""
    text = unfit(placed.type, kind)
    if text:
        return "", text
    return idle(placed) or powerless(placed, kind) or deaf(placed, kind, there, types) or unbounded(placed)


def unfit(policy: PolicyType, kind: EntityKind) -> str:
    """That it stands on the wrong kind of entity; "" if it does not."""
    if not policy.kinds or kind in policy.kinds:
        return ""
    right = " or ".join(_a(each) for each in policy.kinds)
    return f"{policy.name} cannot work on {_a(kind)}: it {policy.meaning}; put it on {right}"


def idle(placed: Placed) -> tuple[str, str] | None:
    """That it names nothing of all it could listen to."""
    needs = placed.type.needs
    if not needs or any(placed.value(key) for key in needs):
        return None
    first = next(key for key in placed.type.keys if key.name == needs[0])
    others = f" (or {', '.join(needs[1:])})" if needs[1:] else ""
    return "", f"{placed.type.name} has no {first.name}, so it would never do anything; give {first.name}{others}: {first.meaning}"


def powerless(placed: Placed, kind: EntityKind) -> tuple[str, str] | None:
    """That it orders an effector which its entity does not have."""
    known = effectors_of(kind)
    for key, parameter in placed.type.orders.items():
        name = str(placed.value(key))
        if name not in known or parameter not in {each.name for each in known[name].parameters}:
            right = [each.name for each in known.values() if parameter in {one.name for one in each.parameters}]
            return (
                key,
                f"{key} {name!r} is no effector of {_a(kind)} that takes `{parameter}`; write {' or '.join(right) or 'another entity'}",
            )
    return None


def deaf(placed: Placed, kind: EntityKind, there: frozenset[str], types: Iterable[PolicyType]) -> tuple[str, str] | None:
    """That it listens to a sensor which its entity certainly does not have."""
    for key, name in placed.hears():
        if name in there:
            continue
        givers = [policy.name for policy in types if name in policy.emits]
        near = (
            [f"{name}.{sensors.ROLLUPS[0]}"]
            if f"{name}.{sensors.ROLLUPS[0]}" in there
            else get_close_matches(name[:60], sorted(there), 1, _LIKE)
        )
        if givers:
            return key, f"{key} {name!r} is fired by {' or '.join(givers)} only, and there is none here; add that first"
        elsewhere = [each for each, names in PUBLISHED.items() if name in names]
        known = name in sensors.ALL and not sensors.ALL[name].notify
        if known or near:
            whose = f"one of {_a(elsewhere[0])}, not of {_a(kind)}" if elsewhere else f"no sensor of {_a(kind)}"
            hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(sorted(numbers(there))[:4])}"
            return key, f"{key} {name!r} is {whose}, so it would never be heard; {hint}"
    return None


def unbounded(placed: Placed) -> tuple[str, str] | None:
    """That it has a sensor to compare, and nothing to compare it with."""
    bounds, needs = placed.type.bounds, placed.type.needs
    if not bounds or any((as_number(placed.value(key)) or 0) > 0 for key in bounds) or any(placed.value(key) for key in needs[1:]):
        return None
    never = f"so no value of {placed.value(needs[0])} would ever make it act; give one of these, or leave the policy out"
    return needs[0], f"{placed.type.name} has neither {' nor '.join(bounds)} above 0, {never}"


class Beside:
    """What stands on one entity, by the sensors that it hears: made once for all that are looked at."""

    __slots__ = ("_hearers",)

    def __init__(self, placed: Iterable[Placed]) -> None:
        self._hearers: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for each in placed:
            gives = tuple(each.gives())
            for name in {name for _, name in each.hears()}:
                self._hearers.setdefault(name, []).append((gives, each.type.name))

    def hearers(self, sensor: str) -> Iterable[tuple[tuple[str, ...], str]]:
        """What each of those gives that hear this sensor, with its type."""
        return self._hearers.get(sensor, ())


def loop(placed: Placed, beside: "Iterable[Placed] | Beside") -> tuple[str, str] | None:
    """That what it gives comes back to it through others (or itself) on the same entity: they would speak to each other for ever."""
    ways = beside if isinstance(beside, Beside) else Beside(beside)
    seen: set[str] = set()
    waiting = [(name, placed.type.name) for name in placed.gives()]
    own = {name: key for key, name in placed.hears()}
    while waiting:
        sensor, through = waiting.pop()
        if sensor in own:
            key = own[sensor]
            return (
                key,
                f"{key} {sensor!r} is made of what this {placed.type.name} gives ({through}), so both would speak for ever; hear another sensor",
            )
        if sensor not in seen:
            seen.add(sensor)
            waiting += [(name, f"{through} → {kind}") for gives, kind in ways.hearers(sensor) for name in gives]
    return None


def waits_for(placed: Placed, there: frozenset[str]) -> tuple[str, ...]:
    """Sensors it listens to that nothing publishes now, and that may yet come."""
    return tuple(name for _, name in placed.hears() if name not in there)


def published(kind: EntityKind, beside: Iterable[Placed]) -> frozenset[str]:
    """All sensors an entity has, with those its policies and enrichers give."""
    return PUBLISHED[kind] | {name for placed in beside for name in placed.gives()}


def numbers(names: Iterable[str]) -> list[str]:
    """Those of them that measure something."""
    return [name for name in names if sensors.unit_of(name)]


def usual(kind: EntityKind, *, healing: bool) -> tuple[str, ...]:
    """Types of what an entity is given unless its blueprint has its own of that type."""
    if kind is EntityKind.CLUSTER:
        return ("rollup", "service-replacer") if healing else ("rollup",)
    return ("service-failure-detector", "service-restarter") if healing and kind is EntityKind.MEMBER else ()


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"

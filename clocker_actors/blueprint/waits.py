"""Who waits for whom, looked at as a whole: sensors that nobody has, and services that would wait for each other for ever.

A service starts when those it waits for are done; what is done has started, and a group, cluster or application is done when all below it are. So

    start(A) ─▶ done(B)            A waits for a sensor of B, or depends on it
    done(B)  ─▶ start(B)           and, for what has services below it, ─▶ done(each of those)
    start(B) ─▶ start(parent)      since a group or cluster that waits holds back what is below it

and a circle of these is a fault of the file. Sensors that are known without a start, such as the size a cluster is to have, make nobody wait.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clocker_actors.blueprint.nodes import Mark, quote
from clocker_actors.blueprint.tables import CLUSTER, CONTAINER, GROUP
from clocker_actors.blueprint.untyped import UNTYPED
from clocker_actors.expressions import references
from clocker_actors.model import sensors
from clocker_actors.model.expressions import Expression
from clocker_actors.model.fitness import PUBLISHED, Placed, published, usual
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import ServiceSpec

if TYPE_CHECKING:
    from clocker_actors.blueprint.context import Context
    from clocker_actors.blueprint.tree import Raw

_KINDS = {CONTAINER: EntityKind.MEMBER, GROUP: EntityKind.MEMBER, CLUSTER: EntityKind.CLUSTER, "application": EntityKind.APPLICATION}
_ALONE = frozenset({CONTAINER, UNTYPED})
"""Kinds that do not wait for what is below them, as far as is known."""
_PLACE = frozenset({"host.name", "host.address", "host.subnet.address"})
"""What a service knows of its own place before its container is made."""
_FREE = frozenset(
    each.name
    for each in (
        sensors.SERVICE_STATE,
        sensors.SERVICE_EXPECTED,
        sensors.SERVICE_PROBLEMS,
        sensors.SERVICE_NOT_UP,
        sensors.GROUP_DESIRED,
        sensors.GROUP_MIN,
        sensors.GROUP_MAX,
        sensors.GROUP_SIZE,
    )
)
"""What is known of a service that has not started."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A service waits with its start for another; `sensor` is "" if that has to be there as a whole."""

    raw: "Raw"
    target: str
    sensor: str
    mark: Mark


@dataclass(slots=True)
class Sought:
    """What a file waits for, collected while it is read."""

    sensors: "list[tuple[Raw | None, str, Mark]]" = field(default_factory=list)
    """Of whom (None: of somebody outside the file), which, and where that is written."""
    waits: list[Wait] = field(default_factory=list)
    late: list[tuple[Expression, Mark]] = field(default_factory=list)
    """Late texts of the container that is being read."""

    def texts_of(self, raw: "Raw") -> None:
        """The late texts that were collected are those of this service."""
        for expression, mark in self.late:
            self.expression(raw, expression, mark)
        self.late.clear()

    def expression(self, raw: "Raw", expression: Expression, mark: Mark) -> None:
        """The service waits for all that the expression refers to."""
        self.waits += [Wait(raw, target, sensor, mark) for target, sensor in references(expression) if sensor]


def check_waits(services: tuple[ServiceSpec, ...], context: "Context") -> None:
    """Note sensors that their entity will not have, and services that would wait for each other."""
    specs = {spec.id: spec for top in services for spec in _all(top)}
    known: dict[int, frozenset[str] | None] = {}
    usually: dict[EntityKind, frozenset[str]] = {}
    for raw, name, mark in context.sought.sensors:
        if raw is None or context.faults.full:
            continue
        if raw.number not in known:
            known[raw.number] = _known(raw, specs.get(raw.id), usually, context)
        names = known[raw.number]
        if names is not None and name not in names and not (raw.number in context.portless and name.startswith(sensors.PORTS)):
            where = f"a sensor of {quote(raw.id)}" if raw.parent else "a sensor of the application"
            context.faults.unknown(mark, name, where, names)
    _Circles(context, known).check()


def _all(spec: ServiceSpec) -> Iterator[ServiceSpec]:
    yield spec
    for child in spec.children:
        yield from _all(child)
    if spec.cluster:
        yield from _all(spec.cluster.member)


def _known(raw: "Raw", spec: ServiceSpec | None, usually: dict[EntityKind, frozenset[str]], context: "Context") -> frozenset[str] | None:
    """All sensors it will have; None if that cannot be told."""
    types = context.policies.types
    if spec is None and raw.parent is not None:
        return None
    given = (*spec.policies, *spec.enrichers) if spec else ()
    if (raw.parent is None and ("enrichers" in raw.head or "policies" in raw.head)) or any(each.type not in types for each in given):
        return None
    if any(
        late.field in (*types[each.type].gives, *types[each.type].names, types[each.type].rolls_up) for each in given for late in each.late
    ):
        return None
    if raw.number in context.doubtful:
        return None  # what is wrong there may be what gives the sensor
    kind = _KINDS[raw.kind]
    if kind not in usually:
        usually[kind] = published(kind, [Placed(types[name], {}) for name in usual(kind, healing=True) if name in types])
    own = {name for each in given for name in Placed(types[each.type], each.config).gives()}
    found = {*usually[kind], *own, *(each.sensor for each in raw.parameters.values() if each.sensor)}
    if raw.kind == CONTAINER:
        ports = spec.container.ports if spec and spec.container else ()
        found |= _PLACE | {sensors.PROCESS_RUNNING.name} | {name for port in ports for name in sensors.port_names(port.container)}
    return frozenset(found)


_Point = tuple[bool, int]
"""(whether it is done, or only to start, number of the service)"""


class _Circles:
    """The graph of who waits for whom."""

    def __init__(self, context: "Context", known: Mapping[int, frozenset[str] | None]) -> None:
        self._context = context
        self._known = known
        self._raws = context.raws
        self._by_id = context.by_id
        self._edges: dict[_Point, list[tuple[_Point, Wait | None]]] = {}

    def check(self) -> None:
        """Note each circle once."""
        for wait in self._context.sought.waits:
            target = self._target(wait)
            if target is not None and self._holds(wait, target):
                self._edge((False, wait.raw.number), (True, target.number), wait)
        for raw in self._raws:
            self._edge((True, raw.number), (False, raw.number))
            if raw.kind not in _ALONE:
                for below in raw.below:
                    self._edge((True, raw.number), (True, below.number))
            if raw.parent is not None and raw.parent.kind not in _ALONE:
                self._edge((False, raw.number), (False, raw.parent.number))
        for circle in self._found():
            self._say(circle)

    def _edge(self, start: _Point, end: _Point, wait: Wait | None = None) -> None:
        self._edges.setdefault(start, []).append((end, wait))

    def _target(self, wait: Wait) -> "Raw | None":
        name = wait.target.removeprefix("member:")
        return {"self": wait.raw, "parent": wait.raw.parent, "root": self._raws[0]}.get(name) or self._by_id.get(name)

    def _holds(self, wait: Wait, target: "Raw") -> bool:
        """Whether the sensor cannot be there before its entity starts."""
        name = wait.sensor
        if name in _FREE:
            return False
        usual_one = not name or name in PUBLISHED[_KINDS.get(target.kind, EntityKind.MEMBER)]
        if target is wait.raw:
            return usual_one and name not in _PLACE and not name.startswith(sensors.PORTS)
        above = wait.raw.parent
        while above is not None:
            if above is target:
                return usual_one
            above = above.parent
        return True

    def _found(self) -> Iterator[list[Wait]]:
        """Circles, one for each way back that a walk over the graph meets."""
        done: set[_Point] = set()
        for start in list(self._edges):
            if start in done:
                continue
            path: list[_Point] = [start]
            waits: list[Wait | None] = [None]
            places = {start: 0}
            left = [iter(self._edges.get(start, ()))]
            while path:
                step = next(left[-1], None)
                if step is None:
                    point = path.pop()
                    left.pop()
                    waits.pop()
                    places.pop(point)
                    done.add(point)
                elif step[0] in places:
                    yield [wait for wait in (*waits[places[step[0]] + 1 :], step[1]) if wait is not None]
                elif step[0] not in done:
                    places[step[0]] = len(path)
                    path.append(step[0])
                    waits.append(step[1])
                    left.append(iter(self._edges.get(step[0], ())))

    def _say(self, circle: list[Wait]) -> None:
        first = min(range(len(circle)), key=lambda place: circle[place].mark)
        ordered = [*circle[first:], *circle[:first]]
        steps = [f"{each.raw.id} waits for {self._words(each)}" for each in ordered[:10]]
        more = f" and so on through {len(ordered)} services" if len(ordered) > 10 else ""
        last = "it would never start" if len(ordered) == 1 else "none of them would ever start"
        self._context.faults.add(ordered[0].mark, f"{', '.join(steps)}{more}, so {last}; have one of them wait for less")

    def _words(self, wait: Wait) -> str:
        target = self._target(wait)
        name = "itself" if target is wait.raw else target.id or "the application" if target else wait.target
        return f"{wait.sensor} of {name}" if wait.sensor else name

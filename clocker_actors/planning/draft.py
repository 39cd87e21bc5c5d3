"""A plan while it is written: the steps so far, and a book of the pool's hosts from which each step takes its room, as the Pool's own does.

A container that is replaced is placed while the old one still has its room, since that is how it is done; then the old one gives its room back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from clocker_actors.model.identity import Cause, EntityKind, Uid
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.model.specs import ContainerSpec, ServiceSpec
from clocker_actors.model.updating import StartedAs
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.planning.moving import manner
from clocker_actors.planning.requests import Asker, placement_request
from clocker_actors.planning.updating import InPlace, Replace, Step, how, started_as
from clocker_actors.planning.values import Action, Plan, PlanRefusal, PlanStep, PlanWarning, PoolView, Runs

NO_CLUSTER = Uid("")
_CAUSE = Cause("plan")
IN_PLACE_TAKES = 0.1
"""Seconds that an engine needs to change a limit, about."""


@dataclass(slots=True)
class Room:
    """One pool with the book of its hosts, and how many hosts it `made` for this plan."""

    pool: PoolView
    index: HostIndex = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        there = self.pool.index
        self.index = there if there is not None else HostIndex.of(self.pool.hosts, self.pool.ports, types=self.pool.types)


@dataclass(slots=True)
class Draft:
    """Of one application, whose uid (or id, if it is new) is `uid`. `waves` are those of its services, by id; `rooms` are the pools that they run in, the
    application's own first, and `room` that of the service which is planned now."""

    rooms: Mapping[str, Room]
    uid: Uid
    waves: Mapping[str, int]
    steps: list[PlanStep] = field(default_factory=list)
    refusals: list[PlanRefusal] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    """Of containers that are started, each with the image whose starts tell how long that takes: another one only where it takes that one's place."""
    room: Room = field(init=False)
    _known: tuple[StartedAs, StartedAs, Step] | None = None

    def __post_init__(self) -> None:
        self.room = self._own

    @property
    def _own(self) -> Room:
        return next(iter(self.rooms.values()))

    @property
    def pool(self) -> PoolView:
        """Where the service runs that is planned now."""
        return self.room.pool

    @contextmanager
    def at(self, location: str) -> Iterator[None]:
        """What is planned within runs in that pool; "" is the one it would run in anyway."""
        before = self.room
        self.room = self.rooms[location] if location else before
        yield
        self.room = before

    def step(self, action: Action, kind: str, path: str, reason: str, changes: tuple[str, ...] = (), wave: int = 0) -> None:
        """A step that takes no host."""
        self.steps.append(PlanStep(action, kind, path, reason, changes=changes, wave=wave, seconds=0.0))

    def warn(self, path: str, *messages: str) -> None:
        """Warn of something, if there is something."""
        self.warnings += [PlanWarning(path, message) for message in messages if message]

    # --- what a member's container becomes

    def begin(self, path: str, service: ServiceSpec, container: ContainerSpec, cluster: Uid, wave: int) -> None:
        """A new member gets its first container."""
        request = placement_request(Asker(Uid(path), 1, self.uid, cluster, path, _CAUSE), container, service)
        placed = self._placed(request)
        if placed is not None:
            step = PlanStep(
                Action.CREATE, EntityKind.MEMBER, path, placed.decision.reason, placed.host_name, placed.address, _ports(container)
            )
            self.steps.append(replace(step, wave=wave, seconds=self._seconds(container), pool=self._elsewhere))

    def change(self, path: str, uid: Uid, old: ServiceSpec, new: ServiceSpec, runs: Runs | None, cluster: Uid, turn: int = 0) -> bool:
        """What runs becomes what the new spec says; whether it takes a step that other members wait for."""
        was = (runs.was if runs is not None else None) or started_as(old)
        wanted, container = started_as(new), new.container
        if wanted is None or container is None:
            return False
        if runs is None or was is None:
            if was != wanted:
                self.step(
                    Action.UPDATE, EntityKind.MEMBER, path, "it runs nothing now, and begins with the new spec", _fields(was, wanted), 1
                )
            return False
        match self._how(was, wanted):
            case InPlace(fields):
                step = PlanStep(
                    Action.UPDATE, EntityKind.MEMBER, path, "changed where it runs, which goes on", runs.host_name, changes=fields
                )
                self.steps.append(replace(step, wave=1, seconds=IN_PLACE_TAKES, pool=self._elsewhere))
                return False
            case Replace(fields):
                self._replace(path, uid, new, container, runs, cluster, fields, turn, was.container.image.reference)
                return True
        return False

    def _replace(
        self,
        path: str,
        uid: Uid,
        service: ServiceSpec,
        container: ContainerSpec,
        runs: Runs,
        cluster: Uid,
        changes: tuple[str, ...],
        turn: int,
        before: str,
    ) -> None:
        asker = Asker(uid, runs.number + 1, self.uid, cluster, path, _CAUSE, runs.keep_ports, home=runs.home)
        request = placement_request(asker, container, service)
        placed = self._placed(request)
        if placed is None:
            return
        self.room.index.release(uid, runs.number)
        order = manner(service, container, same_host=placed.host == runs.host)
        step = PlanStep(
            Action.REPLACE,
            EntityKind.MEMBER,
            path,
            placed.decision.reason,
            placed.host_name,
            placed.address,
            _ports(container),
            changes,
            runs.host_name,
            order.name,
            order.why,
            wave=1,
            turn=turn,
            seconds=self._seconds(container, before),
            pool=self._elsewhere,
        )
        self.steps.append(step)

    def _how(self, was: StartedAs, wanted: StartedAs) -> Step:
        """What the one before this one needs, is what this one needs as a rule: they are members of one cluster."""
        if self._known is None or self._known[:2] != (was, wanted):
            self._known = was, wanted, how(was, wanted)
        return self._known[2]

    # --- where, and how long

    @property
    def _elsewhere(self) -> str:
        """The pool, if it is not the application's."""
        return "" if self.room is self._own else self.pool.name

    def _seconds(self, container: ContainerSpec, before: str = "") -> float | None:
        """How long its start should take; one of an image that nobody measured as long as that `before` it."""
        image = container.image.reference
        measured = before if before in self.pool.starts and image not in self.pool.starts else image
        self.images[image] = measured
        known = self.pool.starts.get(measured)
        return known.median if known is not None else None

    def _placed(self, request: PlacementRequest) -> Placement | None:
        """The place that the Pool would give it; a refusal is noted."""
        answer = self._tried(request)
        if not isinstance(answer, Placement):
            answer = self._with_a_new_host(request) or answer
        if isinstance(answer, Placement):
            return answer
        self.refusals.append(PlanRefusal(request.name, answer.decision.reason, answer.decision.would_change))
        return None

    def _tried(self, request: PlacementRequest) -> Placement | Refusal:
        return place(request, self.room.index, self.pool.strategies, rules=self.pool.affinity, decision_id="plan", at=0.0)

    def _with_a_new_host(self, request: PlacementRequest) -> Placement | None:
        """The pool makes a host where that helps, as it would if this were asked of it."""
        template = self.pool.template
        room = self.room
        if template is None or room.made >= self.pool.may_make:
            return None
        name = f"new-{room.made + 1}"
        host = replace(template, uid=Uid(f"{self.pool.name}/{name}"), name=name, order=1_000_000 + room.made)
        room.index.add(host)
        answer = self._tried(request)
        if not isinstance(answer, Placement):
            room.index.remove(host.uid)
            return None
        room.made += 1
        step = PlanStep(Action.CREATE, EntityKind.HOST, host.uid, "the pool makes it, since no other host has room")
        self.steps.append(replace(step, wave=1, seconds=0.0, pool=self._elsewhere))
        return answer

    def plan(self, application: str) -> Plan:
        """All of it so far."""
        return Plan(application, self._own.pool.name, tuple(self.steps), tuple(self.refusals), tuple(self.warnings))


def _ports(container: ContainerSpec) -> dict[str, int]:
    return {f"{spec.container}/{spec.protocol}": spec.fixed or 0 for spec in container.ports}


def _fields(was: StartedAs | None, wanted: StartedAs) -> tuple[str, ...]:
    return tuple(_of(how(was, wanted))) if was is not None else ()


def _of(step: object) -> Iterator[str]:
    if isinstance(step, InPlace | Replace):
        yield from step.fields

"""Waiting with a start for others: dependencies, a latch, and texts that are not known yet. Visible, bounded, and taken up again by itself.

    wanted ──something is missing──▶ waiting (step, indicator) ──all there──▶ met: it starts
                                        │ too long, or what it waits for has failed
                                        ▼
                                     a problem, activities fail; it goes on waiting ──all there──▶ met

Nothing here is durable: after a restart of the manager it waits anew, as long as before. What has run once is started again after a failure without waiting:
with what it had the last time, if that cannot be known now.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clocker_actors.entities.lookouts import Lookouts
from clocker_actors.entities.outlook import DOWN, Outlook
from clocker_actors.expressions import Broken, Ready, Sealed, Waiting, as_text, in_words, resolve
from clocker_actors.model import sensors
from clocker_actors.model.expressions import Condition, Dependency, Expression, Filled, Late
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.specs import ContainerSpec, ServiceSpec
from clocker_actors.model.values import Value, as_map

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity
    from clocker_actors.entities.records import ClusterState, MemberState

DEPENDENCY = "dependency"
"""Name of the problem that what an entity depends on is not to be expected."""
WAITS = "waits"
"""Name of the indicator that it is not there yet."""
LONGEST = 600.0
"""Seconds for which texts and latches are waited for, unless a start may take longer."""
FIRE_GRACE = 15.0
"""Seconds after which it is taken as a failure that what is waited for is on fire, since it may be about to be mended."""
LOOK_AGAIN = 1.0
STARTS = ("start", "restart", "resize", "resizeByDelta")
"""Effectors that may have to wait."""
SHOWN = 3


class WaitOn:
    """Timer message: look again whether what is waited for is there, or has taken too long."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that is missing, in words; `over` if it is not to be expected any more."""

    why: str
    over: bool = False


class Waits:
    """Of one member or cluster."""

    __slots__ = ("_entity", "since")

    def __init__(self, entity: "Entity[MemberState] | Entity[ClusterState]") -> None:
        self._entity = entity
        self.since: float | None = None  # since when it waits

    @property
    def lookouts(self) -> Lookouts:
        """Goes on watching what was looked at, also when nothing is waited for."""
        return self._entity.lookouts

    @property
    def waiting(self) -> bool:
        """Whether it waits."""
        return self.since is not None

    def met(self, spec: ServiceSpec, container: ContainerSpec | None, here: Mapping[str, Value]) -> bool:
        """Whether a start may go on; if not, it is said why, and the entity is settled again when that may have changed."""
        if not (spec.depends or spec.latch is not None or (container is not None and container.late)):
            self.stop()  # a spec of before may have had something to wait for
            return True
        entity = self._entity
        if self.since is None:
            self.since = entity.now
        obstacles = tuple(self._obstacles(spec, container, self.outlook(here)))
        self.lookouts.follow()
        if not obstacles:
            self.stop()
            return True
        entity.after("wait", LOOK_AGAIN, WaitOn())
        self._say(obstacles)
        return False

    def missing(self, spec: ServiceSpec, container: ContainerSpec, here: Mapping[str, Value]) -> str:
        """What a start would wait for, in words, while what runs goes on; "" if all is there. The entity is settled again when that may have changed."""
        if not (spec.depends or spec.latch is not None or container.late):
            return ""
        why = tuple(obstacle.why for obstacle in self._obstacles(spec, container, self.outlook(here)))
        self.lookouts.follow()
        return "; ".join(dict.fromkeys(why[:SHOWN]))

    def stop(self) -> None:
        """It waits no more: all is there, or it is not to start."""
        if self.since is not None:
            self.since = None
            self._entity.cancel_timer("wait")
            self._entity.service.set_indicator(WAITS, "")
            self._entity.service.set_problem(DEPENDENCY, "")
            for activity in self._entity.running.all(*STARTS):
                self._entity.running.step_over(activity.id, "wait")

    def anew(self) -> None:
        """Somebody asks for a start: it may take its time again."""
        if self.since is not None:
            self.since = self._entity.now

    def outlook(self, here: Mapping[str, Value]) -> Outlook:
        """What its expressions see now."""
        entity = self._entity
        return Outlook(self.lookouts, entity.uid, entity.now, entity.now if self.since is None else self.since, here)

    def filled(self, container: ContainerSpec, here: Mapping[str, Value], last: Filled | None) -> Filled | None:
        """The late texts of a container as they are now, those that cannot be known as they were; None if one was never known."""
        if not container.late:
            return Filled()
        outlook = self.outlook(here)
        seen = {late.field: resolve(late.expression, outlook) for late in container.late}
        self.lookouts.follow()
        known = {late.field: late for late in last.sealed} if last is not None else {}
        texts: dict[str, str] = {}
        sealed: list[Late] = []
        for field, found in seen.items():
            if isinstance(found, Ready):
                texts[field] = as_text(found.value)
            elif isinstance(found, Sealed):
                sealed.append(Late(field, found.expression))
            elif last is not None and field in last.texts:
                texts[field] = last.texts[field]
            elif field in known:
                sealed.append(known[field])
            else:
                return None
        return Filled(texts, tuple(sealed))

    # --- what is missing

    def _obstacles(self, spec: ServiceSpec, container: ContainerSpec | None, outlook: Outlook) -> Iterator[Obstacle]:
        for dependency in spec.depends:
            why = self._missing(dependency, outlook)
            if why:
                fate = self._fate(dependency.on, outlook) or self._stuck(dependency.on, outlook)
                yield self._bounded(why, dependency.on, fate, dependency.timeout, outlook)
        limit = max(LONGEST, spec.start_timeout)
        if spec.latch is not None:
            yield from self._unknown("its latch", spec.latch, limit, outlook, latch=True)
        for late in container.late if container is not None else ():
            yield from self._unknown(late.field, late.expression, limit, outlook)

    def _missing(self, dependency: Dependency, outlook: Outlook) -> str:
        """What is not yet as the condition wants it, in words."""
        target, path = dependency.on, self.lookouts.path(dependency.on)
        up = outlook.value(target, sensors.SERVICE_UP) is True
        match dependency.condition:
            case Condition.STARTED:
                return "" if up or outlook.value(target, sensors.PROCESS_RUNNING) is True else f"waits until {path} runs"
            case Condition.HEALTHY:
                well = up and outlook.value(target, sensors.SERVICE_STATE) == Lifecycle.RUNNING
                return "" if well else f"waits until {path} is up"
            case Condition.SENSOR:
                return self._unlike(dependency.until, path, outlook) if dependency.until is not None else ""

    @staticmethod
    def _unlike(until: Expression, path: str, outlook: Outlook) -> str:
        """What of a condition on a sensor does not hold, with the value there is; "" if it holds."""
        seen = resolve(until, outlook)
        if isinstance(seen, Ready) and _true(seen.value):
            return ""
        if until.op != "predicate":
            wanted = f"waits until {path} is as it depends on"
        else:
            reading, predicate = until.args
            now = resolve(reading, outlook)
            value = f"it is {as_text(now.value)}" if isinstance(now, Ready) else "it has no value yet"
            wanted = f"waits until {as_text(reading.args[1].value)} of {path} is {in_words(predicate.value)} ({value})"
        return f"{wanted}: {seen.reason}" if isinstance(seen, Broken) else wanted

    def _unknown(self, what: str, expression: Expression, limit: float, outlook: Outlook, *, latch: bool = False) -> Iterator[Obstacle]:
        match resolve(expression, outlook):
            case Broken(reason=reason):
                yield Obstacle(f"{what}: {reason}", over=True)
            case Waiting(on=on):
                for target, sensor in on:
                    why = f"waits for {sensor or 'the place'} of {self.lookouts.path(target)}"
                    yield self._bounded(why, target, self._stuck(target, outlook), limit, outlook)
            case Ready(value=value) if latch and not _true(value):
                yield self._bounded("waits for its latch to be true", "", "", limit, outlook)

    def _bounded(self, why: str, target: str, fate: str, limit: float, outlook: Outlook) -> Obstacle:
        """The same, or that it is not to be expected any more: the target has failed, or the time is over."""
        if fate:
            return Obstacle(f"{why}, {fate}", over=True)
        if outlook.now - outlook.since >= limit:
            state = outlook.value(target, sensors.SERVICE_STATE) if target else None
            is_now = f", which is {state}" if state is not None else ""
            return Obstacle(f"{why}{is_now}, and has done so for {limit:g} s: look at that; this goes on by itself then", over=True)
        return Obstacle(why)

    def _fate(self, target: str, outlook: Outlook) -> str:
        """How the target has failed, in words; "" if it has not, or so lately that it may yet be mended. Expressions have their own options for that."""
        since = outlook.since_state(target, Lifecycle.ON_FIRE)
        if since is not None and outlook.now - max(since, outlook.since) >= FIRE_GRACE:
            return f"which is on fire: {self._problems(target, outlook) or 'see its problems'}"
        gone = outlook.since_state(target, *DOWN)
        if gone is not None and outlook.now - max(gone, outlook.since) >= FIRE_GRACE:
            return "which was stopped: start it, and this goes on by itself"
        return ""

    def _stuck(self, target: str, outlook: Outlook) -> str:
        """Why the target does not even start, in words; "" if it may."""
        problems = as_map(outlook.value(target, sensors.SERVICE_PROBLEMS))
        if outlook.uid == self.lookouts.uid(target) or not {DEPENDENCY, "placement"} & problems.keys():
            return ""
        return f"which does not start: {self._problems(target, outlook)}"

    def _problems(self, target: str, outlook: Outlook) -> str:
        return "; ".join(str(problem) for problem in as_map(outlook.value(target, sensors.SERVICE_PROBLEMS)).values())

    # --- saying it

    def _say(self, obstacles: tuple[Obstacle, ...]) -> None:
        entity = self._entity
        words = tuple(dict.fromkeys(obstacle.why for obstacle in obstacles))
        more = f"; and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
        why = "; ".join(words[:SHOWN]) + more
        entity.service.set_indicator(WAITS, why)
        failed = "; ".join(dict.fromkeys(obstacle.why for obstacle in obstacles if obstacle.over))
        entity.service.set_problem(DEPENDENCY, failed)
        for activity in entity.running.all(*STARTS):
            entity.running.step(activity.id, "wait", why)
            if failed:
                entity.running.fail(activity.id, failed)


def _true(value: Value) -> bool:
    """Whether a latch is open: what a person would read as yes."""
    return bool(value) and str(value).strip().lower() not in {"false", "no", "off", "0"}

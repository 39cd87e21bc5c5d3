"""Values in the configuration of policies, enrichers and feeds that are known only at run time, and change with what they are made of.

    the keys are kept as expressions ──all known, and fit──▶ the actor starts with them ──another value──▶ it is told so, some seconds later
          └──something is missing──▶ listed as waiting, with the reason; too long, or never to come: a problem of the entity ──all known──▶ it starts

A value that cannot be known any more stays as it was. Nothing here is durable: after a restart of the manager it is found out anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.adopting import find
from clocker_actors.entities.outlook import Outlook
from clocker_actors.entities.records import Desired, State
from clocker_actors.errors import ClockerError
from clocker_actors.expressions import Broken, Ready, Sealed, Waiting, resolve
from clocker_actors.model.expressions import Expression
from clocker_actors.model.identity import RECORDER
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.ownership import AdjunctState
from clocker_actors.model.specs import CHANGE_DELAY, PolicySpec
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", bound=State)
LONGEST = 600.0
"""Seconds for which values are waited for before that is a problem; it goes on waiting."""
AGAIN = 1.0
TIMER = "late values"


class LookAgain:
    """Timer message: look again whether late values are there, have lasted, or have taken too long."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a key was worked out to, and from what."""

    expression: Expression
    value: Value


@dataclass(frozen=True, slots=True)
class _Missing:
    """Why values are not known, in words; `over` if they are not to be expected any more."""

    why: str
    over: bool = False


class LateValues(Generic[S]):
    """Those of one entity, by the names of its policies."""

    __slots__ = ("_changed", "_entity", "_known", "_missing", "_problems", "_since")

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity
        self._known: dict[str, Mapping[str, _Known]] = {}
        self._since: dict[str, float] = {}  # since when it waits
        self._changed: dict[str, float] = {}  # since when there are other values than it has
        self._missing: dict[str, _Missing] = {}  # as it was told
        self._problems: set[str] = set()

    def spec(self, spec: PolicySpec) -> PolicySpec | None:
        """The spec with the values that it is to have; None while one of them was never known."""
        if not spec.late:
            return spec
        known = self._known.get(spec.name, {})
        if any(late.field not in known or known[late.field].expression != late.expression for late in spec.late):
            return None
        return _whole(spec, {late.field: known[late.field].value for late in spec.late})

    def why(self, name: str) -> str:
        """What it waits for, in words."""
        missing = self._missing.get(name)
        return missing.why if missing is not None else "waits for values of its configuration"

    def look(self) -> bool:
        """Work them out as things are now; whether there are other values than before."""
        entity = self._entity
        late = {each.spec.name: each for each in entity.state.adjuncts if each.spec.late}
        for name in self._known.keys() | self._since.keys():
            if name not in late:
                self._forget(name)
        if not late:
            return False
        found = [self._look(adjunct) for adjunct in late.values()]
        entity.lookouts.follow()
        if self._missing or self._changed:
            entity.after(TIMER, AGAIN, LookAgain())
        return any(found)

    def _forget(self, name: str) -> None:
        self._known.pop(name, None)
        self._since.pop(name, None)
        self._changed.pop(name, None)
        self._met(name)

    def _look(self, adjunct: AdjunctState) -> bool:
        entity, spec = self._entity, adjunct.spec
        since = self._since.setdefault(spec.name, entity.now)
        if getattr(entity.state, "desired", Desired.RUNNING) is not Desired.RUNNING:
            since = self._since[spec.name] = entity.now  # what is stopped has no reason to hurry
        before = self.spec(spec)
        found = self._resolved(spec, Outlook(entity.lookouts, entity.uid, entity.now, since, {}))
        missing = found if isinstance(found, _Missing) else self._unfit(spec, found)
        if missing is not None:
            self._changed.pop(spec.name, None)
            if before is None:
                self._say(adjunct, missing)
            elif isinstance(found, _Missing):
                self._met(spec.name)  # it was known, so it is as it was
            else:
                self._problem(spec.name, f"{missing.why}; it stays as it was")
            return False
        self._met(spec.name)
        return not isinstance(found, _Missing) and self._take(spec, found, before)

    def _take(self, spec: PolicySpec, found: Mapping[str, Value], before: PolicySpec | None) -> bool:
        """Have these values from now on: at once if there were none, else some seconds after they began to change."""
        if before is not None:
            if before == _whole(spec, found):
                self._changed.pop(spec.name, None)
                return False
            if self._entity.now - self._changed.setdefault(spec.name, self._entity.now) < CHANGE_DELAY:
                return False
        self._changed.pop(spec.name, None)
        self._known[spec.name] = {late.field: _Known(late.expression, found[late.field]) for late in spec.late}
        return True

    def _resolved(self, spec: PolicySpec, outlook: Outlook) -> Mapping[str, Value] | _Missing:
        values: dict[str, Value] = {}
        missing: list[_Missing] = []
        for late in spec.late:
            match resolve(late.expression, outlook):
                case Ready(value=value):
                    values[late.field] = value
                case Waiting(on=on):
                    lookouts = self._entity.lookouts
                    what = ", ".join(f"{sensor or 'the place'} of {lookouts.path(target)}" for target, sensor in on)
                    missing.append(self._bounded(f"waits for {what}, of which {late.field} is made", outlook))
                case Broken(reason=reason):
                    missing.append(_Missing(f"waits for {late.field}, which cannot be: {reason}", over=True))
                case Sealed():
                    missing.append(_Missing(f"waits for {late.field}, which is a secret: have the service itself use it", over=True))
        if missing:
            return _Missing("; ".join(each.why for each in missing), over=any(each.over for each in missing))
        return values

    @staticmethod
    def _bounded(why: str, outlook: Outlook) -> _Missing:
        if outlook.now - outlook.since < LONGEST:
            return _Missing(why)
        return _Missing(f"{why}, and has done so for {LONGEST:g} s: look at that; this goes on by itself then", over=True)

    def _unfit(self, spec: PolicySpec, values: Mapping[str, Value]) -> _Missing | None:
        """That it cannot be configured like this."""
        try:
            self._entity.outside.adjunct(_whole(spec, values), self._entity.uid, state=None, suspended=False)
        except ClockerError as fault:
            return _Missing(f"waits for values that it can have: {fault}", over=True)
        return None

    # --- saying it

    def _say(self, adjunct: AdjunctState, missing: _Missing) -> None:
        entity, spec = self._entity, adjunct.spec
        if self._missing.get(spec.name) == missing:
            return
        self._missing[spec.name] = missing
        row = find(entity.outside.types, spec.type)
        role = row.role if row is not None else "policy"
        noted = PolicyNoted(entity.uid, spec.name, spec.type, role, "waiting", spec.config, {"problem": missing.why})
        entity.tell(RECORDER, noted)
        if missing.over:
            self._problem(spec.name, missing.why)

    def _problem(self, name: str, why: str) -> None:
        self._problems.add(name)
        self._entity.service.set_problem(name, f"{name} {why}")

    def _met(self, name: str) -> None:
        self._missing.pop(name, None)
        if name in self._problems:
            self._problems.discard(name)
            self._entity.service.set_problem(name, "")


def _whole(spec: PolicySpec, values: Mapping[str, Value]) -> PolicySpec:
    return replace(spec, config={**spec.config, **values}, late=())

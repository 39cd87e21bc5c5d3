"""What all policies have in common: configuration, rest, durable state, decisions, and what people see of them.

A policy actor is the child of its entity. It hears readings and notifications, concludes, and tells the entity: `Decided` with each conclusion, and the
`Invoke` that follows from it. While it rests (suspended) it goes on hearing facts, but neither decides nor acts.
"""

import logging
from collections.abc import Mapping
from typing import ClassVar

from clocker_actors.kernel import Actor
from clocker_actors.model.configuration import checked
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import RECORDER, Cause, Ids, Uid
from clocker_actors.model.messages import Decided, Emit, Invoke, KeepState, Reconfigure, Resume, SetProblem, StillOpen, Suspend
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value, as_number
from clocker_actors.policies.conclusion import Conclusion

log = logging.getLogger("clocker.policies")

SAME_AGAIN = 10.0
"""Seconds for which a conclusion to do nothing is not told again, unless its sort or its bounds change."""


class PolicyActor(Actor):
    """Subclasses give `type`, and override the hooks from `check` down. `state` is what the entity kept for it, or None at first."""

    type: ClassVar[PolicyType]

    def __init__(self, spec: PolicySpec, entity: Uid, *, ids: Ids, state: Mapping[str, Value] | None, suspended: bool) -> None:
        super().__init__()
        self.spec = spec
        self.entity = entity
        self.ids = ids
        self.kept: Mapping[str, Value] = dict(state or {})
        self.suspended = suspended
        self.config = self.full_config(spec.config)
        self._told: tuple[object, ...] = ()
        self._told_at = 0.0
        self._noted: PolicyNoted | None = None

    @classmethod
    def full_config(cls, given: Mapping[str, Value], base: Mapping[str, Value] | None = None) -> dict[str, Value]:
        """The complete configuration. Raises BadRequest naming the key, its value and what would be right."""
        config = checked(cls.type, given, base)
        cls.check(config)
        return config

    def on_start(self) -> None:
        self.begin()
        self.note()

    def on_receive(self, message: object) -> object:
        """What every policy takes; everything else goes to `take`."""
        match message:
            case Suspend():
                self._suspend()
            case Resume():
                self._resume(message.cause)
            case Reconfigure():
                return self._reconfigure(message)
            case StillOpen():
                self.waits_for(frozenset(message.decisions))
                self.note()
            case _:
                return self.take(message)
        return None

    # --- what subclasses say

    @classmethod
    def check(cls, config: Mapping[str, Value]) -> None:
        """Raise BadRequest for values that do not go together."""

    def begin(self) -> None:
        """Take up `kept` and subscribe."""

    def take(self, message: object) -> object:
        """A message of this policy's own."""
        return super().on_receive(message)

    def rested(self) -> None:
        """It was suspended: drop what was planned."""

    def resumed(self, cause: Cause) -> None:
        """It works again; what was seen before counts for nothing."""

    def reconfigured(self, old: Mapping[str, Value], cause: Cause) -> None:
        """The configuration has changed."""

    def waits_for(self, decisions: frozenset[str]) -> None:
        """It has just begun, and of what it had ordered before only this is still under way."""

    def status(self) -> Mapping[str, Value]:
        """What people see of it beside its configuration; nothing that changes with each reading."""
        return {}

    # --- rest and configuration

    def _suspend(self) -> None:
        if not self.suspended:
            self.suspended = True
            self.rested()
            self.note()

    def _resume(self, cause: Cause) -> None:
        if self.suspended:
            self.suspended = False
            self._told = ()
            self.resumed(cause)
            self.note()

    def _reconfigure(self, message: Reconfigure) -> Mapping[str, Value]:
        config = self.full_config(message.config, self.config)
        old, self.config = self.config, config
        self._told, self._noted = (), None  # its entity may have said meanwhile that it waits
        self.reconfigured(old, message.cause)
        self.note()
        return config

    # --- what it tells others

    def decide(self, kind: str, concluded: Conclusion, cause: Cause) -> Decision | None:
        """Tell the entity what was concluded. None for doing nothing for the same sort of reason as the last time, less than SAME_AGAIN ago."""
        told = (kind, concluded.sort, concluded.clamped)
        acted = bool(concluded.action)
        if not acted and told == self._told and self.now - self._told_at < SAME_AGAIN:
            return None
        self._told, self._told_at = told, self.now
        decision = Decision(
            self.ids.decision(),
            self.entity,
            self.id,
            kind,
            self.now,
            concluded.action,
            concluded.reason,
            cause,
            concluded.inputs,
            concluded.steps,
            concluded.clamped,
            concluded.would_change,
        )
        self.tell(self.entity, Decided(decision, acted))
        return decision

    def invoke(self, effector: str, arguments: Mapping[str, Value], decision: Decision) -> None:
        """Order it; `ActivityEnded` comes to this actor, whose cause is the decision."""
        self.tell(self.entity, Invoke(effector, arguments, Cause(decision.id, self.id), reply_to=self.id))

    def emit(self, sensor: str, value: Value, cause: Cause) -> None:
        """Fire a notification sensor of the entity."""
        self.tell(self.entity, Emit(sensor, value, cause))

    def set_problem(self, problem: str, cause: Cause) -> None:
        """Put a problem on the entity under this policy's name; "" takes it away."""
        self.tell(self.entity, SetProblem(self.spec.name, problem, cause))

    def keep(self, state: Mapping[str, Value]) -> None:
        """Have the entity keep this durably, if it is not what it keeps already."""
        if state != self.kept:
            self.kept = state
            self.tell(self.entity, KeepState(self.spec.name, state))

    def note(self) -> None:
        """Tell the recorder how this policy is, if that is news."""
        state = "suspended" if self.suspended else "running"
        noted = PolicyNoted(self.entity, self.spec.name, self.type.name, self.type.role, state, self.config, self.status())
        if noted != self._noted:
            self._noted = noted
            self.tell(RECORDER, noted)

    # --- reading the configuration

    def seconds_of(self, key: str) -> float:
        """A duration; 0 if it is not set."""
        return as_number(self.config[key]) or 0.0

    def text_of(self, key: str) -> str:
        """A text or sensor name; "" if it is not set."""
        value = self.config[key]
        return value if isinstance(value, str) else ""

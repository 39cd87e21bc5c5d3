"""What all enrichers have in common: configuration, rest, durable state, and what people see of them.

An enricher is a child of its entity and tells it `SetReading` or `Emit`. Much like the base of policies, and on purpose not shared with it: those rooms may not
know each other, and an enricher neither decides nor orders.
"""

import logging
from collections.abc import Mapping
from typing import ClassVar

from clocker_actors.kernel import Actor
from clocker_actors.model.configuration import checked
from clocker_actors.model.identity import RECORDER, Cause, Uid
from clocker_actors.model.messages import Emit, KeepState, Reconfigure, Resume, SetReading, Suspend
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType
from clocker_actors.model.values import Value, as_number

log = logging.getLogger("clocker.enrichers")


class EnricherActor(Actor):
    """Subclasses give `type`, and override `begin`, `take`, `renewed` and `status`. `state` is what the entity kept for it, or None at first."""

    type: ClassVar[PolicyType]

    def __init__(self, spec: PolicySpec, entity: Uid, *, state: Mapping[str, Value] | None, suspended: bool) -> None:
        super().__init__()
        self.spec = spec
        self.entity = entity
        self.kept: Mapping[str, Value] = dict(state or {})
        self.suspended = suspended
        self.config = checked(self.type, spec.config)

    def on_start(self) -> None:
        self.begin()
        self.note()

    def on_receive(self, message: object) -> object:
        """What every enricher takes; everything else goes to `take`."""
        match message:
            case Suspend():
                self._rest(suspended=True)
            case Resume():
                self._rest(suspended=False)
            case Reconfigure():
                old, self.config = self.config, checked(self.type, message.config, self.config)
                self.renewed(old)
                self.note()
                return self.config
            case _:
                return self.take(message)
        return None

    # --- what subclasses say

    def begin(self) -> None:
        """Take up `kept` and subscribe."""

    def take(self, message: object) -> object:
        """A message of this enricher's own."""
        return super().on_receive(message)

    def renewed(self, old: Mapping[str, Value]) -> None:
        """The configuration has changed, or (then `old` is the same) it works again after a rest."""

    def status(self) -> Mapping[str, Value]:
        """What people see of it beside its configuration; nothing that changes with each reading."""
        return {}

    # --- what it tells others

    def give(self, reading: Reading) -> None:
        """Give the entity a reading."""
        self.tell(self.entity, SetReading(reading))

    def emit(self, sensor: str, value: Value, cause: Cause) -> None:
        """Fire a notification sensor of the entity."""
        self.tell(self.entity, Emit(sensor, value, cause))

    def keep(self, state: Mapping[str, Value]) -> None:
        """Have the entity keep this durably, if it is not what it keeps already."""
        if state != self.kept:
            self.kept = state
            self.tell(self.entity, KeepState(self.spec.name, state))

    def note(self) -> None:
        """Tell the recorder how this enricher is."""
        state = "suspended" if self.suspended else "running"
        self.tell(RECORDER, PolicyNoted(self.entity, self.spec.name, self.type.name, self.type.role, state, self.config, self.status()))

    def _rest(self, *, suspended: bool) -> None:
        if suspended != self.suspended:
            self.suspended = suspended
            if not suspended:
                self.renewed(self.config)
            self.note()

    # --- reading the configuration

    def text_of(self, key: str) -> str:
        """A text or the name of a sensor; "" if it is not set."""
        value = self.config[key]
        return value if isinstance(value, str) else ""

    def number_of(self, key: str) -> float | None:
        """A number, None if it is not set."""
        return as_number(self.config[key])

    def seconds_of(self, key: str) -> float:
        """A duration; 0 if it is not set."""
        return as_number(self.config[key]) or 0.0

    def names_of(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.config[key]
        return tuple(str(name) for name in value) if isinstance(value, list | tuple) else ()

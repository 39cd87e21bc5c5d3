"""The service model of one entity: expected state, indicators and problems in; service.isUp, service.state out."""

from collections.abc import Mapping
from typing import Protocol

from clocker_actors.errors import Conflict
from clocker_actors.model import sensors
from clocker_actors.model.identity import Uid
from clocker_actors.model.lifecycle import Lifecycle, actual_state, may_move
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.values import Value


class Owner(Protocol):
    """What the service model needs of its entity."""

    uid: Uid

    def observe(self, sensor: Sensor, value: Value) -> None: ...
    def service_changed(self) -> None: ...


class Service:
    """Keeps `service.*` of its entity true. Nothing is published until the entity expects something."""

    __slots__ = ("_entity", "_told", "expected", "found", "problems", "stated")

    def __init__(self, entity: Owner) -> None:
        self._entity = entity
        self.expected: Lifecycle | None = None
        self.found: dict[str, str] = {}  # by the entity itself
        self.stated: dict[str, str] = {}  # by enrichers; what the entity finds out does not touch them
        self.problems: dict[str, str] = {}
        self._told: tuple[object, ...] = ()

    @property
    def indicators(self) -> dict[str, str]:
        """All reasons why it is not up."""
        return {**self.found, **self.stated}

    @property
    def up(self) -> bool:
        """No indicator says that it is not up."""
        return not self.found and not self.stated

    @property
    def actual(self) -> Lifecycle | None:
        """The state computed by the table."""
        return actual_state(self.expected, up=self.up, problems=bool(self.problems))

    def expect(self, expected: Lifecycle) -> None:
        """Move the expected state; raises Conflict for a move that is not in the table."""
        if self.expected is expected:
            return
        if self.expected is not None and not may_move(self.expected, expected):
            raise Conflict(f"{self._entity.uid} cannot go from {self.expected} to {expected}", entity=self._entity.uid)
        self.expected = expected
        self.refresh()

    def set_indicator(self, name: str, why: str) -> None:
        """Say why it is not up; "" takes the indicator away."""
        self._set(self.found, name, why)

    def state_indicator(self, name: str, why: str) -> None:
        """An enricher says why it is not up; "" takes that back."""
        self._set(self.stated, name, why)

    def set_problem(self, name: str, problem: str) -> None:
        """Name a problem; "" takes it away."""
        self._set(self.problems, name, problem)

    def clear_problems(self) -> None:
        """A person or policy tries anew: what was wrong with the last try does not count."""
        if self.problems:
            self.problems.clear()
            self.refresh()

    def _set(self, where: dict[str, str], name: str, text: str) -> None:
        if where.get(name, "") == text:
            return
        if text:
            where[name] = text
        else:
            where.pop(name, None)
        self.refresh()

    def replace_indicators(self, indicators: Mapping[str, str]) -> None:
        """All indicators at once, so that nobody sees a half of the change."""
        if dict(indicators) != self.found:
            self.found = dict(indicators)
            self.refresh()

    def refresh(self) -> None:
        """Publish what changed, and let the entity tell its parent."""
        if self.expected is None:
            return
        actual = self.actual
        told = (self.expected, actual, self.up, tuple(self.indicators.items()), tuple(self.problems.items()))
        if told == self._told:
            return
        self._told = told
        entity = self._entity
        entity.observe(sensors.SERVICE_EXPECTED, str(self.expected))
        entity.observe(sensors.SERVICE_NOT_UP, dict(self.indicators))
        entity.observe(sensors.SERVICE_PROBLEMS, dict(self.problems))
        entity.observe(sensors.SERVICE_UP, self.up)
        entity.observe(sensors.SERVICE_STATE, None if actual is None else str(actual))
        entity.service_changed()

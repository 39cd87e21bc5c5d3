"""The reducer: sensors by short names, put into a text or a formula.

Where the combiner knows sensors by their own names, here each is given one: `sourceSensors: {up: group.members.up, all: group.members.count}`.
"""

import re
from collections.abc import Mapping

from clocker_actors.enrichers.derived import PRODUCER, SUPPRESS, TARGET, Derived, own_target
from clocker_actors.model.formula import formula
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map

_HOLE = re.compile(r"%s|%d|%%")
_MOST_TEXT = 10_000


def filled(text: str, values: list[Value]) -> str:
    """The text with its `%s` and `%d` filled in from left to right; `%%` is a percent sign. Raises ValueError where there are fewer values than holes."""
    left = iter(values)

    def one(hole: re.Match[str]) -> str:
        if hole.group() == "%%":
            return "%"
        value = next(left, left)
        if value is left:
            raise ValueError(f"{text!r} has more holes than there are values")
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(int(value)) if hole.group() == "%d" and isinstance(value, int | float) else str(value)

    return _HOLE.sub(one, text)[:_MOST_TEXT]


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    named = as_map(config["sourceSensors"])
    if not named:
        return "sourceSensors", "sourceSensors is empty; write {short name: sensor, …}"
    if (config["formula"] is None) == (config["format"] is None):
        return "", "give either formula (of the short names) or format (a text with %s)"
    if isinstance(config["formula"], str) and (unknown := formula(config["formula"]).names - set(named)):
        return "formula", f"formula names {', '.join(sorted(unknown))}; sourceSensors has {', '.join(named)}"
    if isinstance(config["format"], str) and (holes := len(_HOLE.findall(config["format"].replace("%%", "")))) != len(named):
        return "format", f"format has {holes} times %s or %d for {len(named)} sensors; write one for each"
    return own_target(config, *map(str, named.values()))


REDUCER = PolicyType(
    "reducer",
    "enricher",
    (
        KeyType("sourceSensors", "map", None, "the sensors, by names for the formula: {up: group.members.up}", required=True),
        TARGET,
        KeyType("formula", "formula", None, "a formula of the short names"),
        KeyType(
            "format",
            "string",
            None,
            "a text with %s for each sensor, in order",
        ),
        PRODUCER,
        SUPPRESS,
    ),
    (
        "Reducer",
        "GarthReducer",
        "org.apache.brooklyn.enricher.stock.reducer.Reducer",
        "org.apache.brooklyn.enricher.stock.reducer.GarthReducer",
    ),
    "gives a formula or a text of several sensors, known by short names",
    hears=("sourceSensors",),
    elsewhere=("producer",),
    gives=("targetSensor",),
    check=_check,
)


class Reducer(Derived):
    """Gives a reading for each reading, once all sources have one."""

    type = REDUCER

    def sources(self) -> tuple[str, ...]:
        return tuple(map(str, as_map(self.config["sourceSensors"]).values()))

    def heard(self, _: Reading) -> None:
        target, there = self.text_of("targetSensor"), [self.latest[name] for name in self.sources() if name in self.latest]
        gone = next((each for each in there if each.unavailable), None)
        if gone is not None:
            self.give_nothing(target, f"{gone.sensor}: {gone.unavailable}")
        elif len(there) == len(self.sources()):
            try:
                self.give_value(target, self._value(), there)
            except ValueError as why:
                self.give_nothing(target, str(why))

    def _value(self) -> Value:
        values = {short: self.latest[str(sensor)].value for short, sensor in as_map(self.config["sourceSensors"]).items()}
        if self.text_of("formula"):
            return formula(self.text_of("formula"))(values)
        return filled(self.text_of("format"), list(values.values()))

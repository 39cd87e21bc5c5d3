"""The combiner: one value of several sensors of one entity."""

import math
from collections.abc import Callable, Mapping, Sequence

from clocker_actors.enrichers.derived import PRODUCER, SUPPRESS, TARGET, Derived, own_target
from clocker_actors.model.formula import formula
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

_NUMERIC: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "average": lambda values: math.fsum(values) / len(values),
    "min": min,
    "max": max,
}
_PLAIN: Mapping[str, Callable[[Sequence[Value]], Value]] = {"list": list, "first": lambda values: values[0]}
WAYS = (*_NUMERIC, *_PLAIN)


def combined(how: str, values: Sequence[Value]) -> Value:
    """The values made one. Raises ValueError where they are none of which that can be made."""
    if how in _PLAIN:
        return _PLAIN[how](values)
    numbers = [as_number(value) for value in values]
    if None in numbers:
        raise ValueError(f"{how} is of numbers alone")
    return _NUMERIC[how]([number for number in numbers if number is not None])


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    names = config["sourceSensors"]
    sources = tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()
    if not sources:
        return "sourceSensors", "sourceSensors is empty; list the sensors to combine"
    if isinstance(config["formula"], str) and (unknown := formula(config["formula"]).names - set(sources)):
        return "formula", f"formula names {', '.join(sorted(unknown))}, not in sourceSensors; add what it needs to those"
    return own_target(config, *sources)


COMBINER = PolicyType(
    "combiner",
    "enricher",
    (
        KeyType("sourceSensors", "list", None, "sensors to combine", required=True),
        TARGET,
        KeyType("transformation", "string", "list", "how they are combined", choices=WAYS),
        KeyType("formula", "formula", None, "how they are combined instead: a formula of their names, as errors * 100 / requests"),
        KeyType("excludeBlank", "boolean", False, "combine those that are there, instead of waiting for all"),
        PRODUCER,
        SUPPRESS,
    ),
    ("Combiner", "org.apache.brooklyn.enricher.stock.Combiner", "brooklyn.enricher.basic.Combiner"),
    "gives one value made of several sensors of an entity",
    hears=("sourceSensors",),
    elsewhere=("producer",),
    gives=("targetSensor",),
    check=_check,
)


class Combiner(Derived):
    """Gives a reading for each reading, once all sources have one (or those that have, with `excludeBlank`)."""

    type = COMBINER

    def sources(self) -> tuple[str, ...]:
        return self.names_of("sourceSensors")

    def heard(self, _: Reading) -> None:
        target, there = self.text_of("targetSensor"), [self.latest[name] for name in self.sources() if name in self.latest]
        gone = next((each for each in there if each.unavailable), None)
        usable = [each for each in there if not each.unavailable and each.value is not None]
        if not usable or (len(usable) < len(self.sources()) and self.config["excludeBlank"] is not True):
            if gone is not None:
                self.give_nothing(target, f"{gone.sensor}: {gone.unavailable}")
            return
        try:
            self.give_value(target, self._value(usable), usable)
        except ValueError as why:
            self.give_nothing(target, str(why))

    def _value(self, usable: list[Reading]) -> Value:
        if self.text_of("formula"):
            return formula(self.text_of("formula"))({each.sensor: each.value for each in usable})
        return combined(self.text_of("transformation"), [each.value for each in usable])

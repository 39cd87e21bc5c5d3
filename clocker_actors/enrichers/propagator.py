"""The propagator: sensors of one entity, as sensors of another or under other names."""

from collections.abc import Mapping
from dataclasses import replace

from clocker_actors.enrichers.derived import PRODUCER, SUPPRESS, Derived
from clocker_actors.model import sensors
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map

_ALL = "*"
_OWN = frozenset(
    {
        sensors.SERVICE_UP.name,
        sensors.SERVICE_STATE.name,
        sensors.SERVICE_EXPECTED.name,
        sensors.SERVICE_PROBLEMS.name,
        sensors.SERVICE_NOT_UP.name,
    }
)
"""Every entity has these of itself: those of another are never taken over with all the rest."""


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    mapping, names = as_map(config["sensorMapping"]), config["propagating"] or ()
    everything = config["propagatingAll"] is True or config["propagatingAllBut"] is not None
    if not (mapping or names or everything):
        return "", "it names no sensors; write propagating: [name, …], sensorMapping: {theirs: mine}, or propagatingAll: true"
    if not config["producer"]:
        same = [str(name) for name in (names if isinstance(names, list | tuple) else ())] + [
            one for one, as_ in mapping.items() if one == as_
        ]
        if same or everything:
            said = f"{same[0]} would be given under its own name" if same else "all sensors would be given under their own names"
            return "producer", f"{said}, to the entity that has them; name the producer, or map them to other names by sensorMapping"
    return None


PROPAGATOR = PolicyType(
    "propagator",
    "enricher",
    (
        PRODUCER,
        KeyType("propagating", "list", None, "sensors to take over, under their names"),
        KeyType("sensorMapping", "map", None, "sensors to take over, as {theirs: mine}"),
        KeyType("propagatingAll", "boolean", False, "take over all but the service's own state"),
        KeyType("propagatingAllBut", "list", None, "take over all but these and the service's own state"),
        SUPPRESS,
    ),
    ("Propagator", "org.apache.brooklyn.enricher.stock.Propagator", "brooklyn.enricher.basic.Propagator"),
    "gives sensors of another entity as its own, or its own under other names",
    gives=("propagating", "sensorMapping"),
    opens=("propagatingAll", "propagatingAllBut"),
    check=_check,
)


class Propagator(Derived):
    """Gives a reading for each reading, with its time and what it is made of."""

    type = PROPAGATOR

    def sources(self) -> tuple[str, ...]:
        if self.config["propagatingAll"] is True or self.config["propagatingAllBut"] is not None:
            return (_ALL,)
        return (*self.names_of("propagating"), *as_map(self.config["sensorMapping"]))

    def take(self, message: object) -> object:
        if self.sources() == (_ALL,) and isinstance(message, SensorChanged):
            left_out = message.reading.sensor in _OWN or message.reading.sensor in self.names_of("propagatingAllBut")
            if str(message.entity) == self.producer and not left_out and not self.suspended:
                self.latest[message.reading.sensor] = message.reading
                self.heard(message.reading)
            return None
        return super().take(message)

    def heard(self, reading: Reading) -> None:
        name = str(as_map(self.config["sensorMapping"]).get(reading.sensor, reading.sensor))
        self._give(replace(reading, sensor=name))

"""What an expression sees from an entity: readings of others from its lookouts, and of itself also what only its next generation will have.

A member's own address and ports are known when it is placed, not before. So an expression may ask for them: before there is a place they have some value,
which only shows that nothing else is missing, and when there is one they are those of the generation that is about to be made.
"""

from collections.abc import Mapping

from clocker_actors.entities.lookouts import SELF, Lookouts
from clocker_actors.expressions import Seen
from clocker_actors.model import sensors
from clocker_actors.model.identity import Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value
from clocker_actors.passwords import key_in

DOWN = frozenset({Lifecycle.STOPPING, Lifecycle.STOPPED, Lifecycle.DESTROYED})


class Outlook:
    """The scope of `expressions.resolve`. `here` has the sensors of its own place by name, `uid` is its own."""

    __slots__ = ("_lookouts", "here", "now", "since", "uid")

    def __init__(self, lookouts: Lookouts, uid: Uid, now: float, since: float, here: Mapping[str, Value]) -> None:
        self._lookouts = lookouts
        self.uid = uid
        self.now = now
        self.since = since
        self.here = here

    def sensor(self, target: str, name: str) -> Seen | None:
        """The sensor of the entity; None while there is no such entity. A reading that is unavailable now has no value."""
        if target == SELF or self._lookouts.uid(target) == self.uid:
            if name in self.here:
                return Seen(self.here[name], self.now)
            own = self._lookouts.reading(target, name)
            return Seen(self._own(target, own), own.at) if own is not None else Seen()
        reading = self._lookouts.reading(target, name)
        if self._lookouts.uid(target) is None:
            return None
        return Seen(
            self._own(target, reading),
            reading.at if reading is not None else 0.0,
            down_since=self.since_state(target, *DOWN),
            fire_since=self.since_state(target, Lifecycle.ON_FIRE),
        )

    def _own(self, target: str, reading: Reading | None) -> Value:
        """The value of a reading; none if it names a password that was made in another application than the one that is asked: a sensor can say anything, as a page or
        a command does from which it is read, and would get whoever reads it the passwords of others."""
        value = _value(reading)
        password = key_in(value)
        if password is None:
            return value
        return value if self._lookouts.of_the_same(target, Uid(password.split(":")[2])) else None

    def entity_id(self, target: str) -> str | None:
        """The uid of the entity; None while there is none."""
        return self.uid if target == SELF else self._lookouts.uid(target)

    def location(self, target: str, index: int) -> str | None:
        """Name of the host on which the entity runs; further ones there are not."""
        seen = self.sensor(target, sensors.HOST_NAME.name) if index == 0 else None
        return str(seen.value) if seen is not None and seen.value is not None else None

    def since_state(self, target: str, *states: Lifecycle) -> float | None:
        """Since when (that is known here) the entity is in one of these states; None if it is not."""
        state = self._lookouts.reading(target, sensors.SERVICE_STATE.name)
        return state.at if state is not None and not state.unavailable and state.value in states else None

    def value(self, target: str, sensor: sensors.Sensor) -> Value:
        """What a sensor of the entity says now, None if nothing."""
        return _value(self._lookouts.reading(target, sensor.name))


def _value(reading: Reading | None) -> Value:
    return reading.value if reading is not None and not reading.unavailable else None

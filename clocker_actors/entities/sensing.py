"""Having readings: what containers and all durable entities share."""

from dataclasses import replace

from clocker_actors.entities.outside import Outside
from clocker_actors.kernel import Actor
from clocker_actors.model.identity import RECORDER, Cause, Uid
from clocker_actors.model.messages import Notified, SensorChanged
from clocker_actors.model.noted import NotificationNoted, SensorsNoted
from clocker_actors.model.sensors import Reading, Sensor
from clocker_actors.model.values import Value


class Sensing(Actor):
    """An actor with a uid whose readings are published to subscribers and told to the recorder."""

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__()
        self.uid = uid
        self.outside = outside
        self.readings: dict[str, Reading] = {}

    def observe(self, sensor: Sensor, value: Value) -> None:
        """A new value of an attribute; nothing happens if it is the one known already."""
        known = self.readings.get(sensor.name)
        if known is None or known.unavailable or known.value != value:
            self.read(Reading(sensor.name, value, self.now))

    def read(self, *readings: Reading) -> None:
        """Take on readings, tell subscribers and the recorder."""
        for reading in readings:
            self.readings[reading.sensor] = reading
            self.publish(reading.sensor, SensorChanged(self.uid, reading))
        if readings:
            self.tell(RECORDER, SensorsNoted(self.uid, readings))

    def unavailable(self, why: str, *which: Sensor) -> None:
        """Mark readings as unavailable, once: those that are already keep their first reason. None named: all."""
        names = [sensor.name for sensor in which] or list(self.readings)
        known = [self.readings[name] for name in names if name in self.readings]
        self.read(*(replace(reading, unavailable=why) for reading in known if not reading.unavailable))

    def value(self, sensor: Sensor) -> Value:
        """Last value of a sensor, None if there was none."""
        reading = self.readings.get(sensor.name)
        return reading.value if reading else None

    def notify(self, sensor: str, value: Value, cause: Cause) -> None:
        """Fire a notification sensor."""
        notified = Notified(self.uid, sensor, value, self.now, cause)
        self.publish(sensor, notified)
        self.tell(RECORDER, NotificationNoted(notified))

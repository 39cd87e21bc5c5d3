"""A sensor with a value that is written down, as a version or a team's name; and one that names a password."""

import string
from collections.abc import Iterable
from typing import ClassVar

from clocker_actors.feeds.base import FeedActor
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.passwords import reading_of

_OFTEN_ENOUGH = 86400.0
_PLAIN = string.ascii_letters + string.digits
_NAME = KeyType("targetSensor", "sensor", None, "sensor to give", required=True, also=("name",))


class StaticSensor(FeedActor):
    """Gives one reading at its start, and again once a day."""

    type: ClassVar[PolicyType] = PolicyType(
        "static-sensor",
        "feed",
        (
            _NAME,
            KeyType("value", "any", None, "its value", required=True, also=("static.value",)),
            KeyType("targetType", "string", "", "what it is; values are taken as they are written"),
        ),
        ("StaticSensor", "org.apache.brooklyn.core.sensor.StaticSensor"),
        "gives a sensor the value that is written",
        gives=("targetSensor",),
    )

    @property
    def period(self) -> float:
        return _OFTEN_ENOUGH

    @property
    def stale_after(self) -> float:
        return 4 * _OFTEN_ENOUGH

    def targets(self) -> Iterable[str]:
        return (self.text_of("targetSensor"),)

    def poll(self) -> None:
        self.read({self.text_of("targetSensor"): self.config["value"]})


class CreatePassword(StaticSensor):
    """Gives what names the password, never the password: that is put in where a container is made with it (see `passwords`)."""

    type: ClassVar[PolicyType] = PolicyType(
        "create-password-sensor",
        "feed",
        (
            _NAME,
            KeyType("length", "integer", 12, "characters of the password", least=4, most=256, also=("password.length",)),
            KeyType("characters", "string", _PLAIN, "characters it is made of", also=("acceptableChars", "password.chars")),
        ),
        ("CreatePasswordSensor", "org.apache.brooklyn.core.sensor.password.CreatePasswordSensor"),
        "makes a password, which services get by attributeWhenReady and nobody sees: what the sensor shows only names it",
        gives=("targetSensor",),
    )

    def poll(self) -> None:
        target, length = self.text_of("targetSensor"), self.config["length"]
        characters = self.text_of("characters") or _PLAIN
        self.read({target: reading_of(self.entity, target, length if isinstance(length, int) else 12, characters[:256])})

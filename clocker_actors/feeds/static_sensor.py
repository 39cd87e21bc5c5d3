"""A sensor with a value that is written down, as a version or a team's name; and one with a password made once."""

import secrets
import string
from collections.abc import Iterable
from typing import ClassVar

from clocker_actors.feeds.base import FeedActor
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.types import KeyType, PolicyType

_OFTEN_ENOUGH = 86400.0
_MAKE = "make"
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
    """Durable: the password. It is a sensor: who may read sensors reads it."""

    type: ClassVar[PolicyType] = PolicyType(
        "create-password-sensor",
        "feed",
        (
            _NAME,
            KeyType("length", "integer", 12, "characters of the password", least=4, most=256, also=("password.length",)),
            KeyType("characters", "string", _PLAIN, "characters it is made of", also=("acceptableChars", "password.chars")),
        ),
        ("CreatePasswordSensor", "org.apache.brooklyn.core.sensor.password.CreatePasswordSensor"),
        "makes a password once, keeps it, and gives it as a sensor",
        gives=("targetSensor",),
    )

    def poll(self) -> None:
        known = self.kept.get("password")
        if isinstance(known, str):
            self.read({self.text_of("targetSensor"): known})
        elif not self.working(_MAKE):
            length = self.config["length"]
            self.work(_MAKE, _made, self.text_of("characters"), length if isinstance(length, int) else 12, timeout=5.0)

    def take(self, message: object) -> object:
        match message:
            case WorkDone(name="make") if isinstance(self.kept.get("password"), str):
                self.poll()
            case WorkDone(name="make"):
                self.keep({"password": message.result})
                self.read({self.text_of("targetSensor"): message.result})
            case WorkFailed(name="make"):
                self.failed(message.failure.message)
            case _:
                return super().take(message)
        return None


async def _made(characters: str, length: int) -> str:
    """By chance, so it is made outside of handlers, which give the same each time they are replayed."""
    return "".join(secrets.choice(characters) for _ in range(length))

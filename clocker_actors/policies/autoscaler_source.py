"""Who has the metric that an autoscaler works by: its own cluster, or another entity, named by uid or by the id it has in the file (a load balancer's requests)."""

from dataclasses import dataclass
from typing import Protocol

from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model.dependencies import Found, Where

ASK_LIMIT = 10.0
ASK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class AskWho:
    """Whoever has the metric was not there yet."""


class Asker(Protocol):
    """What it needs of its policy."""

    def request(self, target_id: str, message: object, timeout: float) -> int: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def cancel_timer(self, name: str) -> None: ...


class MetricSource:
    """Of one autoscaler on `entity`. `uid` is whom it hears; as long as nobody knows a name, the name itself, which hears nothing."""

    __slots__ = ("_asked", "_asker", "_entity", "_written", "uid")

    def __init__(self, asker: Asker, entity: str) -> None:
        self._asker = asker
        self._entity = entity
        self._written = ""
        self._asked = 0
        self.uid = entity

    def look(self, written: str) -> None:
        """It is this one from now on; "" is its own entity."""
        self._written, self._asked = written, 0
        self._asker.cancel_timer("who")
        self.uid = written if written and written != "self" else self._entity
        if self.uid != self._entity:
            self.ask()

    def ask(self) -> None:
        """Ask who that is."""
        self._asked = self._asker.request(self._entity, Where((self._written,)), ASK_LIMIT)

    def answered(self, message: Answered | RequestFailed | TimedOut) -> bool:
        """An answer has come; whether somebody else is heard now."""
        if message.request != self._asked:
            return False
        found = message.value if isinstance(message, Answered) else None
        uid = found.uids.get(self._written) if isinstance(found, Found) else None
        if uid is None:
            self._asker.after("who", ASK_AGAIN, AskWho())
            return False
        changed, self.uid = uid != self.uid, str(uid)
        return changed

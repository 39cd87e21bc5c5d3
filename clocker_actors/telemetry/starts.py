"""How long starts took, by image: the last few of each, from the order to its host (image, turn on the engine and probes included) until the member was up with it.

What is told to the recorder anyway says when: a container is noted when its host is to make it, its member's readings say which generation is up. One that ran
already when the manager began is noted and known to the engine at once, and counts for nothing. After a restart of the manager nothing is known yet.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.noted import EntityNoted
from clocker_actors.model.sensors import Reading

KEPT, IMAGES, UNDER_WAY = 50, 200, 20_000
AT_ONCE = 0.005
"""No engine creates and starts a container in so few seconds."""
_TELLING = frozenset({sensors.SERVICE_UP.name, sensors.GENERATION.name})


@dataclass(frozen=True, slots=True)
class _Begun:
    container: Uid
    image: str
    at: float


class Starts:
    """See the module."""

    def __init__(self) -> None:
        self._took: OrderedDict[str, deque[float]] = OrderedDict()
        self._begun: OrderedDict[tuple[Uid, int], _Begun] = OrderedDict()
        self._of: dict[Uid, tuple[Uid, int]] = {}

    def noted(self, noted: EntityNoted) -> None:
        """A container is to be made, or was found."""
        member, generation = noted.facts.get("member"), noted.facts.get("generation")
        if noted.kind is EntityKind.CONTAINER and isinstance(member, str) and isinstance(generation, int) and noted.uid not in self._of:
            key = Uid(member), generation
            self._begun[key] = _Begun(noted.uid, str(noted.facts.get("image", "")), noted.at)
            self._of[noted.uid] = key
            if len(self._begun) > UNDER_WAY:
                self._of.pop(self._begun.popitem(last=False)[1].container, None)

    def gone(self, uid: Uid) -> None:
        """A container is gone: it will not be up any more."""
        key = self._of.pop(uid, None)
        if key is not None and (begun := self._begun.get(key)) is not None and begun.container == uid:
            del self._begun[key]

    def read(self, uid: Uid, kind: EntityKind, readings: Iterable[Reading], known: dict[str, Reading]) -> None:
        """New readings of an entity, which are among what is `known` of it now."""
        if kind is EntityKind.CONTAINER and uid in self._of:
            begun = self._begun.get(self._of[uid])
            if begun is not None and any(each.sensor == sensors.CONTAINER_ID.name and each.at - begun.at < AT_ONCE for each in readings):
                self.gone(uid)
        elif kind is EntityKind.MEMBER and self._begun:
            at = max((each.at for each in readings if each.sensor in _TELLING), default=None)
            up, generation = known.get(sensors.SERVICE_UP.name), known.get(sensors.GENERATION.name)
            if at is not None and up is not None and up.value is True and generation is not None and isinstance(generation.value, int):
                self._up((uid, generation.value), at)

    def _up(self, key: tuple[Uid, int], at: float) -> None:
        begun = self._begun.pop(key, None)
        if begun is None:
            return
        self._of.pop(begun.container, None)
        self._took.setdefault(begun.image, deque(maxlen=KEPT)).append(max(0.0, at - begun.at))
        self._took.move_to_end(begun.image)
        if len(self._took) > IMAGES:
            self._took.popitem(last=False)

    def all(self) -> dict[str, tuple[int, float]]:
        """By image, how many of the last starts were measured, and their median in seconds."""
        return {image: (len(took), median(took)) for image, took in self._took.items()}

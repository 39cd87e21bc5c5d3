"""The options of `attributeWhenReady`: how long a wait may take, when its entity is stopped or on fire, and what counts as a value.

timeout                  for ever       in all
timeout_if_down          1m             after its entity has stopped
timeout_if_down_initial  as above       if it was stopped already when the wait began
timeout_if_on_fire       0              after its entity has failed
timeout_if_on_fire_initial  15s         if it had failed already when the wait began
abort_if_on_fire         true           whether failure ends the wait at all
wait_for_truthy          true           whether false, 0 and empty values are waited through
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.texts import as_text
from clocker_actors.model.configuration import duration
from clocker_actors.model.values import Value

_FOREVER = ("forever", "never", "infinite", "practically_forever")


@dataclass(frozen=True, slots=True)
class WaitOptions:
    """All durations in seconds."""

    timeout: float = math.inf
    down: float = 60.0
    down_initial: float = 60.0
    fire: float = 0.0
    fire_initial: float = 15.0
    abort: bool = True
    truthy: bool = True

    @staticmethod
    def of(given: Value) -> "WaitOptions":
        """The options of a map. Raises BadRequest for a key or a value that is not known."""
        if given is None:
            return WaitOptions()
        if not isinstance(given, Mapping):
            raise BadRequest(f"the options of attributeWhenReady are `{as_text(given)[:60]}`; write a map, as {{timeout: 5m}}")
        read = {_field(key): _READERS[_field(key)](key, value) for key, value in given.items()}
        if "down" in read:
            read.setdefault("down_initial", read["down"])
        return WaitOptions(**read)  # type: ignore[arg-type]  # each reader gives what its field takes

    def ends(self, since: float, down_since: float | None, fire_since: float | None) -> tuple[str, float]:
        """Why and when a wait that began at `since` is given up, as things are."""
        found = [(f"it was waited for {self.timeout:.10g} s", since + self.timeout)]
        if down_since is not None:
            early = down_since <= since
            found.append(("it is stopped", (since + self.down_initial) if early else (down_since + self.down)))
        if fire_since is not None and self.abort:
            early = fire_since <= since
            found.append(("it has failed", (since + self.fire_initial) if early else (fire_since + self.fire)))
        return min(found, key=lambda each: each[1])


def _seconds(key: str, value: Value) -> float:
    if isinstance(value, str) and value.lower().replace(" ", "_") in _FOREVER:
        return math.inf
    try:
        found = duration(value)
    except (ValueError, TypeError):
        found = -1.0
    if found < 0:
        raise BadRequest(f"`{key}` is `{as_text(value)[:60]}`; write a duration, as 30s or 5m, or forever")
    return found


def _boolean(key: str, value: Value) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise BadRequest(f"`{key}` is `{as_text(value)[:60]}`; write true or false")


_FIELDS = {
    "timeout": "timeout",
    "timeout_if_down": "down",
    "timeout_if_down_initial": "down_initial",
    "timeout_if_on_fire": "fire",
    "timeout_if_on_fire_initial": "fire_initial",
    "abort_if_on_fire": "abort",
    "wait_for_truthy": "truthy",
}
OPTIONS = tuple(_FIELDS)
"""The keys that may be written."""
_READERS: Mapping[str, Callable[[str, Value], float | bool]] = {
    **dict.fromkeys(("timeout", "down", "down_initial", "fire", "fire_initial"), _seconds),
    "abort": _boolean,
    "truthy": _boolean,
}


def _field(key: str) -> str:
    found = _FIELDS.get(key)
    if found is None:
        near = get_close_matches(key[:60], _FIELDS, n=1) or OPTIONS
        raise BadRequest(f"`{key[:60]}` is not an option of attributeWhenReady; write {' or '.join(near)}")
    return found

"""What a policy's arithmetic concludes, before it has an id and a time: the content of a `Decision`.

"Nothing to do" is a conclusion too, with a reason and with what would have changed it. `sort` is one word for the kind of reason, by which
repeated conclusions are told from new ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class Conclusion:
    """`action` is what to order in words, "" for nothing; `target` the size or member it is about; `again` when to look again without news (epoch seconds)."""

    sort: str
    reason: str
    action: str = ""
    target: int | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    clamped: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    again: float | None = None


def clock_time(at: float) -> str:
    """An epoch second for people: `12:04:10 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"


def amount(value: float, unit: str = "") -> str:
    """A number for people, with its unit: `71 %`, `1.5 bytes`, `3`."""
    text = f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return f"{text} {'%' if unit == 'percent' else unit}".rstrip()


def seconds(value: float) -> str:
    """A duration for people: `30 s`, `5 min`, `0.1 s`."""
    if value >= 120 and value % 60 == 0:
        return f"{value / 60:g} min"
    return f"{value:g} s"

"""Calls to the outside, counted by kind of target, operation and result.

Targets are many (every host has its engine) and results come from outside, so labels are bounded: a target counts by its kind only, and what would be
one label too many counts as `other`.
"""

from collections.abc import Iterator

from clocker_actors.telemetry.exposition import Family, Sample

_MOST = 64


class Calls:
    """See ports.calls.CallLog: given to drivers by the composition root."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str, str], list[float]] = {}
        self._known: tuple[set[str], set[str], set[str]] = (set(), set(), set())

    def record(self, target: str, operation: str, result: str, seconds: float) -> None:
        """Count one call; `target` is a url or a name, of which only the scheme is kept."""
        scheme, mark, _ = target.partition("://")
        labels = (scheme if mark else "other", operation, result)
        key = tuple(self._bounded(position, label) for position, label in enumerate(labels))
        total = self._totals.setdefault((key[0], key[1], key[2]), [0, 0.0])
        total[0] += 1
        total[1] += seconds

    def families(self) -> Iterator[Family]:
        """The counters as metrics."""
        named = [({"target": key[0], "operation": key[1], "result": key[2]}, total) for key, total in sorted(self._totals.items())]
        counts = [Sample(int(total[0]), labels) for labels, total in named]
        seconds = [Sample(total[1], labels) for labels, total in named]
        yield Family("clocker_engine_calls_total", "counter", "Calls to engines by kind of target, operation and result", counts)
        yield Family("clocker_engine_call_seconds_total", "counter", "Seconds these calls took together", seconds)

    def _bounded(self, position: int, label: str) -> str:
        known = self._known[position]
        if label in known:
            return label
        if len(known) >= _MOST:
            return "other"
        known.add(label)
        return label

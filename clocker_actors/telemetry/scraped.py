"""Reading the Prometheus text format that services write of themselves, for feeds.

Only lines of the metrics asked for are parsed: a page of some megabytes costs little more than looking at where its lines begin.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from clocker_actors.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Selector:
    """Series of one name that have these labels."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


HOW: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "average": lambda values: math.fsum(values) / len(values),
    "min": min,
    "max": max,
    "count": len,
}
"""How the values of several series become one."""


def selector(text: str) -> Selector:
    """The selector in a text as `http_requests_total{code="200"}`. Raises BadRequest."""
    try:
        (family,) = text_string_to_metric_families(f"{text.strip()} 1\n")
        (sample,) = family.samples
    except (ValueError, IndexError, TypeError) as error:
        raise BadRequest(f'{text[:100]!r} names no metric: {error}; write one as http_requests_total{{code="200"}}') from None
    return Selector(sample.name, dict(sample.labels))


def series(text: str, wanted: Iterable[Selector]) -> Mapping[str, list[tuple[Mapping[str, str], float]]]:
    """(labels, value) of all series of the names wanted. Raises ValueError where a line of these is no metric."""
    names = {each.name for each in wanted}
    lines = [line for line in text.split("\n") if _name(line) in names]
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, float(sample.value)))
    return found


def one_value(found: Mapping[str, list[tuple[Mapping[str, str], float]]], wanted: Selector, how: str) -> float | None:
    """The value of all series that the selector means; None if there is none with a number."""
    values = [
        value
        for labels, value in found.get(wanted.name, ())
        if math.isfinite(value) and all(labels.get(name) == text for name, text in wanted.labels.items())
    ]
    return HOW[how](values) if values else None


def _name(line: str) -> str:
    stripped = line.lstrip()
    ends = [at for at in (stripped.find("{"), stripped.find(" "), stripped.find("\t")) if at > 0]
    return stripped[: min(ends)] if ends and not stripped.startswith("#") else ""

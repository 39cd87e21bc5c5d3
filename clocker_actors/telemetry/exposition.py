"""The Prometheus text format (0.0.4), written line by line.

prometheus_client writes its whole answer in one go, which holds the loop 80 to 90 ms for 10,000 samples; here a line is a string and whoever sends
them decides when to pause.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LABEL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_TO_ESCAPE = re.compile(r'[\\"\n]')
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_WORDS_OF_UNIT = {"percent": ("percent", "_ratio"), "bytes": ("bytes", "_bytes"), "seconds": ("seconds", "_seconds")}


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of a family: labels and value; `suffix` is `_bucket`, `_sum` or `_count` in a histogram."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: `type` is counter, gauge or histogram."""

    name: str
    type: str
    meaning: str
    samples: Sequence[Sample]


def counter(name: str, meaning: str, value: float) -> Family:
    """A counter without labels; its name ends in `_total`."""
    return Family(name, "counter", meaning, (Sample(value, {}),))


def gauge(name: str, meaning: str, value: float) -> Family:
    """A gauge without labels."""
    return Family(name, "gauge", meaning, (Sample(value, {}),))


def lines(family: Family) -> Iterator[str]:
    """The text of a family, its head first."""
    yield head(family.name, family.type, family.meaning)
    for sample in family.samples:
        labels = ",".join(f'{name}="{quoted(value)}"' for name, value in sample.labels.items())
        braces = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix}{braces} {number(sample.value)}\n"


def head(name: str, kind: str, meaning: str) -> str:
    """HELP and TYPE of a family."""
    return f"# HELP {name} {meaning.translate(_HELP)}\n# TYPE {name} {kind}\n"


def quoted(value: str) -> str:
    """A label value with the three characters escaped that need it."""
    return value.translate(_LABEL) if _TO_ESCAPE.search(value) else value


def number(value: float) -> str:
    """A value as Prometheus reads it, the infinities and NaN included."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value) if type(value) is float else str(int(value))


def metric_name(sensor: str, unit: str) -> str:
    """`cpu.percent.average` in percent becomes `cpu_average_ratio`, `service.isUp` becomes `service_is_up`. The base unit stands at the end."""
    words = [word for word in _OTHER.split(_HUMP.sub(".", sensor).lower()) if word]
    spare, suffix = _WORDS_OF_UNIT.get(unit, ("", ""))
    if spare in words:
        words.remove(spare)
    return "_".join(words or ["sensor"]) + suffix

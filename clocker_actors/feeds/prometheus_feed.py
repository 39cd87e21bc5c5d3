"""Prometheus feeds: what a service says of itself at /metrics, as sensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from clocker_actors.errors import BadRequest, HttpFault
from clocker_actors.feeds.address import ADDRESS_KEYS, wrong_address
from clocker_actors.feeds.base import ON_FAILURE, PERIOD, STALE, TIMEOUT
from clocker_actors.feeds.extracting import Missing
from clocker_actors.feeds.http_feed import HEADERS, MOST, Found, NetworkFeed
from clocker_actors.model.formula import formula
from clocker_actors.model.http import HttpAnswer, HttpQuestion
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map
from clocker_actors.telemetry.scraped import HOW, Selector, one_value, selector, series

_PARTS = ("metric", "how", "onSuccess")


@dataclass(frozen=True, slots=True)
class Metric:
    """One sensor: which series, how several become one, and what is made of that."""

    sensor: str
    selector: Selector
    how: str
    formula: str


def metrics_of(config: Mapping[str, Value]) -> tuple[Metric, ...]:
    """The sensors of a configuration. Raises BadRequest."""
    found = []
    for sensor, written in as_map(config["metrics"]).items():
        parts: Mapping[str, Value] = written if isinstance(written, Mapping) else {"metric": written}
        strange = [key for key in parts if key not in _PARTS]
        how, made = str(parts.get("how") or "sum"), str(parts.get("onSuccess") or "")
        if strange or "metric" not in parts or how not in HOW:
            raise BadRequest(f"{sensor} is {dict(parts)}; write a metric, or {{metric, how: {' | '.join(HOW)}, onSuccess}}")
        if made and (unknown := formula(made).names - {"value"}):
            raise BadRequest(f"onSuccess of {sensor} names {', '.join(sorted(unknown))}; it knows value")
        found.append(Metric(sensor, selector(str(parts["metric"])), how, made))
    return tuple(found)


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    try:
        if not metrics_of(config):
            return "metrics", "metrics is empty; write {sensor: metric, …}"
    except BadRequest as fault:
        return "metrics", str(fault)
    return wrong_address(config)


def read_out(text: str, metrics: tuple[Metric, ...]) -> Found:
    """The sensors in a page. Raises ValueError for a page that is no metrics."""
    found = series(text, (each.selector for each in metrics))
    values: dict[str, Value] = {}
    for each in metrics:
        value = one_value(found, each.selector, each.how)
        if value is None:
            values[each.sensor] = Missing(f"the page has no {each.selector.name} with these labels")
            continue
        try:
            values[each.sensor] = formula(each.formula)({"value": value}) if each.formula else value
        except ValueError as why:
            values[each.sensor] = Missing(str(why))
    return values


class PrometheusFeed(NetworkFeed):
    """Asks for /metrics and gives sensors out of it."""

    type: ClassVar[PolicyType] = PolicyType(
        "prometheus-feed",
        "feed",
        (
            *(KeyType("path", "string", "/metrics", "path to ask for, with port") if key.name == "path" else key for key in ADDRESS_KEYS),
            KeyType(
                "metrics",
                "map",
                None,
                "the sensors: {requests: http_requests_total}, {errors: 'http_requests_total{code=\"500\"}'} or {sensor: {metric, how, onSuccess}}; "
                f"how several series become one is {', '.join(HOW)}",
                required=True,
            ),
            HEADERS,
            PERIOD,
            TIMEOUT,
            MOST,
            STALE,
            ON_FAILURE,
        ),
        ("PrometheusFeed", "prometheus-sensor"),
        "asks a service for its Prometheus metrics and gives sensors out of them",
        names=("metrics",),
        check=_check,
    )

    def begin(self) -> None:
        super().begin()
        self.metrics = metrics_of(self.config)

    def targets(self) -> tuple[str, ...]:
        return tuple(each.sensor for each in self.metrics)

    def taken_apart(self, question: HttpQuestion, answer: HttpAnswer) -> Found:
        if not 200 <= answer.status < 300:
            raise HttpFault(f"{question.url} answered {answer.status}")
        text = answer.body.decode("utf-8", "replace")
        if text.lstrip()[:1] in {"<", "{"} or not text.strip():
            raise HttpFault(
                f"{question.url} answered {'nothing' if not text.strip() else answer.kind or 'something else'}, no Prometheus metrics"
            )
        try:
            return read_out(text, self.metrics)
        except (ValueError, IndexError) as error:
            raise HttpFault(f"{question.url} is no page of Prometheus metrics: {error}") from None

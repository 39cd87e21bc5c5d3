"""Answers as JSON, encoded from frozen values in one pass; lists say the event number they are true at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from starlette.responses import Response

from clocker_actors.telemetry.readmodel import ReadModel

EVENT = "Clocker-Event"
"""Header with the number of the last event that the answer knows of; follow `/v1/events` from there."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list, and the number of the last event that it knows of."""

    event: int
    items: Sequence[T]


_encoder = msgspec.json.Encoder(enc_hook=str, order=None)


def encoded(value: object) -> bytes:
    """JSON of any value of ours; what JSON does not know becomes its text."""
    return _encoder.encode(value)


class Json(Response):
    """A value as JSON."""

    media_type = "application/json"

    def __init__(self, value: object, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(encoded(value), status_code, dict(headers or {}))


def at_event(model: ReadModel, value: object, status_code: int = 200) -> Json:
    """A value with the event number in its header."""
    return Json(value, status_code, {EVENT: str(model.events.number)})


def listing(model: ReadModel, items: Sequence[object]) -> Json:
    """A list, with the event number in header and body."""
    return at_event(model, Listing(model.events.number, items))

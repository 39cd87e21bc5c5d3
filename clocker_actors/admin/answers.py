"""Answers as JSON, encoded from frozen values in one pass; lists say the event number they are true at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from starlette.responses import Response, StreamingResponse

from clocker_actors.masking import hidden, shows
from clocker_actors.telemetry.readmodel import ReadModel

EVENT = "Clocker-Event"
"""Header with the number of the last event that the answer knows of; follow `/v1/events` from there."""

T = TypeVar("T")
E = TypeVar("E")

SLICE = 200
"""Items made between two turns for the loop: a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list, and the number of the last event that it knows of."""

    event: int
    items: Sequence[T]


@dataclass(frozen=True, slots=True)
class Points:
    """What a number was: pairs of (time, value), and from when until when nobody looked, because no manager ran."""

    event: int
    items: Sequence[Sequence[float]]
    gaps: Sequence[Sequence[float]]


_encoder = msgspec.json.Encoder(enc_hook=str, order=None)


def encoded(value: object) -> bytes:
    """JSON of any value of ours; what JSON does not know becomes its text. No secret that was opened is in it."""
    content = _encoder.encode(value)
    return _encoder.encode(hidden(msgspec.json.decode(content))) if shows(content) else content


class Json(Response):
    """A value as JSON."""

    media_type = "application/json"

    def __init__(self, value: object, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(encoded(value), status_code, dict(headers or {}))


def at_event(model: ReadModel, value: object, status_code: int = 200) -> Json:
    """A value with the event number in its header."""
    return Json(value, status_code, {EVENT: str(model.events.number)})


def listing(model: ReadModel, found: Sequence[E], view: Callable[[E], object]) -> Response:
    """A list of what `view` makes of each thing found. A long one is made in slices, so that it never holds the loop for long; since a later slice may know
    of later events, following from the number given may tell something twice, but misses nothing."""
    number = model.events.number
    if len(found) <= SLICE:
        return Json(Listing(number, [view(each) for each in found]), headers={EVENT: str(number)})
    return StreamingResponse(_pieces(number, found, view), media_type=Json.media_type, headers={EVENT: str(number)})


async def _pieces(number: int, found: Sequence[E], view: Callable[[E], object]) -> AsyncIterator[bytes]:
    yield b'{"event":%d,"items":[' % number
    for start in range(0, len(found), SLICE):
        made = encoded([view(each) for each in found[start : start + SLICE]])
        yield (b"," if start else b"") + made[1:-1]
        await asyncio.sleep(0)
    yield b"]}"


def itself(value: E) -> E:
    """The view of what needs none."""
    return value

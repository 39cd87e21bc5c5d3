"""Answers that go on: events as server-sent events, and the log of a container.

Every stream is bounded by what its client reads: a follower of events who is too slow is told of the gap and let go. All end when the daemon stops.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from clocker_actors.admin.answers import encoded
from clocker_actors.admin.context import Context, Shared
from clocker_actors.admin.orders import living
from clocker_actors.errors import Overloaded
from clocker_actors.masking import hidden_text
from clocker_actors.telemetry.events import Event, Listener
from clocker_actors.telemetry.readmodel import Entry

router = APIRouter(prefix="/v1", tags=["streams"])

HEARTBEAT = 15.0
FOLLOWERS = 200
GAP = "gap, list again"
MOST_DIGITS = 20
FRAMES = 500
_FRAMES: dict[int, tuple[Event, bytes]] = {}
"""The last frames, by the identity of their events, which are kept with them so that no other has it."""


@router.get("/events", response_model=None)
async def events(
    context: Shared,
    last_event_id: Annotated[str | None, Header(description="go on after this event")] = None,
    since: Annotated[int | None, Query(description="the same, for clients that cannot set the header")] = None,
    latest: Annotated[int, Query(ge=0, le=10_000, description="begin with as many past events")] = 0,
    follow: Annotated[bool, Query(description="go on with what happens")] = True,
    readings: Annotated[bool, Query(description="numeric readings too (they have no number of their own)")] = False,
    entity: Annotated[str | None, Query(description="only of this entity (path or uid) and those below it")] = None,
) -> Response:
    """Events as they happen. An event `gap` says that some were missed: read the lists again and follow from their number."""
    ring = context.model.events
    if context.closing.is_set() or len(ring.listeners) >= FOLLOWERS:
        raise Overloaded("too many follow the events already, or the daemon is stopping; try again in a while", retry_after=5.0)
    about = context.model.entry(entity) if entity is not None else None
    known = _number(last_event_id, since)
    # No await between looking back and listening: nothing is missed, nothing comes twice.
    past = ring.latest(latest) if known is None else ring.since(known)
    wanted = partial(_wanted, context, about)
    listener = ring.listen(readings=readings, wanted=wanted)
    if not follow:
        listener.close()

    async def stream() -> AsyncIterator[bytes]:
        with closing(listener), context.watching.at(about if readings and follow else None):
            if past is None:
                yield _gap(ring.number)
            for event in past or ():
                if wanted(event):
                    yield _frame(event)
            async for found in _live(listener):
                yield b"".join(map(_frame, found)) if found else b": still here\n\n"
            if listener.dropped:
                yield _gap(ring.number)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.get("/entities/{uid}/logs", response_model=None)
async def logs(
    context: Shared,
    uid: str,
    follow: bool = False,
    tail: Annotated[int, Query(ge=0, le=100_000)] = 100,
) -> Response:
    """What the container of a member wrote, as plain text; with `follow` also what it will write."""
    entry = living(context, uid)
    lines = context.logs(entry.uid, follow, tail)
    first = await anext(lines, None)  # refusals come before the answer has begun, so that they have a status of their own

    async def stream() -> AsyncIterator[bytes]:
        if first is not None:
            yield _line(first)
            async for line in _until_closing(context, lines):
                yield _line(line)

    return StreamingResponse(stream(), media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


def _number(header: str | None, query: int | None) -> int | None:
    """After which event to go on, as the client knows it. A header that is no number of ours is one that is out of reach."""
    if not header:
        return query
    return int(header) if header.isdecimal() and len(header) <= MOST_DIGITS else -1


def _wanted(context: Context, about: Entry | None, event: Event) -> bool:
    if not context.shows(event):
        return False
    return about is None or event.entity == about.uid or (bool(about.path) and event.path.startswith(f"{about.path}/"))


def _frame(event: Event) -> bytes:
    """Made once for all who follow."""
    known = _FRAMES.get(id(event))
    if known is not None and known[0] is event:
        return known[1]
    frame = b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), encoded(event))
    while len(_FRAMES) >= FRAMES:
        del _FRAMES[next(iter(_FRAMES))]
    _FRAMES[id(event)] = (event, frame)
    return frame


def _gap(number: int) -> bytes:
    return b"id: %d\nevent: gap\ndata: %s\n\n" % (number, encoded({"message": GAP, "event": number}))


async def _live(listener: Listener) -> AsyncIterator[list[Event]]:
    """Events as they come; none of them now and then, so that a client that is gone is noticed."""
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT):
                found = await listener.some()
        except TimeoutError:
            yield []
            continue
        if not found:
            return
        yield found


async def _until_closing(context: Context, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Lines until they end or the daemon stops."""
    ending = asyncio.ensure_future(context.closing.wait())
    try:
        async with aclosing(lines) as source:  # type: ignore[type-var]
            while not context.closing.is_set():
                following = asyncio.ensure_future(anext(source, None))
                try:
                    await asyncio.wait({following, ending}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not following.done():  # also when the client has gone: a generator that still runs cannot be closed
                        following.cancel()
                        await asyncio.wait({following})
                if following.cancelled():
                    return
                line = following.result()
                if line is None:
                    return
                yield line
    finally:
        ending.cancel()


def _line(text: str) -> bytes:
    return hidden_text(text.rstrip("\n")).encode() + b"\n"

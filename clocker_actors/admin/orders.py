"""Orders of people to entities: an effector asked for by the kernel, answered with its activity; and the bodies they come in."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
from fastapi import Request

from clocker_actors.admin.answers import Json, at_event
from clocker_actors.admin.context import Context
from clocker_actors.admin.users import dependence
from clocker_actors.errors import ActorDead, BadRequest, Conflict, NotFound, StoreUnwritable, TimedOut
from clocker_actors.model.effectors import RESIZE, RESIZE_BY_DELTA, Effector, bind, effectors_of
from clocker_actors.model.identity import Cause, EntityKind
from clocker_actors.model.messages import Accepted, Invoke, SayDurable
from clocker_actors.model.values import Value
from clocker_actors.store.faults import FULL_PAUSE
from clocker_actors.telemetry.readmodel import Entry

ASK_LIMIT = 10.0
"""Seconds an entity has to say that it will, or will not."""
BODY_LIMIT = 16 * 1024 * 1024
_NOTED_WITHIN = 100
"""Turns of 10 ms in which the recorder is to have heard of a new activity."""


@dataclass(frozen=True, slots=True)
class AcceptedView:
    """The order runs as this activity; `event` is a number to follow events from. `note` is what whoever gave it may not have thought of."""

    activity: str
    entity: str
    path: str
    event: int
    note: str = ""


def cause_of(request: Request) -> Cause:
    """Why what the request asks for is done, and who asks."""
    cause: Cause = request.state.cause
    return cause


def living(context: Context, uid: str, *, uid_first: bool = True) -> Entry:
    """The entity of a uid (or a path), as long as it exists. Raises NotFound."""
    entry = context.model.entry(uid, uid_first=uid_first)
    if entry.gone is not None:
        raise NotFound(f"{entry.path} ({uid}) does not exist any more; `clocker explain {uid}` tells what became of it", entity=uid)
    return entry


def effectors_here(entry: Entry) -> dict[str, Effector]:
    """The effectors of an entity, by name; those that size a cluster with its own bounds."""
    if entry.facts.get("managed") is False:
        return {}
    found = {**effectors_of(entry.kind), **{each.name: each for each in entry.effectors}}
    least, most = entry.facts.get("min"), entry.facts.get("max")
    if entry.kind is EntityKind.CLUSTER and isinstance(least, int) and isinstance(most, int):
        for effector, lowest in ((RESIZE, least), (RESIZE_BY_DELTA, least - most)):
            size, *others = effector.parameters
            highest = most if effector is RESIZE else most - least
            found[effector.name] = replace(effector, parameters=(replace(size, least=lowest, most=highest), *others))
    return found


def refuse_unwritable(context: Context) -> None:
    """Nothing new is accepted while it could not be made durable. Raises StoreUnwritable."""
    reason = context.store.unwritable
    if reason:
        raise StoreUnwritable(f"nothing new is accepted, since it could not be kept: {reason}", retry_after=FULL_PAUSE)


async def order(context: Context, entry: Entry, effector: str, arguments: Mapping[str, Value], cause: Cause) -> Json:
    """Have an entity run an effector: 202 with the activity. Raises what the entity refuses it with."""
    if entry.facts.get("managed") is False:
        raise Conflict(
            f"{entry.path} is not the manager's: it is shown and counted, and never touched; use docker on its host", entity=entry.uid
        )
    refuse_unwritable(context)
    known = effectors_here(entry).get(effector)
    if known is not None:
        try:
            bind(known, arguments)
        except BadRequest as fault:
            raise BadRequest(f"{entry.path or entry.uid}: {fault}", **fault.details) from None
    before, note = context.model.events.number, dependence(entry, effector, context.store)
    accepted: Accepted = await context.kernel.ask(entry.uid, Invoke(effector, arguments, cause), ASK_LIMIT)
    await _durable(context, entry, accepted.activity)
    for _ in range(_NOTED_WITHIN):  # whoever gets the id may look it up at once
        if context.model.activities.get(accepted.activity) is not None:
            break
        await asyncio.sleep(0.01)
    return at_event(context.model, AcceptedView(accepted.activity, entry.uid, entry.path, before, note), 202)


async def _durable(context: Context, entry: Entry, activity: str) -> None:
    """Wait until the order is written: who is told that it is taken may rely on it, though the manager be killed the next moment. Raises TimedOut."""
    for _ in range(2):  # an entity that crashes is made again, with what it was writing
        try:
            await context.kernel.ask(entry.uid, SayDurable(), ASK_LIMIT)
        except ActorDead:  # or it is no more, which was written
            continue
        except TimedOut as late:
            raise TimedOut(
                f"{entry.path or entry.uid} has begun this as activity {activity}, but could not write it down in {ASK_LIMIT:g} s: if the daemon ends now it is "
                "forgotten; `clocker ls` says what is wrong with the disk",
                activity=activity,
            ) from late
        return


async def body_of(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The body of a request, read piece by piece. Raises BadRequest when it is over `limit` bytes."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > limit:
            raise BadRequest(f"the body is over {limit} bytes; send less in one request", limit=limit)
    return bytes(pieces)


async def map_of(request: Request) -> dict[str, Value]:
    """The JSON map in the body, {} when it is empty. Raises BadRequest."""
    body = await body_of(request)
    try:
        return msgspec.json.decode(body, type=dict[str, object]) if body.strip() else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f'the body is not a JSON map ({error}); send for example {{"size": 3}}') from None

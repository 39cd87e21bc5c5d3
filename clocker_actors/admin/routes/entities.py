"""Entities as people see them, and the orders they take."""

from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from clocker_actors.admin.answers import Listing, Points, at_event, itself, listing
from clocker_actors.admin.context import Context, Shared
from clocker_actors.admin.judging import judge_hearing, principal_of, refuse_parsed
from clocker_actors.admin.moves import MovesView, drain_plan, rebalance_plan
from clocker_actors.admin.orders import AcceptedView, cause_of, effectors_here, living, map_of, order
from clocker_actors.admin.owning import set_by
from clocker_actors.admin.views import (
    EffectorView,
    EntityDetail,
    EntityView,
    HostView,
    PolicyView,
    ReadingView,
    effector_view,
    entity_detail,
    entity_view,
    host_view,
    policy_views,
    reading_view,
    readings_of,
)
from clocker_actors.admin.weighing import WeighedView, weigh
from clocker_actors.errors import BadRequest
from clocker_actors.masking import masked
from clocker_actors.model.decisions import Decision
from clocker_actors.model.effectors import find
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.planning.rebalancing import Rebalance
from clocker_actors.telemetry.explain import explain
from clocker_actors.telemetry.names import look_up
from clocker_actors.telemetry.readmodel import Entry

router = APIRouter(prefix="/v1", tags=["entities"])


@router.get("/entities", response_model=Listing[EntityView])
async def list_entities(
    context: Shared,
    path: Annotated[str | None, Query(description="only the entity of this path or uid")] = None,
    name: Annotated[
        str | None, Query(description="only the entity this means: also a host's or container's name, or the end of a path")
    ] = None,
    under: Annotated[str | None, Query(description="this entity (path or uid) and all below it")] = None,
    kind: Annotated[str | None, Query(description="only entities of this kind")] = None,
) -> Response:
    """All entities; parents come before their children."""
    model = context.model
    if path is not None:
        found = [model.entry(path)]
    elif name is not None:
        found = [look_up(model, name)]
    elif under is not None:
        found = _below(context, model.entry(under))
    else:
        found = _below(context, model.entry(ROOT)) if model.get(ROOT) is not None else list(model.all())
    if kind is not None:
        known = [str(each) for each in EntityKind]
        if kind not in known:
            raise BadRequest(f"there is no kind {kind[:40]!r}; write one of {', '.join(known)}", kind=kind)
        found = [entry for entry in found if entry.kind == kind]
    return listing(model, found, entity_view)


@router.get("/hosts", response_model=Listing[HostView])
async def list_hosts(
    context: Shared,
    weighed_for: Annotated[
        str | None,
        Query(alias="for", description="answers as `/v1/entities/{uid}/hosts` for what this names: path, uid, container", max_length=500),
    ] = None,
) -> Response:
    """All hosts of all pools; or those of one pool, weighed for a member or cluster."""
    if weighed_for is not None:
        return at_event(context.model, await weigh(context, weighed_for))
    return listing(context.model, context.model.of_kind(EntityKind.HOST), partial(host_view, context.model))


@router.get("/hosts/{uid}/drain-plan", response_model=MovesView)
async def plan_drain(context: Shared, uid: str) -> Response:
    """Where the members of a host would go if it were drained now. Nothing is done."""
    entry = living(context, uid)
    if entry.kind is not EntityKind.HOST:
        raise BadRequest(f"{entry.path} is of kind {entry.kind}, and only hosts are drained; `clocker hosts` lists them", entity=uid)
    return at_event(context.model, drain_plan(entry, context.store, context.model, context.types))


@router.get("/pools/{uid}/rebalance-plan", response_model=Rebalance)
async def plan_rebalance(
    context: Shared, uid: str, moves: Annotated[int, Query(ge=1, le=1000, description="members that may move in all")] = 10
) -> Response:
    """What a rebalancing of a pool would move now. Nothing is done."""
    entry = living(context, uid)
    if entry.kind is not EntityKind.POOL:
        raise BadRequest(f"{entry.path} is of kind {entry.kind}, and only docker clouds are rebalanced", entity=uid)
    return at_event(context.model, rebalance_plan(entry, context.store, context.model, context.types, moves))


@router.get("/entities/{uid}", response_model=EntityDetail)
async def show(context: Shared, uid: str) -> Response:
    """One entity, also one lately gone, with children, readings and policies."""
    entry = context.model.entry(uid, uid_first=True)
    return at_event(context.model, entity_detail(context.model, entry, set_by(context.store, entry)))


@router.get("/entities/{uid}/hosts", response_model=WeighedView)
async def weigh_hosts(context: Shared, uid: str) -> Response:
    """Where a member, or the next one of a cluster, would go now: of each host of its pool the rank, or the rule that refuses it, with numbers. Asks the pool;
    nothing is done."""
    return at_event(context.model, await weigh(context, uid, uid_first=True))


@router.get("/entities/{uid}/config", response_model=dict[str, object])
async def config(context: Shared, uid: str) -> Response:
    """What was asked for: the durable state of an entity, its spec included."""
    entry = living(context, uid)
    body = context.store.read(entry.kind, entry.uid)
    state = masked(msgspec.json.decode(body)) if body is not None else None
    return at_event(context.model, {"facts": entry.facts, "state": state})


@router.get("/entities/{uid}/sensors", response_model=Listing[ReadingView])
async def sensors(context: Shared, uid: str) -> Response:
    """The last reading of each sensor."""
    return listing(context.model, readings_of(context.model.entry(uid, uid_first=True)), reading_view)


@router.get("/entities/{uid}/sensors/{sensor}/history", response_model=Points)
async def history(context: Shared, uid: str, sensor: str, since: float = 0.0) -> Response:
    """What a number of a cluster or pool was (none for other entities): all of the last ten minutes, and one of fifteen seconds of the two hours before."""
    model, known = context.model, context.model.history
    points = known.of(model.entry(uid, uid_first=True).uid, sensor, since)
    return at_event(model, Points(model.events.number, points, known.breaks(since)))


@router.get("/entities/{uid}/effectors", response_model=Listing[EffectorView])
async def effectors(context: Shared, uid: str) -> Response:
    """What can be done to an entity."""
    return listing(context.model, list(effectors_here(context.model.entry(uid, uid_first=True)).values()), effector_view)


@router.post("/entities/{uid}/effectors/{name}", status_code=202, response_model=AcceptedView)
async def invoke(context: Shared, request: Request, uid: str, name: str) -> Response:
    """Run an effector; the body is a JSON map of its arguments. 202 with the activity."""
    entry = living(context, uid)
    refuse_parsed(principal_of(request), name)
    if name not in effectors_here(entry):
        find(entry.kind, name, (each.name for each in entry.effectors))
    arguments = await map_of(request)
    judge_hearing(principal_of(request), arguments)
    return await order(context, entry, name, arguments, cause_of(request))


@router.get("/entities/{uid}/policies", response_model=Listing[PolicyView])
async def policies(context: Shared, uid: str) -> Response:
    """Policies, enrichers and feeds of an entity. They are changed by its effectors add_policy, set_policy and so on."""
    entry = context.model.entry(uid, uid_first=True)
    return listing(context.model, policy_views(entry, set_by(context.store, entry)), itself)


@router.get("/entities/{uid}/decisions", response_model=Listing[Decision])
async def decisions(context: Shared, uid: str, acted: bool | None = None) -> Response:
    """What was concluded about an entity, oldest first: all, or only what led to something (or to nothing)."""
    return listing(context.model, context.model.decisions.of_subject(context.model.entry(uid, uid_first=True).uid, acted=acted), itself)


@router.get("/entities/{uid}/explain", response_model=None)
async def why(context: Shared, uid: str) -> Response:
    """Why it is as it is: the chain from readings to decisions to activities, as nested lines."""
    return at_event(context.model, explain(context.model, uid, context.kernel.now(), uid_first=True))


@router.get("/explain", response_model=None)
async def why_of(
    context: Shared,
    name: Annotated[
        str, Query(description="path, uid, name of a host or container, `path:policy`, or id of an activity or decision", max_length=500)
    ],
) -> Response:
    """Why it is, was done, or was decided so: as `/entities/{uid}/explain`, for whatever people name."""
    return at_event(context.model, explain(context.model, name, context.kernel.now()))


def _below(context: Context, top: Entry) -> list[Entry]:
    found, waiting = [], [top]
    while waiting:
        entry = waiting.pop()
        found.append(entry)
        waiting += reversed(context.model.children(entry.uid))
    return found

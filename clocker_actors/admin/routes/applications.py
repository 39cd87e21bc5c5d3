"""Blueprints in, applications out: deploy, plan, list, delete, and the files that blueprints name."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from clocker_actors.admin.answers import Json, Listing, at_event, itself, listing
from clocker_actors.admin.context import Context, Shared
from clocker_actors.admin.judging import judge, principal_of
from clocker_actors.admin.orders import AcceptedView, body_of, cause_of, living, order, refuse_unwritable
from clocker_actors.admin.planner import PlanView, hold_to, kept_plan
from clocker_actors.admin.types import known_types
from clocker_actors.admin.urls import check
from clocker_actors.admin.views import ApplicationView, application_views
from clocker_actors.blueprint import ParsedBlueprint, parse, with_blobs
from clocker_actors.entities.records import PoolState
from clocker_actors.errors import BadRequest, BlueprintError, NotFound
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.specs import Blueprint
from clocker_actors.planning.plainsecrets import REFUSE, in_plain
from clocker_actors.planning.powers import refused
from clocker_actors.store.codec import decode

router = APIRouter(prefix="/v1", tags=["applications"])

TEXT_LIMIT = 16 * 1024 * 1024
BLOB_LIMIT = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BlueprintBody:
    """A blueprint as sent: `blobs` maps each file it names (`file:PATH`) to the SHA-256 of its upload."""

    text: str
    filename: str = "blueprint.yaml"
    blobs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlobView:
    """An upload that is kept."""

    sha256: str
    size: int


_TAKES_BLUEPRINT = {
    "requestBody": {
        "required": True,
        "description": "The blueprint as YAML; or as JSON with its file name, and the uploads of the files it names.",
        "content": {
            "application/yaml": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {
                        "text": {"type": "string"},
                        "filename": {"type": "string"},
                        "blobs": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                }
            },
        },
    }
}


@router.get("/applications", response_model=Listing[ApplicationView])
async def list_applications(context: Shared) -> Response:
    """All applications."""
    return listing(context.model, application_views(context.model), itself)


Held = Annotated[
    str,
    Query(
        description="The id of a plan: 409, and nothing is done, if the file or the world is not what that plan was made for; 404 if nobody knows it."
    ),
]


@router.post("/applications", status_code=202, response_model=AcceptedView, openapi_extra=_TAKES_BLUEPRINT)
async def deploy(context: Shared, request: Request, plan: Held = "") -> Response:
    """Deploy a blueprint: 202 with the activity, 422 with all faults of a wrong one. An application or docker cloud that exists becomes what the blueprint
    says; what only somebody else has changed meanwhile stays theirs."""
    blueprint = await _blueprint(context, request)
    if plan:
        hold_to(
            plan,
            context.plans,
            blueprint,
            context.store,
            context.whole.model,
            context.types,
            context.known,
            reaches=principal_of(request).reaches,
        )
    arguments = {"blueprint": msgspec.to_builtins(blueprint)}
    return await order(context, living(context.whole, ROOT), "deploy", arguments, cause_of(request))


@router.delete("/applications/{identity}", status_code=202, response_model=AcceptedView)
async def delete_application(context: Shared, request: Request, identity: str) -> Response:
    """Stop an application (by id or uid), remove all that was made for it, forget it."""
    entry = living(context, identity, uid_first=False)
    if entry.kind is not EntityKind.APPLICATION:
        raise NotFound(f"{identity} is a {entry.kind}, not an application; `clocker ls` lists those", entity=entry.uid)
    return await order(context, entry, "delete", {}, cause_of(request))


@router.post("/plan", response_model=PlanView, openapi_extra=_TAKES_BLUEPRINT)
async def plan(context: Shared, request: Request) -> Response:
    """What deploying the blueprint would change, in which order and how, and where its containers would go as the pools are now. The plan is kept for an hour
    under its `id`, for a deploy that is to be held to it."""
    blueprint = await _blueprint(context, request, placeholders=True)
    found = await kept_plan(blueprint, context.store, context.whole.model, context.types, context.known, context.plans)
    return at_event(context.model, found)


@router.head("/blobs/{sha256}")
async def has_blob(context: Shared, sha256: str) -> Response:
    """200 if the upload is kept, else 404."""
    return Response(status_code=200 if context.blobs.has(sha256) else 404)


@router.put("/blobs/{sha256}", status_code=201, response_model=BlobView)
async def put_blob(context: Shared, request: Request, sha256: str) -> Response:
    """Keep an upload under the SHA-256 of its content."""
    refuse_unwritable(context)
    content = await body_of(request, BLOB_LIMIT)
    found = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    if found != sha256:
        raise BadRequest(f"the content has the SHA-256 {found}, not {sha256[:80]}; send it again", sha256=found)
    return Json(BlobView(await context.blobs.put(content), len(content)), 201)


async def _blueprint(context: Context, request: Request, *, placeholders: bool = False) -> Blueprint:
    """The blueprint in the body. With `placeholders`, files need no upload, nor even a sum (a plan builds nothing)."""
    sent = _sent(request, await body_of(request, TEXT_LIMIT))
    # In a thread: a large file takes long enough to be felt by everybody else.
    parsed = await asyncio.to_thread(parse, sent.text, sent.filename, known_types(context.types, context.store))
    judge(request, parsed.blueprint, context.key_roots)
    _check_places(context, parsed)
    _check_powers(context, parsed)
    _check_plain(context, parsed)
    if placeholders:
        return with_blobs(parsed, sent.blobs) if sent.blobs or not parsed.files else parsed.blueprint
    absent = [name for name, sha256 in sent.blobs.items() if not context.blobs.has(sha256)]
    if absent:
        raise BadRequest(f"no upload is kept for {', '.join(absent)}; PUT each to /v1/blobs/SHA256 first")
    await check(parsed.urls)
    for content in parsed.inline.values():
        await context.blobs.put(content)
    return with_blobs(parsed, sent.blobs)


def _check_places(context: Context, parsed: ParsedBlueprint) -> None:
    """Raises BlueprintError, with each place, for locations that nobody knows. Where none is written, or nothing is known yet, it is the deploy's to say."""
    fresh = {pool.name for pool in parsed.blueprint.pools}
    known = {decode(PoolState, kept.body).spec.name for kept in context.store.all(EntityKind.POOL) if kept.body is not None} | fresh
    faults = []
    for name, place in parsed.places.items() if known else ():
        if name not in known:
            near = get_close_matches(name, sorted(known), n=3) or sorted(known)[:5]
            faults.append(f"{place}: there is no docker cloud {name!r} to run on; write one of {', '.join(near)}")
    if faults:
        raise BlueprintError(tuple(faults))


def _check_powers(context: Context, parsed: ParsedBlueprint) -> None:
    """Raises BlueprintError, with each place, for what containers may not have on their docker clouds."""
    applications = parsed.blueprint.applications
    found = dict.fromkeys((each.power, each) for application in applications for each in refused(application, context.known.allow))
    if found:
        raise BlueprintError(tuple(f"{parsed.powers.get(power, each.path)}: {each.refusal}" for power, each in found))


def _check_plain(context: Context, parsed: ParsedBlueprint) -> None:
    """Raises BlueprintError for secrets in plain text, where the settings want none."""
    if context.known.plain == REFUSE and (found := [str(each) for one in parsed.blueprint.applications for each in in_plain(one)]):
        raise BlueprintError(tuple(found))


def _sent(request: Request, body: bytes) -> BlueprintBody:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        try:
            return BlueprintBody(body.decode())
        except UnicodeDecodeError as error:
            raise BadRequest(f"the blueprint is not UTF-8 ({error}); save it as UTF-8") from None
    try:
        return msgspec.json.decode(body, type=BlueprintBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f'the body is not {{"text", "filename", "blobs"}} ({error}); send that, or the YAML itself') from None

"""The catalogue: which types of services there are, what each takes, and more of them added or taken away."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from clocker_actors.admin.answers import Listing, at_event, itself, listing
from clocker_actors.admin.archives import from_bytes
from clocker_actors.admin.catalogue import TypeDetails, TypeView, checked, details, found_type, removable, type_views
from clocker_actors.admin.context import Shared
from clocker_actors.admin.orders import AcceptedView, body_of, cause_of, living, order
from clocker_actors.admin.types import known_types
from clocker_actors.blueprint.catalogue import catalogue_of
from clocker_actors.entities.cataloguing import added_types
from clocker_actors.errors import BadRequest
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.identity import ROOT

router = APIRouter(prefix="/v1/catalog", tags=["catalogue"])

LIMIT = 8 << 20


@dataclass(frozen=True, slots=True)
class FilesBody:
    """Files of types to add: text by file name."""

    files: Mapping[str, str] = field(default_factory=dict)


_TAKES_FILES = {
    "requestBody": {
        "required": True,
        "description": "One file of types as YAML, a tar or zip archive of them, or JSON with texts by file name.",
        "content": {
            "application/yaml": {"schema": {"type": "string"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "application/x-tar": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": {"type": "object", "additionalProperties": {"type": "string"}}},
                }
            },
        },
    }
}


@router.get("", response_model=Listing[TypeView])
async def list_types(context: Shared) -> Response:
    """Every type in every version, the newest of each first."""
    found = catalogue_of(known_types(context.types, context.store).catalogue)
    return listing(context.model, type_views(found), itself)


@router.get("/files", response_model=Listing[TypeSource])
async def list_files(context: Shared) -> Response:
    """The files of types that were added, as they are: a client reads blueprints with them."""
    return listing(context.model, added_types(context.store), itself)


@router.get("/types/{reference}", response_model=TypeDetails)
async def show_type(context: Shared, reference: str) -> Response:
    """One type, by `id` (its newest version) or `id:version`: its parameters, sensors, documentation and text."""
    types = known_types(context.types, context.store)
    return at_event(context.model, details(found_type(types, reference), types))


@router.post("", status_code=202, response_model=AcceptedView, openapi_extra=_TAKES_FILES)
async def add_types(context: Shared, request: Request) -> Response:
    """Add types: 202 with the activity, 422 with all that is wrong with them. All of them are added, or none."""
    files = _sent(request, await body_of(request, LIMIT))
    types = known_types(context.types, context.store)
    found = await asyncio.to_thread(checked, files, types)
    return await order(context, living(context, ROOT), "add_types", {"files": msgspec.to_builtins(found)}, cause_of(request))


@router.delete("/types/{reference}", status_code=202, response_model=AcceptedView)
async def remove_type(context: Shared, request: Request, reference: str) -> Response:
    """Take away a type that was added; 409 while an application or another type is of it."""
    types = known_types(context.types, context.store)
    found = removable(types, reference)
    return await order(context, living(context, ROOT), "remove_type", {"type": found.reference}, cause_of(request))


def _sent(request: Request, body: bytes) -> list[TypeSource]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        return from_bytes("types.yaml", body)
    try:
        sent = msgspec.json.decode(body, type=FilesBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f'the body is not {{"files": {{name: text}}}} ({error}); send that, the YAML itself, or an archive') from None
    if not sent.files:
        raise BadRequest("there are no files in the body; send at least one, as {name: text}")
    return [TypeSource(name, text) for name, text in sent.files.items()]

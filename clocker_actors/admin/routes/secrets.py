"""Secrets that the manager keeps for people: put there, named, taken away, and encrypted with a new key. No route ever gives a value."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response

from clocker_actors.admin.answers import Listing, at_event, itself, listing
from clocker_actors.admin.context import Shared
from clocker_actors.admin.orders import body_of, cause_of
from clocker_actors.credentials import MOST_BYTES
from clocker_actors.errors import NotFound
from clocker_actors.store.ownsecrets import OwnSecrets

router = APIRouter(prefix="/v1", tags=["secrets"])
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SecretView:
    """A secret's name, and since when it has its value."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class Rotated:
    """The id of the key that is used from now on, and how many values were encrypted with it."""

    key: str
    values: int


async def _own(context: Shared) -> OwnSecrets:
    if context.secrets is None:
        raise NotFound("this manager keeps no secrets; write them where its settings name them")
    return context.secrets


Own = Annotated[OwnSecrets, Depends(_own)]
_TAKES_TEXT = {
    "requestBody": {
        "required": True,
        "description": "The value alone, as UTF-8, of at most 64 KiB; nothing is taken off.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/secrets", response_model=Listing[SecretView])
async def list_secrets(context: Shared, own: Own) -> Response:
    """What the manager keeps: names alone."""
    return listing(context.model, [SecretView(name, at) for name, at in own.names().items()], itself)


@router.put("/secrets/{name}", response_model=SecretView, openapi_extra=_TAKES_TEXT)
async def put_secret(context: Shared, request: Request, name: str, own: Own) -> Response:
    """Keep a secret, in place of one of that name; blueprints have it as `external("clocker", NAME)`. Containers get it at their next start."""
    value = await body_of(request, MOST_BYTES)
    await own.put(name, value)
    log.info("secret kept", name=name, by=cause_of(request).principal)
    return at_event(context.model, SecretView(name, own.names()[name]))


@router.delete("/secrets/{name}", response_model=SecretView)
async def remove_secret(context: Shared, request: Request, name: str, own: Own) -> Response:
    """Keep a secret no more. What runs with it goes on; what starts with it does not."""
    at = await own.remove(name)
    log.info("secret removed", name=name, by=cause_of(request).principal)
    return at_event(context.model, SecretView(name, at))


@router.post("/state/rotate-key", response_model=Rotated)
async def rotate_key(context: Shared, request: Request, own: Own) -> Response:
    """Encrypt all that the manager keeps secret with a new key, and forget the old one: 200 when that is done."""
    count = await own.box.rotate()
    log.info("key of secrets rotated", key=own.box.key, values=count, by=cause_of(request).principal)
    return at_event(context.model, Rotated(own.box.key, count))

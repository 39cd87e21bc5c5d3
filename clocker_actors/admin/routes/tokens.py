"""Tokens that open the TCP door, and the log of who came by it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from clocker_actors.admin.answers import Json, Listing, itself, listing
from clocker_actors.admin.context import Shared
from clocker_actors.admin.judging import note, principal_of
from clocker_actors.admin.orders import map_of
from clocker_actors.model.tokens import Scope, Token
from clocker_actors.store.codec import convert

router = APIRouter(prefix="/v1", tags=["tokens"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to be made: it lasts `seconds` (None: for good), and is for these `applications` (none: for all there are)."""

    name: str
    scope: Scope = Scope.READ
    applications: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token, without what would open anything. `expires` is None if it never does."""

    name: str
    scope: Scope
    applications: tuple[str, ...]
    made: float
    made_by: str
    expires: float | None
    expired: bool


@dataclass(frozen=True, slots=True)
class MadeView:
    """A new token. `token` is what to send with each request; it is told this once."""

    name: str
    token: str
    scope: Scope
    applications: tuple[str, ...]
    expires: float | None


_TAKES_TOKEN = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string"},
                        "scope": {"type": "string", "enum": [str(each) for each in Scope]},
                        "applications": {"type": "array", "items": {"type": "string"}},
                        "seconds": {"type": ["number", "null"], "description": "how long it is good; for good without"},
                    },
                }
            }
        },
    }
}


@router.get("/tokens", response_model=Listing[TokenView])
async def list_tokens(context: Shared) -> Response:
    """All tokens, the expired ones too. What opens the door is not among what is told."""
    now = context.kernel.now()
    return listing(context.model, [_view(token, now) for token in context.tokens.all()], itself)


@router.post("/tokens", status_code=201, response_model=MadeView, openapi_extra=_TAKES_TOKEN)
async def create_token(context: Shared, request: Request) -> Response:
    """Make a token, which works at once. What opens the door is told this once, and kept nowhere."""
    wanted = convert(Wanted, await map_of(request))
    limits = f" of {', '.join(wanted.applications)}" if wanted.applications else ""
    note(request, f"token {wanted.name}: {wanted.scope}{limits}")
    made = await context.tokens.create(wanted.name, wanted.scope, wanted.applications, wanted.seconds, principal_of(request).name)
    token = made.token
    return Json(MadeView(token.name, made.text, token.scope, token.applications, token.expires or None), 201, {"Cache-Control": "no-store"})


@router.delete("/tokens/{name}", response_model=TokenView)
async def revoke_token(context: Shared, name: str) -> Response:
    """A token opens nothing from now on, and streams that are open by it end."""
    return Json(_view(await context.tokens.revoke(name), context.kernel.now()))


@router.get("/audit", response_model=Listing[dict[str, object]])
async def audit(context: Shared, latest: Annotated[int, Query(ge=1, le=10_000, description="how many lines")] = 100) -> Response:
    """The last lines of the audit log, oldest first: orders, and what was refused."""
    return listing(context.model, await asyncio.to_thread(context.audit.latest, latest), itself)


def _view(token: Token, now: float) -> TokenView:
    return TokenView(token.name, token.scope, token.applications, token.made, token.made_by, token.expires or None, token.expired(now))

"""Tokens: who may come in by TCP, as records of the store, so that a new one works at once and a revoked one at once no more.

A token is 256 random bits behind a prefix by which people and scanners of secrets recognize it. It is shown once; the store keeps its SHA-256. That is enough
here, where it would not be for a password: nobody can try all of 2²⁵⁶ values, so a slow hash would only make each request slow.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from clocker_actors.admin.rights import Principal
from clocker_actors.errors import BadRequest, Conflict, NotFound, StoreFault
from clocker_actors.model.tokens import TOKEN_KIND, Scope, Token
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode

PREFIX = "clocker_"
MOST = 1_000
LONGEST = 3650 * 86_400.0
"""Ten years: whoever wants more wants a token that does not expire."""
MOST_PATHS = 100

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}(/[A-Za-z0-9][A-Za-z0-9._-]{0,62}){0,3}")
_RESERVED = frozenset({"system", "anybody", "people", "root", "clocker"})
"""Principals that are no tokens."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new token; `text` is what is sent with each request, and is known nowhere else."""

    token: Token
    text: str


class Tokens:
    """All tokens. `now` gives epoch seconds. What is written is durable before it counts; what is taken away counts at once."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._known: dict[str, Token] = {}
        self._guests: dict[str, set[Callable[[], None]]] = {}
        for kept in store.all(TOKEN_KIND):
            if kept.body is not None:
                self._known[kept.uid] = decode(Token, kept.body)

    def principal(self, text: str) -> Principal | None:
        """Who stands behind a token; None if it is none of ours, or its time is over. Compares with all of them, each in constant time."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        found: Token | None = None
        for token in self._known.values():
            if hmac.compare_digest(token.digest, digest):
                found = token
        if found is None or found.expired(self._now()):
            return None
        return Principal(found.name, found.scope, found.applications)

    def all(self) -> list[Token]:
        """By name, the expired ones too, until somebody revokes them."""
        return [self._known[name] for name in sorted(self._known)]

    async def create(self, name: str, scope: Scope, applications: tuple[str, ...], lasting: float | None, by: str) -> Made:
        """A new token that lasts so many seconds (None: for good), made by that principal. Raises BadRequest, Conflict, StoreFault."""
        paths = _checked(name, scope, applications, lasting)
        if name in self._known:
            raise Conflict(f"there is a token {name} already: revoke that first, or give this one another name", token=name)
        if len(self._known) >= MOST:
            raise Conflict(f"there are {MOST} tokens already; revoke those that nobody uses")
        text = PREFIX + secrets.token_urlsafe(32)
        now = self._now()
        expires = now + lasting if lasting is not None else 0.0
        token = Token(name, hashlib.sha256(text.encode()).hexdigest(), scope, paths, now, by, expires)
        await self._store.write([Record(TOKEN_KIND, name, encode(token))])
        if name in self._known:  # somebody else was quicker, and has been overwritten in the store
            await self._store.write([Record(TOKEN_KIND, name, encode(self._known[name]))])
            raise Conflict(f"there is a token {name} already: revoke that first, or give this one another name", token=name)
        self._known[name] = token
        return Made(token, text)

    async def revoke(self, name: str) -> Token:
        """It opens nothing from now on, and what is open by it ends. Raises NotFound; StoreFault if it would be back after a restart."""
        token = self._known.pop(name, None)
        if token is None:
            known = ", ".join(sorted(self._known)[:5]) or "there are none"
            raise NotFound(f"there is no token {name[:80]!r} ({known}); `clocker token ls` lists them", token=name[:80])
        for leave in tuple(self._guests.get(name, ())):
            leave()
        try:
            await self._store.write([Record(TOKEN_KIND, name, None)])
        except StoreFault as fault:
            raise StoreFault(
                f"token {name} opens nothing now, and will again after a restart: {fault}; revoke it again then", token=name
            ) from fault
        return token

    def enter(self, name: str, leave: Callable[[], None]) -> Callable[[], None]:
        """Somebody with that token begins something that goes on: `leave` is called once the token is revoked or its time is over. What comes back is to be called
        at the end."""
        guests = self._guests.setdefault(name, set())
        guests.add(leave)
        token, timer = self._known.get(name), None
        if token is None:
            leave()
        elif token.expires:
            timer = asyncio.get_running_loop().call_later(max(0.0, token.expires - self._now()), leave)

        def ended() -> None:
            guests.discard(leave)
            if timer is not None:
                timer.cancel()
            if not guests:
                with suppress(KeyError):
                    del self._guests[name]

        return ended


def _checked(name: str, scope: Scope, applications: tuple[str, ...], lasting: float | None) -> tuple[str, ...]:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise BadRequest(f"{name[:80]!r} is no name for a token: write 1 to 63 of a-z, 0-9, dot, dash and underline, for example ci")
    if lasting is not None and not 0 < lasting <= LONGEST:
        raise BadRequest(f"a token lasts at most {LONGEST / 86_400:.0f} days; leave the time out for one that does not expire")
    paths = tuple(dict.fromkeys(each.strip("/") for each in applications))
    wrong = [each for each in paths if not _PATH.fullmatch(each)]
    if wrong or len(paths) > MOST_PATHS:
        raise BadRequest(
            f"{(wrong or ['more than ' + str(MOST_PATHS)])[0][:80]!r}: write paths of applications, for example shop, at most {MOST_PATHS}"
        )
    if paths and scope is Scope.ADMIN:
        raise BadRequest("a token of scope admin is for all there is: make it operate, or leave the applications out")
    return paths

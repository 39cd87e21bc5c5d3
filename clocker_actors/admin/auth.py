"""Who is asking: the peer's uid on the unix socket, the name of a token on TCP; nobody else comes in.

The unix socket can be opened by its owner alone, so its principal is only for the record; over TCP each request needs a token, compared in
constant time. On the socket, a page of another site that somebody's browser shows does not come in either (`sites.py`). Liveness and readiness
are open to all, as whatever supervises the daemon has no token.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from clocker_actors.admin.answers import Json
from clocker_actors.admin.faults import Fault, Problem
from clocker_actors.admin.sites import READING, stranger
from clocker_actors.errors import SettingsError
from clocker_actors.model.identity import Cause

log = structlog.get_logger(__name__)

OPEN = frozenset({"/healthz", "/readyz"})
LEAST_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Token:
    """A token is known by the SHA-256 of its text; `name` is the principal behind it."""

    name: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens that open the TCP door."""

    known: tuple[Token, ...] = ()

    def name_of(self, text: str) -> str | None:
        """The name of a token, None if it is not one of ours. Takes the same time whichever it is."""
        digest = hashlib.sha256(text.encode()).digest()
        found: str | None = None
        for token in self.known:
            if hmac.compare_digest(token.digest, digest):
                found = token.name
        return found


def read_tokens(path: Path) -> Tokens:
    """Tokens from a file: one on each line, as `name token` or alone (its name is then "token"). Raises SettingsError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"token_file {path} cannot be read ({error}); write a token of at least {LEAST_TOKEN} letters into it"
        ) from error
    if mode & 0o077:
        raise SettingsError(f"token_file {path} can be read by others; run `chmod 600 {path}`")
    found = [_token(line.split(), path) for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise SettingsError(f"token_file {path} holds no token; write one of at least {LEAST_TOKEN} letters into it")
    return Tokens(tuple(found))


def _token(words: list[str], path: Path) -> Token:
    if len(words) > 2 or len(words[-1]) < LEAST_TOKEN:
        raise SettingsError(
            f"token_file {path}: a line is not `name token` with a token of at least {LEAST_TOKEN} letters; make a longer one"
        )
    return Token(words[0] if len(words) == 2 else "token", hashlib.sha256(words[-1].encode()).digest())


class Guard:
    """ASGI middleware: finds the principal, or answers 401 or 403; gives each request its cause."""

    def __init__(self, app: ASGIApp, tokens: Tokens, next_request: Callable[[], str]) -> None:
        self._app = app
        self._tokens = tokens
        self._next_request = next_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        headers = dict(scope["headers"])
        peer = state.get("principal")
        principal = peer or self._tokens.name_of(_bearer(headers))
        is_open = scope["path"] in OPEN
        if peer and not is_open and (wrong := stranger(scope["method"], headers)):
            await Json(Fault(Problem("Forbidden", wrong)), 403)(scope, receive, send)
            return
        if principal is None and not is_open:
            problem = Problem(
                "Unauthorized", "this door needs a token; send it as `Authorization: Bearer TOKEN` (the CLI reads CLOCKER_TOKEN)"
            )
            answer = Json(Fault(problem), 401, {"WWW-Authenticate": "Bearer"})
            await answer(scope, receive, send)
            return
        cause = state["cause"] = Cause(self._next_request(), principal or "anybody")
        if scope["method"] not in READING:
            log.info("request", request=cause.id, principal=cause.principal, method=scope["method"], path=scope["path"])
        await self._app(scope, receive, send)


def _bearer(headers: Mapping[bytes, bytes]) -> str:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""

"""The guard in front of the application: who asks, whether that one may, and what is taken of a request.

On the unix socket the kernel says who is at the other end, and only its owner can open it; by TCP each request needs a token. Which scope a route takes stands in
`gates.py`; it is looked at here, once, before anything of the body is read. A page of another site that somebody's browser shows does not come in by the socket
(`sites.py`). Liveness and readiness are open to all, as whatever supervises the daemon has no token. Orders and refusals go into the audit log.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clocker_actors.admin import faults
from clocker_actors.admin.audit import DONE, FAILED, REFUSED, Line
from clocker_actors.admin.failures import Failures
from clocker_actors.admin.gates import Gate, Gates, Part
from clocker_actors.admin.judging import ABOUT
from clocker_actors.admin.limits import drained, sends_body
from clocker_actors.admin.rights import Principal, effector_scope
from clocker_actors.admin.sites import READING, stranger
from clocker_actors.errors import BadRequest, ClockerError, Forbidden, NotFound, Overloaded, TooMany, Unauthorized
from clocker_actors.model.identity import Cause
from clocker_actors.model.tokens import Scope as Needed

if TYPE_CHECKING:
    from clocker_actors.admin.context import Context

log = structlog.get_logger(__name__)

MOST_STREAMS = 100
"""Answers that go on, of one token at a time: others want to follow as well."""
NOBODY = "anybody"
_REFUSALS = frozenset({401, 403, 429})
GONE = 499
"""In the audit log, the status of an answer that nobody waited for."""


class Guard:
    """ASGI middleware: see the module."""

    def __init__(self, app: ASGIApp, context: "Context", gates: Gates) -> None:
        self._app = app
        self._context = context
        self._gates = gates
        self._failures = Failures(context.kernel.now)
        self._limits = context.limits
        self._streams: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        visit = _Visit(self._context, scope)
        try:
            gate = self._admit(visit)
        except ClockerError as refusal:
            visit.answered(faults.status_of(refusal), str(refusal))
            closing = sends_body(visit.headers) and not await drained(receive)
            await faults.answer(refusal, closing=closing)(scope, receive, send)
            return
        if scope["method"] not in READING:
            log.info("request", request=visit.cause.id, principal=visit.name, method=scope["method"], path=scope["path"])
        await self._pass(visit, gate, receive, send)

    def _admit(self, visit: "_Visit") -> Gate:
        """The gate that the request may pass. Raises what it is refused with."""
        found = self._gates.find(visit.method, visit.path)
        gate, parameters = (None, {}) if isinstance(found, frozenset) else found
        who = visit.who = self._who(visit)
        visit.cause = visit.state["cause"] = Cause(self._context.next_request(), who.name if who is not None else NOBODY)
        if who is not None:
            visit.state["who"] = who
        if gate is not None and gate.scope is None:
            return gate
        if visit.peer and (wrong := stranger(visit.method, visit.headers)):
            raise Forbidden(wrong)
        if who is None:
            raise self._stranger(visit)
        if gate is None:
            raise _nothing_here(visit, cast("frozenset[str]", found))
        what = f"{visit.method} {visit.path[:200]}"
        who.demand(gate.scope or Needed.READ, what)
        if gate.part is Part.NOTHING:
            who.demand_all(what)
        if gate.target and (who.limited or visit.method not in READING):
            self._aim(visit, gate, parameters, what)
        self._limits.announced(visit.headers, gate.body)
        if gate.stream and not who.local and self._streams[who.name] >= MOST_STREAMS:
            raise Overloaded(f"{who.name} follows {MOST_STREAMS} streams already; end some of them", retry_after=5.0)
        return gate

    def _who(self, visit: "_Visit") -> Principal | None:
        if visit.peer:
            return Principal(visit.peer, Needed.ADMIN, local=True)
        text = _bearer(visit.scope)
        return self._context.tokens.principal(text) if text else None

    def _stranger(self, visit: "_Visit") -> ClockerError:
        wait = self._failures.failed(visit.source)
        if wait:
            return TooMany(f"too many attempts without a good token from {visit.source or 'there'}; wait a while", retry_after=wait)
        return Unauthorized(
            "this door needs a token that is good now; send it as `Authorization: Bearer TOKEN` (the CLI reads CLOCKER_TOKEN), "
            "or have somebody make one with `clocker token create`"
        )

    def _aim(self, visit: "_Visit", gate: Gate, parameters: Mapping[str, str], what: str) -> None:
        """What the request is about, and whether its scope is enough for that. Raises NotFound for what is out of reach, as for what is not there."""
        assert visit.who is not None
        name = parameters[gate.target]
        context = self._context.seen_by(visit.who)
        try:
            entry = context.model.entry(name, uid_first=gate.target == "uid")
        except NotFound:
            if visit.who.limited:
                raise
            return  # the application says what is wrong with it
        visit.target = entry.path or "clocker"
        if visit.method not in READING:
            visit.who.demand(effector_scope(entry.kind, parameters.get("name", "")), f"{what} ({visit.target})")

    async def _pass(self, visit: "_Visit", gate: Gate, receive: Receive, send: Send) -> None:
        door = self._limits.around(visit, gate, receive, send)
        try:
            if gate.stream and visit.who is not None and not visit.who.local:
                await self._follow(visit, visit.who, door.receive, door.send)
            else:
                await self._app(visit.scope, door.receive, door.send)
        except ClientDisconnect:
            if door.fault is None:
                log.debug("client went away", request=visit.cause.id)
        finally:
            door.end()
            visit.answered(GONE)
        if door.fault is not None and not door.started:
            await faults.answer(door.fault, closing=True)(visit.scope, receive, send)

    async def _follow(self, visit: "_Visit", who: Principal, receive: Receive, send: Send) -> None:
        """An answer that goes on: it ends as soon as its token does."""
        started = left = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        def leave() -> None:
            nonlocal left
            left = True
            running.cancel()

        running = asyncio.ensure_future(self._run(visit.scope, receive, noting))
        self._streams[who.name] += 1
        ended = self._context.tokens.enter(who.name, leave)
        try:
            await running
        except asyncio.CancelledError:
            if not left:
                raise
            if started:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await faults.answer(Unauthorized(f"token {who.name} is good no more"))(visit.scope, receive, send)
        finally:
            ended()
            self._streams[who.name] -= 1
            if not self._streams[who.name]:
                del self._streams[who.name]

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Visit:
    """One request on its way through the door."""

    def __init__(self, context: "Context", scope: Scope) -> None:
        self.scope = scope
        self.state: dict[str, object] = scope.setdefault("state", {})
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.peer = str(self.state.get("principal") or "")
        client = scope.get("client")
        self.source = "unix" if self.peer else str(client[0]) if client else ""
        self.who: Principal | None = None
        self.cause = Cause("", NOBODY)
        self.target = ""
        self._context = context
        self._noted = False

    @property
    def name(self) -> str:
        return self.who.name if self.who is not None else NOBODY

    def answered(self, status: int, why: str = "") -> None:
        """Into the audit log, once: orders, and what was refused, with the reason if the door refused it."""
        if self._noted:
            return
        self._noted = True
        refused = status in _REFUSALS
        if self.method in READING and not refused:
            return
        outcome = REFUSED if refused else DONE if status < 400 else FAILED
        target = self.target or str(self.state.get(ABOUT, ""))
        at = self._context.kernel.now()
        line = Line(at, self.name, self.source, self.method, self.path, status, outcome, self.cause.id, target, why)
        self._context.audit.note(line, known=self.who is not None)


def _nothing_here(visit: _Visit, allowed: frozenset[str]) -> ClockerError:
    where = f"{visit.method} {visit.path[:200]}"
    if not allowed:
        return NotFound(f"{where}: Not Found; /docs lists what there is")
    fault = BadRequest(f"{where}: Method Not Allowed, only {', '.join(sorted(allowed))}; /docs lists what there is")
    fault.details["allow"] = ", ".join(sorted(allowed))
    return fault


def _bearer(scope: Scope) -> str:
    """The token that was sent; none if several were."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return ""
    scheme, _, token = given[0].decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""

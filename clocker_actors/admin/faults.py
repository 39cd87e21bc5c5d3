"""Errors as answers: one JSON shape, `{"error": {"kind", "message", "details"}}`, and the HTTP status that fits the kind."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from clocker_actors import errors
from clocker_actors.admin.answers import Json

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.ClockerError], int], ...] = (
    (errors.BlueprintError, 422),
    (errors.Unauthorized, 401),
    (errors.Forbidden, 403),
    (errors.TooLarge, 413),
    (errors.BadRequest, 400),
    (errors.NotFound, 404),
    (errors.ActorDead, 410),
    (errors.Refused, 409),
    (errors.Conflict, 409),
    (errors.Cancelled, 409),
    (errors.TooSlow, 408),
    (errors.TooMany, 429),
    (errors.TimedOut, 504),
    (errors.StoreUnwritable, 507),
    (errors.Transient, 503),
    (errors.EngineFault, 502),
)
"""The first that an error is one of counts; anything else of ours is a 500."""
CLOSING = frozenset({401, 408, 413, 429})
"""After these the connection ends: what else comes on it is not wanted."""
DOCUMENTED = tuple(sorted({status for _, status in STATUS}))
"""What any route of ours may answer when it fails. 500 is not among them: that is a fault of ours."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong: `kind` is the class in errors.py, `faults` all lines of a wrong blueprint."""

    kind: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The body of every answer that fails."""

    error: Problem


def status_of(error: errors.ClockerError) -> int:
    """The HTTP status that tells of an error."""
    if "allow" in error.details and isinstance(error, errors.BadRequest):
        return 405
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def answer(error: errors.ClockerError, *, closing: bool = False) -> Json:
    """The answer that tells of an error; `closing` if the connection is of no more use after it."""
    status = status_of(error)
    retry_after = error.retry_after if isinstance(error, errors.Transient) else None
    faults = error.faults if isinstance(error, errors.BlueprintError) else ()
    problem = Problem(type(error).__name__, str(error) or type(error).__name__, error.details, faults, retry_after)
    headers = {"Connection": "close"} if closing or status in CLOSING else {}
    if retry_after:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 405:
        headers["Allow"] = error.details["allow"]
    return Json(Fault(problem), status, headers)


def install(app: FastAPI) -> None:
    """Have every error of the application answered in our shape."""
    app.add_exception_handler(errors.ClockerError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ClockerError)
    return answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    lines = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    problem = Problem("BadRequest", f"{'; '.join(lines)}; /docs says what this takes", faults=tuple(lines))
    return Json(Fault(problem), 422)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = "NotFound" if error.status_code == 404 else "BadRequest"
    where = f"{request.method} {request.url.path}"
    return Json(Fault(Problem(kind, f"{where}: {error.detail}; /docs lists what there is")), error.status_code, error.headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    # The framework raises it again after this answer, and the server logs it with its traceback; the client gets none.
    where = f"{request.method} {request.url.path}"
    text = f"{where}: something unforeseen happened in the daemon ({type(error).__name__}); look into its log"
    return Json(Fault(Problem("Unforeseen", text)), 500)

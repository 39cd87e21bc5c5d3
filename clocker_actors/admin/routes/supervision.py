"""For whatever supervises, scrapes or examines the daemon."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from clocker_actors.admin.answers import Json
from clocker_actors.admin.context import Shared
from clocker_actors.errors import Failure
from clocker_actors.kernel import ActorDump
from clocker_actors.telemetry.exposition import CONTENT_TYPE

router = APIRouter(tags=["supervision"])


@dataclass(frozen=True, slots=True)
class DumpView:
    """All actors, and the roots that are kept stopped until their next try."""

    actors: list[ActorDump]
    on_fire: dict[str, Failure]


@dataclass(frozen=True, slots=True)
class NotReady:
    """That the daemon does not work now, and why."""

    status: str
    reason: str


@router.get("/healthz", response_class=Response)
async def healthz() -> Response:
    """200 while the daemon's loop turns."""
    return Json({"status": "ok"})


@router.get("/readyz", response_class=Response, responses={503: {"model": NotReady, "description": "Not yet, or not any more."}})
async def readyz(context: Shared, request: Request) -> Response:
    """200 once the daemon has taken up its work, 503 before, while it stops, while nothing can be written, and while its root is on fire; the reason only for
    those with a token."""
    unwritable = context.store.unwritable
    reason = "the daemon is stopping" if context.closing.is_set() else f"read-only: {unwritable}" if unwritable else context.ready()
    burning = context.kernel.on_fire
    if not reason and burning:
        reason = f"on fire: {', '.join(sorted(burning))}; the daemon's log says why"
    if not reason:
        return Json({"status": "ready"})
    return Json(NotReady("not ready", reason if hasattr(request.state, "who") else "ask with a token"), 503)


@router.get("/metrics", response_class=Response)
async def metrics(context: Shared) -> Response:
    """Everything Prometheus scrapes."""
    return StreamingResponse(context.metrics.render(), media_type=CONTENT_TYPE)


@router.get("/v1/dump", response_model=DumpView)
async def dump(context: Shared) -> Response:
    """What every actor does right now."""
    return Json(DumpView(context.kernel.dump(), context.kernel.on_fire))

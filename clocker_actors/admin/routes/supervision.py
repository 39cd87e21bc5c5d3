"""For whatever supervises, scrapes or examines the daemon."""

from dataclasses import dataclass

from fastapi import APIRouter
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


@router.get("/healthz", response_class=Response)
async def healthz() -> Response:
    """200 while the daemon's loop turns."""
    return Json({"status": "ok"})


@router.get("/readyz", response_class=Response)
async def readyz(context: Shared) -> Response:
    """200 once the daemon has taken up its work, 503 with the reason before, while it stops, and while its root is on fire."""
    reason = "the daemon is stopping" if context.closing.is_set() else context.ready()
    burning = context.kernel.on_fire
    if not reason and burning:
        reason = f"on fire: {', '.join(sorted(burning))}; the daemon's log says why"
    return Json({"status": "not ready", "reason": reason}, 503) if reason else Json({"status": "ready"})


@router.get("/metrics", response_class=Response)
async def metrics(context: Shared) -> Response:
    """Everything Prometheus scrapes."""
    return StreamingResponse(context.metrics.render(), media_type=CONTENT_TYPE)


@router.get("/v1/dump", response_model=DumpView)
async def dump(context: Shared) -> Response:
    """What every actor does right now."""
    return Json(DumpView(context.kernel.dump(), context.kernel.on_fire))

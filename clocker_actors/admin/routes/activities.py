"""Activities: what runs, how far it is, and taking it back."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from clocker_actors.admin.answers import Json, Listing, at_event, listing
from clocker_actors.admin.context import Context, Shared
from clocker_actors.admin.orders import ASK_LIMIT, cause_of
from clocker_actors.admin.views import ActivityView, activity_view
from clocker_actors.errors import Conflict, NotFound
from clocker_actors.model.activities import Activity
from clocker_actors.model.messages import CancelActivity

router = APIRouter(prefix="/v1/activities", tags=["activities"])

DEPTH = 4


@router.get("", response_model=Listing[ActivityView])
async def list_activities(
    context: Shared,
    entity: Annotated[str | None, Query(description="only those of this entity (path or uid)")] = None,
    running: Annotated[bool, Query(description="only those that have not ended")] = False,
) -> Response:
    """Activities in order of their beginning; of ended ones the latest."""
    model = context.model
    found = model.activities.all() if entity is None else model.activities.of_entity(model.entry(entity).uid)
    return listing(model, [each for each in found if not (running and each.state.ended)], partial(activity_view, model))


@router.get("/{activity}", response_model=ActivityView)
async def show(context: Shared, activity: str) -> Response:
    """One activity with its parts."""
    return at_event(context.model, activity_view(context.model, _known(context, activity), DEPTH))


@router.post("/{activity}/cancel", status_code=202, response_model=ActivityView)
async def cancel(context: Shared, request: Request, activity: str) -> Response:
    """Stop what an activity still has to do; what was done stays. 409 if it has ended."""
    known = _known(context, activity)
    if known.state.ended:
        raise Conflict(f"activity {activity} is {known.state} already; nothing is left to cancel", activity=activity)
    await context.kernel.ask(known.entity, CancelActivity(activity, cause_of(request)), ASK_LIMIT)
    return Json(activity_view(context.model, _known(context, activity)), 202)


def _known(context: Context, activity: str) -> Activity:
    found = context.model.activities.get(activity)
    if found is None:
        raise NotFound(f"no activity {activity!r} is remembered; `clocker activities` lists those that are", activity=activity)
    return found

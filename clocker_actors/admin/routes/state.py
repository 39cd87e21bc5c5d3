"""The manager's own durable state, for whoever looks after the manager."""

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from clocker_actors.admin.context import Shared
from clocker_actors.admin.orders import map_of
from clocker_actors.errors import BadRequest, Conflict

router = APIRouter(prefix="/v1", tags=["state"])

MEDIA = "application/x-tar"
_BODY = {
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": {"type": "object", "properties": {"keys": {"type": "boolean", "default": True}}}}},
    }
}


@router.post(
    "/backup",
    response_class=Response,
    openapi_extra=_BODY,
    responses={200: {"content": {MEDIA: {"schema": {"type": "string", "format": "binary"}}}, "description": "The backup, a tar file."}},
)
async def backup(context: Shared, request: Request) -> Response:
    """A backup of the whole state as it is now, while everybody goes on working: records, uploads, keys. 409 while another one is being gathered."""
    body = await map_of(request)
    keys = body.get("keys", True)
    if not isinstance(keys, bool) or body.keys() - {"keys"}:
        raise BadRequest('the body of a backup is {"keys": true} or {"keys": false}')
    if context.backups is None:
        raise Conflict("this daemon keeps no state that a backup could be made of")
    manifest, pieces = await context.backups.make(keys=keys)
    name = f"clocker-{manifest.identity}-{manifest.epoch}.backup"
    return StreamingResponse(pieces, media_type=MEDIA, headers={"Content-Disposition": f'attachment; filename="{name}"'})

"""The REST application: routes, errors in one shape, and the guard in front of it all."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from clocker_actors import __version__
from clocker_actors.admin import faults
from clocker_actors.admin.auth import Guard
from clocker_actors.admin.context import Context
from clocker_actors.admin.routes import activities, applications, catalogue, entities, simulated, streams, supervision

DESCRIPTION = """Deploys blueprints onto Docker hosts and keeps them running. `/v1` is stable: fields are only added.

Every answer that fails is `{"error": {"kind", "message", "details"}}`. Lists are `{"event", "items"}`: follow `/v1/events` from that number to miss nothing.
Orders are answered 202 with an activity; look at `/v1/activities/{id}` for how it goes on."""


def create_app(context: Context, world: simulated.World | None = None) -> FastAPI:
    """The application over this context. Requests need a principal from the door, or a token. `world` is there if engines are simulated."""
    app = FastAPIOffline(title="clocker", version=__version__, description=DESCRIPTION, docs_url="/docs", redoc_url=None)
    app.state.context = context
    faults.install(app)
    for room in (applications, catalogue, entities, activities, streams, supervision):
        app.include_router(room.router, responses={"default": {"model": faults.Fault, "description": "It failed."}})
    if world is not None:
        app.include_router(simulated.router(world))
    app.add_middleware(Guard, tokens=context.tokens, next_request=context.next_request)
    return app

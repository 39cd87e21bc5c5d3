"""The REST application: routes, errors in one shape, and the guard in front of it all."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute, Mount, Route

from clocker_actors import __version__
from clocker_actors.admin import faults
from clocker_actors.admin.auth import Guard
from clocker_actors.admin.context import Context
from clocker_actors.admin.gates import TABLE, Gates
from clocker_actors.admin.routes import (
    activities,
    applications,
    catalogue,
    entities,
    secrets,
    simulated,
    state,
    streams,
    supervision,
    tokens,
)

DESCRIPTION = """Deploys blueprints onto Docker hosts and keeps them running. `/v1` is stable: fields are only added.

Every answer that fails is `{"error": {"kind", "message", "details"}}`. Lists are `{"event", "items"}`: follow `/v1/events` from that number to miss nothing.
Orders are answered 202 with an activity; look at `/v1/activities/{id}` for how it goes on."""


TAKES = "A token (`clocker token create`) of at least the scope in `x-scope`: read, operate or admin. On the unix socket none is needed."
ROOMS = (applications, catalogue, entities, activities, secrets, state, streams, supervision, tokens)
FAILS: dict[int | str, dict[str, Any]] = {status: {"model": faults.Fault, "description": "It failed."} for status in faults.DOCUMENTED}


def create_app(context: Context, world: simulated.World | None = None) -> FastAPI:
    """The application over this context. Requests need a principal from the door, or a token. `world` is there if engines are simulated. Raises RuntimeError for a
    route of which `gates.TABLE` does not say what it takes."""
    app = FastAPIOffline(title="clocker", version=__version__, description=DESCRIPTION, docs_url="/docs", redoc_url=None)
    app.state.context = context
    faults.install(app)
    routers = [room.router for room in ROOMS] + ([simulated.router(world)] if world is not None else [])
    routes = [each for route in (*app.routes, *(route for router in routers for route in router.routes)) for each in asked_for(route)]
    for router in routers:
        app.include_router(router, responses=FAILS)
    app.add_middleware(Guard, context=context, gates=Gates(routes))
    plain = app.openapi
    app.openapi = lambda: described(plain())  # type: ignore[method-assign]  # as the framework wants it
    return app


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description with what each route takes: the scope of a token, if any."""
    schema["components"].setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer", "description": TAKES}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            scope = TABLE[method.upper(), path].scope
            operation["security"] = [{"token": []}] if scope is not None else []
            if scope is not None:
                operation["x-scope"] = scope
    return schema


def asked_for(route: BaseRoute) -> Iterator[tuple[str, str]]:
    """By which method and path a route is reached. Raises TypeError for one of a kind that the door does not know."""
    if isinstance(route, Mount):
        yield "GET", f"{route.path}/{{file:path}}"
    elif isinstance(route, Route):
        yield from ((method, route.path) for method in route.methods or ())
    else:
        raise TypeError(f"admin/app.py: the door does not know how {route!r} is reached")

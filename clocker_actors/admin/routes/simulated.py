"""Load and mishaps for simulated containers, which nothing outside can reach. There only on a daemon that runs with `--simulated`."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from clocker_actors.admin.answers import Json


class World(Protocol):
    """The simulated engines together."""

    def offer(self, key: str, total_cpu_percent: float) -> None:
        """Load for all running containers that answer to a key to share; 0 takes it away."""
        ...

    def die(self, container: str) -> None:
        """The process of a container ends, now. Raises NotFound."""
        ...


class Load(BaseModel):
    """Work for the containers that answer to `key`: an id, a name, an image, `label=value`, or a label's value."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=300)
    cpu_percent: float = Field(ge=0, le=1_000_000, description="100 is one whole core; 0 takes the load away")


def router(world: World) -> APIRouter:
    """The routes over this world."""
    made = APIRouter(prefix="/v1/simulated", tags=["simulated"])

    @made.post("/load", status_code=202)
    async def load(wanted: Annotated[Load, Body()]) -> Response:
        """Let containers work: all that answer to the key share the load."""
        world.offer(wanted.key, wanted.cpu_percent)
        return Json({"key": wanted.key, "cpu_percent": wanted.cpu_percent}, 202)

    @made.post("/containers/{container}/die", status_code=202)
    async def die(container: str) -> Response:
        """Let the process of a container (by the engine's id or name) end as if it had crashed."""
        world.die(container)
        return Json({"container": container}, 202)

    return made

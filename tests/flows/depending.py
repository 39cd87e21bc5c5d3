"""Services that depend on others, made in Python: what a blueprint's text becomes, so that these stories tell of the runtime alone."""

from dataclasses import replace

import msgspec

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.expressions import Expression, Late, literal
from clocker_actors.model.identity import LABEL_GENERATION, LABEL_MEMBER, ROOT
from clocker_actors.model.specs import ApplicationSpec, Blueprint, ClusterSpec, ContainerSpec, ImageSpec, PortSpec, ServiceSpec
from clocker_actors.model.values import Value, as_map
from tests.flows.stories import running
from tests.flows.support import Driven

IMAGE = ImageSpec("web")


def target(name: str) -> Expression:
    """An entity, as expressions name it."""
    return Expression("target", value=name)


def when_ready(name: str, sensor: str, **options: Value) -> Expression:
    """`component(name).attributeWhenReady(sensor)`."""
    return Expression("attributeWhenReady", (target(name), literal(sensor), *([literal(options)] if options else [])))


def formatted(pattern: str, *arguments: Expression) -> Expression:
    """`formatString(pattern, …)`."""
    return Expression("formatString", (literal(pattern), *arguments))


def external(provider: str, key: str) -> Expression:
    """`external(provider, key)`."""
    return Expression("external", (literal(provider), literal(key)))


def service(
    name: str, *, env: dict[str, Expression] | None = None, port: int = 0, container: ContainerSpec | None = None, **more: object
) -> ServiceSpec:
    """One container; `env` are late variables."""
    made = container or ContainerSpec(IMAGE)
    late = tuple(Late(f"env.{key}", value) for key, value in (env or {}).items())
    ports = (PortSpec(port),) if port else made.ports
    filled = replace(made, env={**made.env, **dict.fromkeys(env or {}, "")}, ports=ports, late=(*made.late, *late))
    return replace(ServiceSpec(name, name, "container", filled), **more)  # type: ignore[arg-type]


def cluster(name: str, size: int, member: ServiceSpec, **more: object) -> ServiceSpec:
    """A cluster of these."""
    return replace(ServiceSpec(name, name, "cluster", cluster=ClusterSpec(member, initial_size=size)), **more)  # type: ignore[arg-type]


async def deploy(driven: Driven, *services: ServiceSpec) -> str:
    """Deploy them as the application `shop`; the id of the activity."""
    blueprint = Blueprint((ApplicationSpec("shop", "shop", "local", services),))
    return await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint))


def waits(driven: Driven, path: str) -> str:
    """What a service says that it waits for; "" if for nothing, or if it is not there yet."""
    if driven.gone(path):
        return ""
    return str(as_map(driven.value(path, "service.notUp.indicators")).get("waits", ""))


def problem(driven: Driven, path: str) -> str:
    """What a service says of what it depends on."""
    return "" if driven.gone(path) else str(as_map(driven.value(path, "service.problems")).get("dependency", ""))


def requests(driven: Driven, world: SimulatedWorld, path: str) -> list[ContainerRequest]:
    """What the running containers of a service (or of a cluster's members) were created from, oldest generation first."""
    uids = {entry.uid for entry in driven.model.all() if entry.path == path or entry.path.startswith(f"{path}/")}
    found = [engine.asked_of(seen.id) for engine, seen in running(world) if seen.labels[LABEL_MEMBER] in uids]
    return sorted(found, key=lambda request: int(request.labels[LABEL_GENERATION]))


def env_of(driven: Driven, world: SimulatedWorld, path: str, name: str) -> list[str]:
    """The values of a variable in the running containers of a service."""
    return [request.spec.env[name] for request in requests(driven, world, path)]

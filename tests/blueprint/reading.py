"""What the tests of this room share: the real table of types, and short ways to read a text."""

from dataclasses import replace
from textwrap import dedent

import pytest

from clocker_actors.blueprint import parse
from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.errors import BlueprintError
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.specs import ApplicationSpec, ClusterSpec, ContainerSpec, PoolSpec, ServiceSpec
from clocker_actors.model.types import TypeTable
from clocker_actors.placement.catalogue import STRATEGIES
from clocker_actors.policies import catalogue as policies

TYPES = TypeTable({**policies.TYPES, **enrichers.TYPES}, STRATEGIES)


def knowing(*types: str) -> TypeTable:
    """The table of types, with these files in the catalogue: `types-1.yaml`, `types-2.yaml` and so on."""
    sources = (TypeSource(f"types-{number}.yaml", dedent(text)) for number, text in enumerate(types, start=1))
    return replace(TYPES, catalogue=tuple(sources))


def faults(text: str | bytes, filename: str = "shop.yaml", types: TypeTable = TYPES) -> list[str]:
    """The faults of a text that has some."""
    with pytest.raises(BlueprintError) as caught:
        parse(dedent(text) if isinstance(text, str) else text, filename, types)
    return list(caught.value.faults)


def fault(text: str | bytes, types: TypeTable = TYPES) -> str:
    """The fault of a text that has exactly one."""
    found = faults(text, types=types)
    assert len(found) == 1, found
    return found[0]


def application(text: str, types: TypeTable = TYPES) -> ApplicationSpec:
    """The one application of a good text."""
    (found,) = parse(dedent(text), "shop.yaml", types).blueprint.applications
    return found


def service(text: str) -> ServiceSpec:
    """The one service of a good text, of which `text` is the map."""
    (found,) = application(_as_item(text)).services
    return found


def service_faults(text: str) -> list[str]:
    """The faults of one service; its first line is line 2 of the file."""
    return faults(_as_item(text))


def container(text: str) -> ContainerSpec:
    """The container of `docker:web` with these keys."""
    found = service("type: docker:web\n" + dedent(text)).container
    assert found is not None
    return found


def container_faults(text: str) -> list[str]:
    """The faults of `docker:web` with these keys; the first of them is on line 3 of the file."""
    return service_faults("type: docker:web\n" + dedent(text))


def cluster(text: str) -> ClusterSpec:
    """A cluster of `docker:web` with these keys."""
    found = service("type: cluster\nmemberSpec: docker:web\n" + dedent(text)).cluster
    assert found is not None
    return found


def cluster_faults(text: str) -> list[str]:
    """The faults of a cluster of `docker:web` with these keys; the first of them is on line 4 of the file."""
    return service_faults("type: cluster\nmemberSpec: docker:web\n" + dedent(text))


def pool(text: str) -> PoolSpec:
    """The docker cloud `yard` with these keys."""
    (found,) = parse(_as_item("type: docker-cloud\nname: yard\n" + dedent(text)), "yard.yaml", TYPES).blueprint.pools
    return found


def pool_faults(text: str) -> list[str]:
    """The faults of the docker cloud `yard` with these keys; the first of them is on line 4 of the file."""
    return service_faults("type: docker-cloud\nname: yard\n" + dedent(text))


def _as_item(text: str) -> str:
    lines = dedent(text).strip("\n").splitlines()
    return "services:\n- " + "\n  ".join(lines) + "\n"

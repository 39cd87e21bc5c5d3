"""What docs/catalogue.md says of the types that ship, made from their files, and where in the tests each of them is run."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint.catalogue import CatalogueType, catalogue_of
from clocker_actors.blueprint.checking import described, effectors, sample
from clocker_actors.model.catalogue import EffectorView, ParameterView
from clocker_actors.model.specs import ContainerSpec, ServiceSpec

TESTS = Path(__file__).parent
BLUEPRINTS = TESTS.parent / "blueprints"
SHIPS, ONE_BY_ONE = "## What ships", "## The types that ship, one by one"
HEAD = """Made from their files: `python -m tests.test_catalogue_page`. Those that are built are built from `debian:bookworm-slim` on one engine,
when they first run, and copied to the others, or go by the `registry` of their docker cloud.
"""


def types() -> list[CatalogueType]:
    """All that ship."""
    return list(catalogue_of(type_table().catalogue))


def service_of(type_: CatalogueType) -> ServiceSpec:
    """What the container of such a service is: that of a cluster's members."""
    service = sample(type_, type_table())
    assert service is not None, f"{type_.id} cannot be read"
    return service.cluster.member if service.cluster is not None else service


def container_of(type_: CatalogueType) -> ContainerSpec:
    """Its container."""
    container = service_of(type_).container
    assert container is not None, f"{type_.id} has no container"
    return container


def filled(type_: CatalogueType) -> set[str]:
    """The sensors that its feeds give, and the enrichers that work on those."""
    found: set[str] = set()
    whole = sample(type_, type_table())
    for each in (*service_of(type_).enrichers, *(whole.enrichers if whole is not None else ())):
        config = each.config
        given = [config.get(key) for key in ("sensors", "metrics")]
        found.update(*(one for one in given if isinstance(one, Mapping)))
        found.update(str(config[key]) for key in ("targetSensor", "name") if key in config)
    return found


@cache
def example_of(type_: CatalogueType) -> Path:
    """The first example blueprint that has such a service."""
    names = "|".join(re.escape(name) for name in (type_.id, type_.reference, *type_.aliases))
    wanted = re.compile(rf"^ *(?:- )?\{{?(?:type|serviceType): *[\"']?(?:{names})[\"']?[ ,}}]*$", re.MULTILINE)
    found = (path for path in sorted(BLUEPRINTS.glob("*.yaml")) if path.name[:2] > "10" and wanted.search(path.read_text(encoding="utf-8")))
    path = next(found, None)
    assert path is not None, f"{type_.id} has no example in blueprints/"
    return path


@cache
def tried(type_: CatalogueType) -> str:
    """Where it was tried: on real engines if a test of these deploys its example."""
    wanted = re.compile(rf"{re.escape(example_of(type_).name)}|type: {re.escape(type_.id)}\b")
    real = any(wanted.search(path.read_text(encoding="utf-8")) for path in sorted(TESTS.glob("flows/test_real_*.py")))
    return (
        "built and driven on real engines"
        if real
        else "read, planned, and run on simulated engines alone: the software itself was not tried"
    )


def image_of(type_: CatalogueType) -> str:
    """What its container is of."""
    image = container_of(type_).image
    return "built from Debian's packages" if image.build else f"`{image.reference}`"


def written(text: str) -> str:
    """The page with its two parts about the types made anew."""
    rows = (f"| [`{each.id}`](#{each.id}) | {each.version} | {each.name} | {image_of(each)} | {tried(each)} |" for each in types())
    table = "\n".join((HEAD, "| type | version | what it is | image | tried |", "|---|---|---|---|---|", *rows, "", ""))
    for heading, part in ((SHIPS, table), (ONE_BY_ONE, "\n".join(map(_chapter, types())))):
        before, found, after = text.partition(f"{heading}\n\n")
        assert found, f"docs/catalogue.md has no heading {heading!r}"
        following = after.find("\n## ")
        text = f"{before}{heading}\n\n{part}{after[following + 1 :] if following >= 0 else ''}"
    return text


def _chapter(type_: CatalogueType) -> str:
    table = type_table()
    parameters = described(type_, table)[2]
    commands = effectors(type_, table)
    example = example_of(type_).name
    return "\n".join(
        (
            f"### {type_.id}",
            "",
            f"{type_.description} Image: {image_of(type_)}. Example: [{example}](../blueprints/{example}).",
            "",
            f"- Parameters: {'; '.join(map(_parameter, parameters)) or 'none'}.",
            f"- Sensors: {'; '.join(f'`{name}` {meaning}' for name, meaning in type_.sensors)}.",
            f"- Effectors: {'; '.join(map(_effector, commands)) or 'none'}.",
            "",
        )
    )


def _parameter(each: ParameterView) -> str:
    default = "" if each.default in (None, "") else f" (`{str(each.default).lower() if isinstance(each.default, bool) else each.default}`)"
    return f"`{each.name}`{default} {each.description or each.label}"


def _effector(each: EffectorView) -> str:
    return f"`{' '.join((each.name, *each.parameters))}` {each.description}"

"""Does docs/placement.md say what happens? Every example is planned on its yard; `python -m tests.placement.test_documents` writes the answers anew."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from urllib.parse import parse_qs, urlsplit

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.coerce import size
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import START, ScalarNode
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import HostSpec, PoolSpec
from clocker_actors.placement.catalogue import STRATEGIES
from clocker_actors.planning.plan import plan
from clocker_actors.planning.values import PoolView

PAGE = Path(__file__).parents[2] / "docs" / "placement.md"
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
FACT = re.compile(r"^# (\w+): (.*)$", re.MULTILINE)
MOST = 200


def answer(example: str, yard: str) -> str:
    """Where everything of the example goes, a line each."""
    own = "docker-cloud" in example
    text = f"name: shop\nservices:\n{'' if own else yard}{example}"
    blueprint = parse(text, "page.yaml", type_table()).blueprint
    (pool,) = blueprint.pools
    facts = {name: dict(one.split("=", 1) for one in said.split()) for name, said in FACT.findall(example)}
    views = tuple(view(spec, order, facts.get(spec.name, {})) for order, spec in enumerate(pool.hosts))
    made = plan(blueprint.applications[0], PoolView(pool.name, views, pool.strategies, pool.ports, affinity=pool.affinity), None)
    where = [f"{step.path} -> {step.host}" for step in made.steps if step.host]
    refused = [
        shorten(f"{each.path} refused: {each.reason.removeprefix('no host fits: ')}", MOST, placeholder=" …") for each in made.refusals
    ]
    return "".join(f"{line.removeprefix('shop/')}\n" for line in (*where, *refused))


def view(spec: HostSpec, order: int, facts: dict[str, str]) -> HostView:
    """A host with what its engine's url and the example say of it."""
    known = {key: values[0] for key, values in parse_qs(urlsplit(spec.engine.url).query).items()}
    return HostView(
        Uid(spec.name),
        spec.name,
        zone=spec.zone,
        labels=spec.labels,
        cores=int(known.get("cores", 4)),
        memory=_bytes(known.get("memory", "8g")),
        cpu=float(facts["cpu"]) if "cpu" in facts else None,
        foreign=int(facts.get("foreign", 0)),
        images=frozenset(facts.get("images", "").split(",")),
        disk=_bytes(facts.get("disk", "0")),
        order=order,
        affinity=spec.affinity,
    )


def _bytes(text: str) -> int:
    return size(ScalarNode(START, text, plain=True), "size", Faults("page")) or 0


def page() -> str:
    """The page with every answer as it is now."""
    text = PAGE.read_text()
    yard = next(EXAMPLE.finditer(text)).group(1)

    def written(found: re.Match[str]) -> str:
        example = found.group(1)
        return found.group() if example == yard else f"```yaml\n{example}```\n\n```text\n{answer(example, yard)}```\n"

    return EXAMPLE.sub(written, text)


def test_every_example_goes_where_the_page_says() -> None:
    assert PAGE.read_text() == page()


def test_every_strategy_has_an_example() -> None:
    examples = "".join(found.group(1) for found in EXAMPLE.finditer(PAGE.read_text()))
    assert [name for name in STRATEGIES if name not in examples and name != "BreadthFirst"] == []
    assert "**BreadthFirst**" in PAGE.read_text()


def pools() -> Iterator[PoolSpec]:
    """The pools of the page."""
    for found in EXAMPLE.finditer(PAGE.read_text()):
        if "docker-cloud" in found.group(1):
            yield from parse(f"services:\n{found.group(1)}", "page.yaml", type_table()).blueprint.pools


def test_its_yards_can_be_deployed() -> None:
    assert [pool.name for pool in pools()] == ["yard", "rules"]


if __name__ == "__main__":
    PAGE.write_text(page())

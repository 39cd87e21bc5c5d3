"""Does every example blueprint parse, against the real types, and say on top what it shows?"""

import os
import re
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.model.specs import ServiceSpec
from tests.bed.image import write_context

TYPES = type_table()
FOLDER = Path(__file__).parents[2] / "blueprints"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))


def test_each_has_its_own_number() -> None:
    numbers = [int(path.name[:2]) for path in EXAMPLES]
    assert len(set(numbers)) == len(numbers)
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_parses(path: Path) -> None:
    text = path.read_bytes()
    assert text.startswith(b"# ")
    parsed = parse(text, path.name, TYPES)
    for file in parsed.files:
        assert (FOLDER / file.path).exists() if file.inline else (FOLDER / file.path / "Dockerfile").is_file()
    whole = with_blobs(parsed, {file.placeholder: "0" * 64 for file in parsed.files})
    assert whole.applications or whole.pools


def test_the_one_of_everything_has_it_where_it_belongs() -> None:
    blueprint = parse((FOLDER / "10-everything.yaml").read_bytes(), "all.yaml", TYPES).blueprint
    front, store = blueprint.applications[0].services
    assert front.cluster is not None
    assert front.cluster.member.container is not None
    assert [port.container for port in front.cluster.member.container.ports] == [8080]
    assert front.cluster.quorum == 1
    assert front.config == {"team.name": "storefront"}
    assert front.policies[0].type == "autoscaler"
    assert front.policies[0].config["resizeDownStabilizationDelay"] == 30.0
    assert store.container is not None
    assert [port.fixed for port in store.container.ports] == [None, 18080, 18443]
    assert store.container.command == ("-f", "-p", "8080", "-h", "/www")
    assert [_path(child) for child in store.children] == [["side", ["built", []]]]


def _path(service: ServiceSpec) -> list[object]:
    below = [_path(child) for child in service.children]
    return [service.name, *below] if below else [service.name, []]


def test_each_is_listed_in_the_readme() -> None:
    rows = re.findall(r"^\| \[([^]]+)\]", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert rows == [path.name for path in EXAMPLES]


def test_their_image_answers_as_the_one_that_tests_build(tmp_path: Path) -> None:
    built = write_context(tmp_path) / "root" / "www"
    shipped = FOLDER / "web" / "www"
    for name in ("index.cgi", "spin"):
        assert (shipped / "cgi-bin" / name).read_text() == (built / "cgi-bin" / name).read_text()
        assert os.access(shipped / "cgi-bin" / name, os.X_OK)

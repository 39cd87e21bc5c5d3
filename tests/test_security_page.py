"""Is what docs/security.md says of blueprints and settings true? Its examples are read, its lists are the code's."""

import re
import tomllib
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.allowances import DROPPED, KEPT, USUAL, read_allowances
from clocker_actors.blueprint import parse

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
TEXT = PAGE.read_text()
CONTAINERS = TEXT.partition("\n## Containers\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
def test_its_blueprints_are_good(text: str) -> None:
    parse(text, "page.yaml", type_table())


def test_what_it_allows_is_read_so() -> None:
    (written,) = re.findall(r"^```toml\n(\[allow\].*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    faults: list[str] = []
    found = read_allowances(tomllib.loads(written)["allow"], Path("clocker.toml"), {}, faults)
    assert not faults
    assert found.allows("yard", ("privileged", ""))
    assert not found.allows("barn", ("privileged", ""))
    assert found.allows("yard", ("host_paths", "/var/run/docker.sock"))
    assert found.allows("barn", ("host_paths", "/srv/www/shop"))


def test_its_lists_of_capabilities_are_those_of_the_code() -> None:
    named = set(re.findall(r"`([A-Z_]{4,})`", CONTAINERS))
    assert named == KEPT | set(DROPPED) | USUAL


def test_every_test_it_names_is_there() -> None:
    for name in re.findall(r"`(tests/[a-z_/*.]+)`", TEXT):
        assert list(PAGE.parents[1].glob(name)), name

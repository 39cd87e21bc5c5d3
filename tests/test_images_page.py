"""Is what docs/images.md says of blueprints and settings true? Its examples are read."""

import re
import tomllib
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.registries import read_registries, registry_of

PAGE = Path(__file__).parents[1] / "docs" / "images.md"
TEXT = PAGE.read_text()


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
def test_its_examples_are_good(text: str) -> None:
    parse(text, "page.yaml", type_table())


def test_its_settings_are_good(tmp_path: Path) -> None:
    (written,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    secret = tmp_path / "registry.password"
    secret.write_text("hush\n")
    secret.chmod(0o600)
    faults: list[str] = []
    table = tomllib.loads(written.replace("/etc/clocker/registry.password", str(secret)))["registries"]
    known = read_registries(table, tmp_path / "clocker.toml", {}, faults)
    assert not faults
    (address,) = known.known
    assert known.login(f"{address}/team/app:1") == (address, "clocker", "hush")
    variable = "CLOCKER_REGISTRY_REGISTRY_EXAMPLE_ORG_5000_PASSWORD"
    assert variable in TEXT
    assert read_registries(table, tmp_path / "clocker.toml", {variable: "other"}, faults).login(f"{address}/a") == (
        address,
        "clocker",
        "other",
    )
    assert known.login("redis:7") is None and registry_of("redis:7") == "docker.io"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("text", "registries: not a table"),
        ({"a:1": 3}, "not a table; write below it user"),
        ({"a:1": {"password_file": "/x"}}, "user: missing"),
        ({"a:1": {"user": "a", "pasword": "x"}}, "pasword: no such key"),
        ({"a:1": {"user": "a", "password_file": "x"}}, "not a path from the root"),
        ({"a:1": {"user": "a", "password": "x"}}, "others can read this file"),
        ({}, "CLOCKER_REGISTRY_B_PASSWORD: no such registry"),
    ],
)
def test_wrong_settings_are_said_without_the_password(table: object, told: str, tmp_path: Path) -> None:
    config, faults = tmp_path / "clocker.toml", list[str]()
    config.write_text("")
    config.chmod(0o644)
    read_registries(table, config, {"CLOCKER_REGISTRY_B_PASSWORD": "hush"} if table == {} else {}, faults)
    assert any(told in fault for fault in faults), faults
    assert "hush" not in "".join(faults)

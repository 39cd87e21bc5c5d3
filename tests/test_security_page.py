"""Is what docs/security.md says of blueprints and settings true? Its examples are read, its lists are the code's."""

import json
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from clocker_actors import masking, settings
from clocker_actors.admin import auth, failures, limits, peers, tcp
from clocker_actors.admin.audit import Line
from clocker_actors.admin.routes import streams
from clocker_actors.admin.types import type_table
from clocker_actors.allowances import DROPPED, KEPT, USUAL, read_allowances
from clocker_actors.blueprint import parse
from clocker_actors.cli.main import build
from clocker_actors.credentials import MOST_BYTES
from clocker_actors.drivers.docker import keeper
from clocker_actors.supply import LIMIT, LONGEST_LIMIT, Command, Vault
from clocker_actors.telemetry import events

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


def test_its_suppliers_of_secrets_are_read(tmp_path: Path) -> None:
    (written,) = re.findall(r"^```toml\n(\[external.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "clocker.toml").write_text(written)
    found = settings.load({"state": tmp_path}, {"SHOP_API_KEY": "x"}).externals
    vault, command = found.source("vault", "db"), found.source("store", "db")
    assert isinstance(vault, Vault) and (vault.version, vault.mount, vault.path) == (2, "secret", "shop")
    assert isinstance(command, Command) and command.limit == 5.0
    assert isinstance(found.source("shop", "pin"), Command) and found.open("shop", "api-key") == "x"


def test_its_figures_of_secrets_are_those_of_the_code() -> None:
    told = TEXT.partition("\n## Secrets\n")[2].partition("\n## ")[0]
    for figure in (
        f"({keeper.MEMORY >> 20} MiB for all)",
        f"program of {max(len(keeper.program(each)) for each in ('amd64', 'arm64')) / 1000:.1f} KB",
        f"({LIMIT:g}, at most {LONGEST_LIMIT:g})",
        f"{MOST_BYTES >> 10} KiB",
        f"fewer than {masking.SHORTEST}",
    ):
        assert figure in told, figure


def test_its_lists_of_capabilities_are_those_of_the_code() -> None:
    named = set(re.findall(r"`([A-Z_]{4,})`", CONTAINERS))
    assert named == KEPT | set(DROPPED) | USUAL


def test_every_test_it_names_is_there() -> None:
    for name in re.findall(r"`(tests/[a-z_/*.]+)`", TEXT):
        assert list(PAGE.parents[1].glob(name)), name


def test_the_door_it_sets_is_one(tmp_path: Path) -> None:
    (written,) = re.findall(r"^```toml\n(# clocker.toml.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "clocker.toml").write_text(written)
    found = settings.load({"state": tmp_path}, {})
    assert (found.listen, found.tls_cert, found.tls_key) == (
        "0.0.0.0:8440",
        Path("/etc/clocker/door.pem"),
        Path("/etc/clocker/door-key.pem"),
    )


def test_its_commands_about_tokens_are_taken() -> None:
    group = typer.main.get_command(build(["token"]))
    typed = [shlex.split(line.partition(" > ")[0])[2:] for line in re.findall(r"^clocker token .*$", TEXT, re.MULTILINE)]
    assert len(typed) >= 4
    for words in typed:
        group.commands["token"].make_context("token", words)  # type: ignore[attr-defined]


def test_its_line_of_the_audit_log_has_the_fields_of_one() -> None:
    (written,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert set(json.loads(written)) <= {field.name for field in fields(Line)}


def test_its_limits_are_those_of_the_code() -> None:
    told = TEXT.partition("\n## Limits\n")[2].partition("\n## ")[0]
    for figure in (
        f"{failures.BURST} at once, one more each {failures.EACH:.0f} s",
        f"{failures.ADDRESSES:,} addresses",
        f"| {tcp.MOST:,}, half",
        f"| TLS handshake | {tcp.HANDSHAKE_LIMIT:.0f} s",
        f"16 KiB, {peers.HEADERS_LIMIT:.0f} s",
        f"| {limits.PAUSE:.0f} s; {limits.PATIENCE:.0f} s, larger ones {limits.LEAST_RATE // 1024} KiB/s",
        f"| {limits.BODIES >> 30} GiB",
        f"{limits.WRITE_LIMIT:.0f} s for each 64 KiB",
        f"| events that wait for one follower | {events.QUEUE:,}",
        f"| followers of events | {streams.FOLLOWERS}, of one token {auth.MOST_STREAMS} streams",
    ):
        assert figure in told, figure
    assert tcp.EACH * 2 == tcp.MOST

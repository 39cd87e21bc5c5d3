"""Is what the README and the documents say true? Commands run, examples parse, links lead somewhere, tables are complete."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
import yaml
from fastapi.routing import APIRoute

from clocker_actors.admin.routes import activities, applications, catalogue, entities, streams
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.cli.main import COMMANDS, build
from clocker_actors.settings import load
from tests.demo import manager, shop
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = sorted([README, ROOT / "CHANGELOG.md", ROOT / "blueprints" / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
UP = ".state/up"
"""Where the README's commands find what `make up` made; here it stands for a simulated daemon."""


def blocks(kind: str, document: Path = README) -> list[str]:
    """The fenced blocks of a kind."""
    return [text for found, text in BLOCK.findall(document.read_text()) if found == kind]


def commands(document: Path = README) -> list[str]:
    """What is typed in the console blocks."""
    return [line.removeprefix("$ ") for text in blocks("console", document) for line in text.splitlines() if line.startswith("$ ")]


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[manager.ManagerProcess]:
    """A daemon as `make up` leaves it, but on simulated engines."""
    home = Home(tmp_path)
    ground = Ground(Kind.SIMULATED, "", "")
    running = manager.start(home, ground)
    shop.write(home, ground, replace(shop.FULL, calm=300.0))  # nothing is to shrink between two commands
    yield running
    running.stop()


def test_every_clocker_command_of_the_readme_runs(simulated: manager.ManagerProcess) -> None:
    typed = [command for command in commands() if command.startswith("clocker ")]
    assert len(typed) > 8
    for command in typed:
        words = shlex.split(command.replace(UP, str(simulated.state.parent)))
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from clocker_actors.cli import main; sys.exit(main())", *words[1:]],
            env=dict(simulated.environment()),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"


def test_the_metrics_of_the_readme_exist(simulated: manager.ManagerProcess) -> None:
    (shown,) = (text for text in blocks("console") if "/metrics" in text)
    wanted = {re.split(r"[{ ]", line)[0] for line in shown.splitlines() if not line.startswith("$ ")}
    with simulated.client() as client:
        client.post("/v1/applications", {"text": (simulated.state.parent / "shop" / "shop.yaml").read_text()})
        seen: set[str] = set()
        for _ in range(40):
            seen |= {re.split(r"[{ ]", line)[0] for line in client.lines("/metrics") if not line.startswith("#")}
            if wanted <= seen:
                return
            next(iter(client.events(readings=True)))  # until something happens
    raise AssertionError(f"no such metrics: {wanted - seen}")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_else_is_typed_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in commands(document):
        words = shlex.split(command)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:.*## ", makefile, re.MULTILINE), f"{command}: no such target"
        elif words[0].endswith("clocker"):
            assert words[1] in COMMANDS, f"{command}: no such command"
        elif words[0] == "cp":
            assert (ROOT / words[1]).exists(), command


def test_targets_in_running_text_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z]+)`", README.read_text())):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), f"make {target}: no such target"


def test_the_table_of_commands_is_complete() -> None:
    rows = re.findall(r"^\| `clocker (\w+)", README.read_text(), re.MULTILINE)
    assert set(rows) == set(COMMANDS)
    assert len(rows) == len(set(rows))


def test_options_named_in_the_table_exist() -> None:
    group = typer.main.get_command(build(list(COMMANDS)))
    for name, row in re.findall(r"^\| `clocker (\w+)[^|]*\|(.*)\|$", README.read_text(), re.MULTILINE):
        command = group.get_command(typer.Context(group), name)  # type: ignore[attr-defined]
        options = {option for parameter in command.params for option in parameter.opts}
        for option in re.findall(r"`(--?[a-z-]+)`", row):
            assert option in options, f"clocker {name} has no option {option}"


def test_the_table_of_paths_names_what_there_is() -> None:
    rooms = (applications, catalogue, entities, activities, streams)
    there = {
        (method, re.sub(r"{\w+}", "X", route.path.removeprefix("/v1")))
        for room in rooms
        for route in room.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    rows = re.findall(r"`(GET|POST|DELETE) ([^`?]+)[^`]*`", README.read_text())
    assert len(rows) > 10
    for method, path in rows:
        assert (method, re.sub(r"/(NAME|UID|ID)", "/X", path)) in there, f"{method} {path}"


@pytest.mark.parametrize("text", blocks("yaml"), ids=lambda text: text.splitlines()[0])
def test_yaml_is_what_it_says(text: str) -> None:
    content = yaml.safe_load(text)
    if "services" in content:
        parse(text, "README.md", type_table())
    else:
        assert content["scrape_configs"][0]["job_name"] == "clocker"


@pytest.mark.parametrize("text", blocks("toml"))
def test_settings_are_settings(text: str, tmp_path: Path) -> None:
    (tmp_path / "clocker.toml").write_text(text)
    settings = load({"state": tmp_path}, environ={})
    assert settings.listen == tomllib.loads(text)["listen"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        if not target.startswith(("http://", "https://")):
            path = os.path.normpath(document.parent / target.partition("#")[0])
            assert Path(path).exists(), f"{document.name}: {target} leads nowhere"

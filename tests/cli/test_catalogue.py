"""catalog, lint and schema: what people read, what they add, and all faults of a file without a daemon."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from clocker_actors.cli import main
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import encode
from tests.admin.house import House
from tests.cli.conftest import Clocker

ONE = 'id: one\nversion: "1"\ntype: docker:web\nparameters: [size]\n'


@pytest.fixture(autouse=True)
def no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a test has the small daemon, there is none."""
    monkeypatch.setenv("CLOCKER_STATE", str(tmp_path / "none"))


@pytest.mark.real_loop
async def test_types_are_listed_and_shown(house: House, clocker: Clocker) -> None:
    assert "redis" in (await clocker("catalog")).out
    listed = await clocker("catalog", "ls")
    assert listed.code == 0 and "built in" in listed.out
    shown = (await clocker("catalog", "show", "redis")).out
    assert "maxMemory" in shown and "a container; it extends container" in shown
    assert "redis.clients" in shown and "flush" in shown and "forgets all that it holds" in shown
    assert (await clocker("catalog", "show", "redis", "--text")).out.startswith("id: redis")
    assert json.loads((await clocker("catalog", "show", "redis", "--json")).out)["type"]["id"] == "redis"
    assert json.loads((await clocker("catalog", "ls", "--json")).out)["items"]


@pytest.mark.real_loop
async def test_a_folder_of_types_is_added(house: House, clocker: Clocker, tmp_path: Path) -> None:
    (tmp_path / "types" / "more").mkdir(parents=True)
    (tmp_path / "types" / "one.yaml").write_text(ONE)
    (tmp_path / "types" / "more" / "two.yaml").write_text(ONE.replace("one", "two"))
    ran = await clocker("catalog", "add", str(tmp_path / "types"))
    assert (ran.code, ran.out) == (0, "")
    files = house.invoked[0].arguments["files"]
    assert set(files) == {"one.yaml", "more/two.yaml"}  # type: ignore[call-overload]


@pytest.mark.real_loop
async def test_what_is_wrong_with_types_is_told_with_places(house: House, clocker: Clocker, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE + "memory: much\n")
    ran = await clocker("catalog", "add", str(tmp_path / "one.yaml"))
    assert ran.code == 2 and ran.err.startswith("one.yaml:5:9: ")
    assert (await clocker("catalog", "add", str(tmp_path / "two.yaml"))).code == 2
    assert (await clocker("catalog", "remove", "redis")).code == 1
    assert (await clocker("catalog", "show", "radis")).code == 2


@pytest.mark.real_loop
@pytest.mark.parametrize("words", [["more"], ["ls", "redis"], ["show"], ["add"], ["remove"]])
async def test_a_catalogue_command_that_is_none(house: House, clocker: Clocker, words: list[str]) -> None:
    assert (await clocker("catalog", *words)).code == 2


@pytest.mark.real_loop
async def test_blueprints_may_name_what_was_added_to_the_manager(house: House, clocker: Clocker, tmp_path: Path) -> None:
    body = encode({"source": TypeSource("one.yaml", ONE, True), "references": ["one:1"]})
    await house.context.store.write([Record("types", "one.yaml", body)])
    (tmp_path / "shop.yaml").write_text("name: mine\nservices: [{type: one, size: big}]\n")
    for command in ("lint", "deploy"):
        assert (await clocker(command, str(tmp_path / "shop.yaml"))).code == 0
    assert house.invoked[0].effector == "deploy"


def test_lint_tells_all_faults_of_all_files_without_a_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, wrong, type_ = tmp_path / "good.yaml", tmp_path / "wrong.yaml", tmp_path / "type.yaml"
    good.write_text("services: [redis, docker:web]\n")
    wrong.write_text("services:\n- type: redis\n  databases: none\n- type: radis\n")
    type_.write_text(ONE)
    assert main(["lint", str(good), str(type_)]) == 0
    assert capsys.readouterr().out == f"{good}: good: 2 services\n{type_}: good: one:1\n"
    assert main(["lint", str(wrong), str(good)]) == 2
    said = capsys.readouterr()
    assert said.out == f"{good}: good: 2 services\n"
    assert [line.partition(" ")[0] for line in said.err.splitlines()] == [f"{wrong}:3:14:", f"{wrong}:4:9:", "clocker:"]
    assert main(["lint", "--json", str(wrong)]) == 2
    assert len(json.loads(capsys.readouterr().out)["files"][0]["faults"]) == 2


def test_a_type_that_came_with_the_program_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(__file__).parents[2] / "clocker_actors" / "catalogue"
    assert main(["lint", *map(str, sorted(folder.glob("*.yaml")))]) == 0
    assert "redis:7.0" in capsys.readouterr().out


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "a blueprint of clocker"


@pytest.mark.real_loop
@pytest.mark.parametrize("name", ["app", "app/index.html"])
async def test_what_stands_next_to_a_blueprint_is_uploaded_with_an_inline_dockerfile(
    house: House, clocker: Clocker, tmp_path: Path, name: str
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("hello")
    build = f"{{inline: 'FROM a', context: {name}}}"
    (tmp_path / "shop.yaml").write_text(f"name: mine\nservices: [{{type: container, name: web, build: {build}}}]\n")
    ran = await clocker("deploy", str(tmp_path / "shop.yaml"))
    assert ran.code == 0, ran.err
    services = house.invoked[0].arguments["blueprint"]["applications"][0]["services"]  # type: ignore[index]
    content = await house.context.blobs.get(services[0]["container"]["image"]["build"]["context"])
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert set(archive.getnames()) == {"context", "Dockerfile", "context/index.html"}
    (tmp_path / "shop.yaml").write_text("services: [{type: container, name: web, build: {inline: 'FROM a', context: none}}]\n")
    assert (await clocker("deploy", str(tmp_path / "shop.yaml"))).code == 2


def test_a_type_without_a_version_is_linted_as_a_type_and_all_its_faults_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare, slip = tmp_path / "bare.yaml", tmp_path / "slip.yaml"
    bare.write_text("id: one\ntype: docker:web\nmemory: much\n")
    slip.write_text('id: two\nversion: "1"\nservces: [redis]\n')
    assert main(["lint", str(bare), str(slip)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "needs a `version`" in said[0] and said[1].startswith(f"{bare}:3:9: ")
    assert said[2] == f"{slip}:3:1: `servces` is not a key of a type; did you mean `services`?" and len(said) == 4


@pytest.mark.real_loop
async def test_removing_a_type_says_which_version_goes(house: House, clocker: Clocker) -> None:
    for version in ("1", "2"):
        source = TypeSource(f"one-{version}.yaml", ONE.replace('"1"', f'"{version}"'), True)
        await house.context.store.write([Record("types", source.filename, encode({"source": source, "references": [f"one:{version}"]}))])
    ran = await clocker("catalog", "remove", "one")
    assert ran.code == 0 and "removing one:2 from the catalogue" in ran.said

"""Bad usage and absent daemons: the exit code, and a message that says what, where, and one thing to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clocker_actors.cli import main
from clocker_actors.cli.main import COMMANDS
from clocker_actors.model.activities import ActivityState
from tests.admin.house import House
from tests.cli.conftest import Clocker


@pytest.mark.real_loop
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("resize shop/web -1", ("size=-1", "shop/web", "give 1 to 10")),
        ("resize shop/web 11", ("size=11", "shop/web", "give 1 to 10")),
        ("resize shop/web 1000000000", ("size=1000000000", "shop/web", "give 1 to 10")),
        ("invoke shop/web resizeByDelta delta=10", ("delta=10", "shop/web", "give -9 to 9")),
        ("resize shop/web three", ("size three", "shop/web", "give a whole number")),
        ("show /", ("empty ID", "names nothing", "give a path")),
        ("show shop/wob", ("'shop/wob'", "in shop", "try shop/web")),
        ("invoke shop/web resiz size=3", ("'resiz'", "cluster", "try resize")),
        ("invoke shop/web resize sise=3", ("'sise'", "effector resize", "takes size")),
        ("invoke shop/web resize size=many", ("size='many'", "resize", "integer")),
        ("invoke shop/web resize 3", ("'3'", "argument", "write for example size=3")),
        ("invoke shop/web resize size=3 size=4", ("'size'", "twice", "give it once")),
        ("invoke shop/web add_policy config={", ("'config'", "JSON", "write for example")),
        ("cancel t99", ("'t99'", "activity", "`clocker activities`")),
        ("logs shop/web", ("c2", "no container", "name a member")),
        ("policies shop/web grow", ("'grow'", "shop/web", "write one of add")),
        ("policies shop/web set", ("shop/web set", "needs", "`clocker policies shop/web`")),
        ("policies shop/web remove scaler a=b", ("remove", "shop/web", "leave a out")),
        ("deploy /nowhere/shop.yaml", ("/nowhere/shop.yaml", "cannot be read", "give the path")),
        ("resize shop/web", ("Usage: clocker resize", "Missing argument", "clocker resize -h")),
        ("deploy x.yaml --plan", ("'--plan' requires an argument", "clocker deploy -h")),
        ("deploy x.yaml --plan --json", ("--plan needs the id of a plan", "`clocker plan x.yaml`")),
        ("ls --nonsense", ("Usage: clocker ls", "--nonsense", "clocker ls -h")),
        ("lx", ("Usage: clocker", "'lx'", "clocker -h")),
    ],
)
async def test_bad_usage_exits_2(house: House, clocker: Clocker, command: str, words: tuple[str, ...]) -> None:
    ran = await clocker(*command.split())
    assert ran.code == 2, ran.err
    assert ran.out == ""
    for word in words:
        assert word in ran.said
    assert not house.invoked


@pytest.mark.parametrize("command", ["ls", "tree", "show x", "resize x 3", "events -f", "logs x -f", "sensors x --watch", "cancel t1"])
@pytest.mark.parametrize("left", [False, True], ids=["no socket", "stale socket"])
def test_no_daemon_exits_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, left: bool
) -> None:
    monkeypatch.delenv("CLOCKER_URL", raising=False)
    monkeypatch.setenv("CLOCKER_STATE", str(tmp_path))
    if left:
        import socket

        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(tmp_path / "clocker.sock"))
    assert main(command.split()) == 3
    said = capsys.readouterr()
    assert said.out == ""
    for words in ("no daemon answers", str(tmp_path / "clocker.sock"), "clocker daemon"):
        assert words in said.err


def test_a_url_that_is_none_exits_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CLOCKER_URL", "ftp://here")
    assert main(["ls"]) == 2
    assert "ftp://here" in capsys.readouterr().err


def test_a_wrong_setting_of_the_daemon_exits_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CLOCKER_PING_PERIOD", "often")
    assert main(["daemon", "--state", str(tmp_path), "--simulated"]) == 2
    assert "CLOCKER_PING_PERIOD" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert "--json" in said
    assert max(len(line) for line in said.splitlines()) <= 80


def test_what_is_imported_for_ls_is_neither_daemon_nor_server() -> None:
    watched = "'kernel', 'daemon', 'drivers', 'entities', 'store', 'blueprint', 'policies', 'admin.app'"
    code = (
        "import sys; from clocker_actors.cli import main; main(['ls']);"
        f"print([n for n in ({watched}) if 'clocker_actors.' + n in sys.modules], [n for n in ('fastapi', 'uvicorn', 'pykka', 'yaml', 'aiodocker') if n in sys.modules])"
    )
    env = {**os.environ, "CLOCKER_URL": "unix:///nowhere/clocker.sock"}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "[] []\n"


USAGE = (
    ("lx", "'lx'"),
    ("ls --nonsense", "--nonsense"),
    ("resize shop/web", "'N'"),
    ("daemon --lissten x", "--listen"),
    ("show " + "word " * 40, "word word"),
    ("policies --wait", "'ID'"),
)


@pytest.mark.parametrize(("command", "words"), USAGE)
@pytest.mark.parametrize("first", [True, False])
def test_with_json_bad_usage_is_json_too(command: str, words: str, first: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", *command.split()] if first else [*command.split(), "--json"]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    error = json.loads(line)["error"]
    assert (said.out, error["kind"]) == ("", "BadRequest")
    assert words in error["message"] and "`clocker" in error["message"] and " -h`" in error["message"]


@pytest.mark.parametrize(("command", "words"), USAGE)
def test_bad_usage_fits_80_columns(command: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(command.split()) == 2
    said = capsys.readouterr().err
    assert words in " ".join(said.split())
    assert max(len(line) for line in said.splitlines()) <= 80


def test_nothing_at_all_is_answered_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err
    assert main(["--json"]) == 2
    assert "`clocker -h`" in json.loads(capsys.readouterr().err)["error"]["message"]


@pytest.mark.real_loop
async def test_with_json_errors_are_json_too(house: House, clocker: Clocker, tmp_path: Path) -> None:
    wrong = tmp_path / "shop.yaml"
    wrong.write_text("services:\n- type: dokcer\n")
    house.outcome = ActivityState.FAILED
    for command, code, kind, words in (
        ("show shop/wob", 2, "NotFound", "shop/wob"),
        (f"deploy {wrong}", 2, "BlueprintError", "shop.yaml:2"),
        ("resize shop/web 4", 1, "Failed", "`clocker explain shop/web`"),
    ):
        ran = await clocker(*command.split(), "--json")
        (line,) = ran.err.splitlines()
        error = json.loads(line)["error"]
        assert (ran.code, error["kind"]) == (code, kind)
        assert words in error["message"]
        assert error["faults"] == ([error["message"]] if kind == "BlueprintError" else [])

"""Every way to get a blueprint wrong, as a person meets it: exit code 2 and the faults alone, with no daemon asked and no traceback."""

import io
import json
from pathlib import Path

import pytest

from clocker_actors.cli import main
from tests.blueprint.test_bad_input import BOMB, CASES, LARGE, TWICE

ALL: dict[str, tuple[str | bytes, str, str, str]] = {
    **CASES,
    "two services with one id": (TWICE, "4:24", "id `one` is also that of the service on line 2", "give each service its own"),
    "ten megabytes": (LARGE, "1:1", "the file is larger than 1024 KiB", "split it"),
    "an alias bomb": (BOMB, "5:28", "more than 50000 values", "use fewer of them"),
}


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_it_exits_2_with_what_where_and_what_to_do(
    command: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, where, what, do = ALL[case]
    monkeypatch.setenv("CLOCKER_URL", f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setenv("COLUMNS", "1000")
    path = tmp_path / "shop.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main([command, str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    (line,) = said.err.splitlines()
    assert line.startswith(f"{path}:{where}: ")
    assert what in line and do in line.partition(what)[2]
    assert main([command, str(path), "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["kind"], len(error["faults"])) == ("BlueprintError", 1)


def test_a_pipe_that_is_not_text_is_refused_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name: \xff\n"), encoding="utf-8"))
    assert main(["plan", "-"]) == 2
    assert capsys.readouterr().err == "stdin:1:7: not text: this byte is not UTF-8; save the file as UTF-8\n"

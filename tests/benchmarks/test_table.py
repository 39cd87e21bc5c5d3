"""Does `make bench` find every report, and does its table hold what they say?"""

import sys
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.kernel import Row


def test_every_module_with_reports_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--list"]) == 0
    names = capsys.readouterr().out.split()
    modules = {path.stem for path in Path(bench.__file__).parent.glob("*.py") if "\nREPORTS" in path.read_text()}
    assert {name.partition(".")[0] for name in names} == modules
    assert len(names) == len(set(names))


def test_only_takes_modules_and_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--list", "--only", "engines.scale", "kernel"]) == 0
    assert capsys.readouterr().out.split() == ["engines.scale", "kernel.tell_and_ask", "kernel.loop_stall", "kernel.idle_memory"]
    assert bench.main(["--only", "nonsense"]) == 2
    assert "no report is called nonsense" in capsys.readouterr().err


def test_a_report_that_fails_is_a_line_and_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def good() -> list[Row]:
        return [Row("a | b", "peer", "1 s", "2 s", "0.50", "<= 2 s", met=True)]

    def bad() -> list[Row]:
        raise RuntimeError("no engine")

    monkeypatch.setattr(bench, "_reports", lambda rounds, seconds: iter([("x.good", good), ("x.bad", bad)]))
    assert bench.main(["--markdown"]) == 1
    shown = capsys.readouterr()
    assert "| a / b | peer | 1 s | 2 s | 0.50 | ≤ 2 s | met |" in shown.out
    assert "| x.bad |  | failed: RuntimeError |" in shown.out
    assert "no engine" in shown.err
    assert f"{sys.version_info.major}.{sys.version_info.minor}." in shown.out


def test_the_table_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = Row(
        "container killed -> replacement running",
        "Swarm mode without its delay",
        "0.57 s",
        "5.51 s",
        "0.10",
        "<= 0.8 s and <= 1.10 x",
        met=False,
    )
    monkeypatch.setattr(bench, "_reports", lambda rounds, seconds: iter([("x.y", lambda: [row])]))
    bench.main([])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert any("missed" in line for line in lines)

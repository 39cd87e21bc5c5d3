"""`make bench`: every report of this room, one table, with this machine's figures.

    python -m tests.benchmarks [--only NAME ...] [--rounds N] [--seconds S] [--markdown] [--list]

NAME is a module (`engines`) or one of its reports (`engines.healing`). A report that fails is a line of the table too, and makes the exit code 1; a missed
goal does not, since figures are for people. What a report needs of the machine and does not find is said in its line.
"""

import argparse
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from tests import benchmarks
from tests.bed.ready import why_not
from tests.benchmarks.kernel import Row

NEEDS_HOSTS = frozenset({"engines", "moving"})
Report = Callable[[], list[Row]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report's rows; `failed` says that it did not come to its end."""

    rows: tuple[Row, ...]
    failed: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen reports and print the table; the exit code."""
    given = _arguments(arguments)
    reports = [found for found in _reports(given.rounds, given.seconds) if _chosen(found[0], given.only)]
    if not reports:
        sys.stderr.write(f"no report is called {', '.join(given.only)}; see --list\n")
        return 2
    if given.list:
        sys.stdout.write("".join(f"{name}\n" for name, _ in reports))
        return 0
    begun = _machine()
    outcomes = [_outcome(name, report) for name, report in reports]
    rows = [row for outcome in outcomes for row in outcome.rows]
    said = f"{begun}; load at the end {_load()}; + published figures"
    if given.markdown:
        sys.stdout.write(_markdown(rows, said))
    else:
        _print(rows, said)
    return int(any(outcome.failed for outcome in outcomes))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Speed of this machine, beside its peers.")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="modules or reports, as --list names them")
    parser.add_argument("--rounds", type=int, help="rounds of each report (5)")
    parser.add_argument("--seconds", type=float, help="how long the daemon is watched (600)")
    parser.add_argument("--markdown", action="store_true", help="print the table for the README")
    parser.add_argument("--list", action="store_true", help="only name the reports")
    return parser.parse_args(arguments)


def _reports(rounds: int | None, seconds: float | None) -> Iterator[tuple[str, Report]]:
    """Every report of every module here, as `module.report`; modules take their rounds from their own ROUNDS."""
    for found in pkgutil.iter_modules(benchmarks.__path__):
        if found.name == "__main__" or found.name.startswith("test_"):
            continue
        module = importlib.import_module(f"{benchmarks.__name__}.{found.name}")
        _set(module, "ROUNDS", rounds)
        _set(module, "SECONDS", seconds)
        for report in getattr(module, "REPORTS", ()):
            yield f"{found.name}.{report.__name__}", report


def _set(module: ModuleType, name: str, value: float | None) -> None:
    if value is not None and hasattr(module, name):
        setattr(module, name, value)


def _chosen(name: str, only: Sequence[str]) -> bool:
    return not only or any(name == wanted or name.startswith(f"{wanted}.") for wanted in only)


def _outcome(name: str, report: Report) -> Outcome:
    sys.stderr.write(f"{name} ...\n")
    if name.partition(".")[0] in NEEDS_HOSTS and (reason := why_not()) is not None:
        return Outcome((Row(name, "", f"skipped: {reason}", "", "", "", met=False),))
    try:
        return Outcome(tuple(report()))
    except Exception as error:
        traceback.print_exc()
        return Outcome((Row(name, "", f"failed: {type(error).__name__}", "", "", "", met=False),), failed=True)


def _print(rows: Sequence[Row], said: str) -> None:
    table = Table(show_lines=True)
    for column, least in (("what", None), ("mark", None), ("ours", 8), ("peer", 6), ("ratio", 5), ("goal", None), ("", 6)):
        table.add_column(column, min_width=least, overflow="fold")
    for row in rows:
        table.add_row(row.what, row.mark, row.ours, row.peer, row.ratio, row.goal, "met" if row.met else "[bold]missed[/bold]")
    console = Console()
    console.print(table)
    console.print(said, highlight=False)


def _markdown(rows: Sequence[Row], said: str) -> str:
    lines = ["| what | mark | ours | peer | ratio | goal | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        cells = (row.what, row.mark, row.ours, row.peer, row.ratio, row.goal, "met" if row.met else "**missed**")
        lines.append(f"| {' | '.join(cell.replace('|', '/').replace('<=', '≤').replace('>=', '≥') for cell in cells)} |")
    return "\n".join((*lines, "", f"{said}.", ""))


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "processor of unknown kind")
    python = ".".join(str(part) for part in sys.version_info[:3])
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{day}, {os.cpu_count()} cores ({model}), Python {python}; load at the start {_load()}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())

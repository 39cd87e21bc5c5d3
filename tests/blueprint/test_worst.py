"""Never more than 1 s nor 200 MB for a megabyte, whatever stands in it?"""

import subprocess
import sys

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from tests.blueprint import test_dsl_fuzz, test_fuzz
from tests.blueprint.worst import MEGABYTE, WORST, seconds

TABLE = type_table()
ALL = {
    **WORST,
    **{f"{name} (text)": text for name, text in test_fuzz.HUGE.items()},
    **{f"{name} (expressions)": text for name, text in test_dsl_fuzz.HUGE.items()},
}


def read(case: str) -> None:
    """A blueprint or its faults, and nothing else."""
    try:
        parse(ALL[case][:MEGABYTE], "f.yaml", TABLE)
    except BlueprintError as error:
        assert all(line.isprintable() for line in error.faults)


@pytest.mark.parametrize("case", ALL)
def test_a_megabyte_takes_at_most_a_second(case: str) -> None:
    assert seconds(lambda: read(case)) <= 1.0


LARGE = (
    *("services of a type", "a template in turns", "too many services (text)", "late expressions (expressions)"),
    *("copied texts (expressions)", "growing trees (expressions)", "percents (expressions)", "links (expressions)"),
)
"""Those that take most memory."""

_MEASURE = """\
import resource
from tests.blueprint.test_worst import LARGE, read
before, worst = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, ""
for case in LARGE:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read(case)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worst = f"{case}: {grown - most}, " + worst if grown > most else worst
print(grown - before, worst)
"""


def test_a_megabyte_takes_at_most_200_megabytes() -> None:
    """Those that take most, in one process, so that what one leaves is counted to the next."""
    done = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True, timeout=120)
    taken, _, where = done.stdout.partition(" ")
    assert int(taken) < 200 * 1024, where

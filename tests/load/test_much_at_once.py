"""Do many clients and followers get their answers, and does memory stay as it is? Small sizes of what `python -m tests.load` does."""

import pytest

from tests.load import day, minutes
from tests.load.ground import Size, quantile, slope

MOST = 1.0
"""MiB in a virtual hour."""


def test_memory_does_not_grow_in_hours() -> None:
    found = day.run(Size(40, 10, 5), 2.0)
    print(found)
    assert found.answers > 100 and found.events > 1000 and found.resizes > 30
    assert found.grows <= MOST, found


@pytest.mark.real_loop
def test_everybody_is_answered_and_nobody_loses_his_stream() -> None:
    found = minutes.run(Size(200, 40, 10), 6.0)
    print(found)
    assert found.asked.wrong == [] and len(found.asked.all()) >= 40
    assert found.asked.events > 0
    assert quantile(found.asked.all(), 0.5) <= 0.05, "other tests run beside, so the slowest say little; `make soak` looks at those"


def test_a_line_through_points() -> None:
    assert slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) == pytest.approx(2.0)
    assert slope([(0.0, 1.0)]) == 0.0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0 and quantile([], 0.99) == 0.0

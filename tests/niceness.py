"""A pytest plugin: of several workers side by side, those whose tests have real clocks go before those whose tests only compute.

Real hosts mostly wait (for engines, pings, probes), and what they measure has bounds; other tests need the processor and have virtual time. So, where that
can be done and undone again (as root), the others give way, and so do, a little, real hosts of the lane that measures nothing.
"""

import os

import pytest

from tests.lanes import PATIENT

GIVES_WAY = 10


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only where there is another worker to give way to."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None and os.geteuid() == 0:
        real = GIVES_WAY // 2 if worker == f"gw{PATIENT}" else 0
        os.setpriority(os.PRIO_PROCESS, 0, real if item.get_closest_marker("real") else GIVES_WAY)

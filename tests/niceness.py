"""A pytest plugin: of several workers side by side, those whose tests have real clocks go before those whose tests only compute.

Real hosts mostly wait (for engines, pings, probes), and what they measure has bounds; other tests need the processor and have virtual time. So, where that
can be done and undone again (as root), the others give way.
"""

import os

import pytest

GIVES_WAY = 10


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only where there is another worker to give way to."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, 0 if item.get_closest_marker("real") else GIVES_WAY)

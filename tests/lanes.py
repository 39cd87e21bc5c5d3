"""A pytest plugin: two workers, two lanes. Tests on real hosts stay together in one worker, which shares their hosts; all others go to the other.

Real hosts mostly wait (for engines, pings, probes), and what they measure has clocks; the others need the processor and have virtual time. So, where that
can be done and undone again (as root), the others give way.
"""

import os

import pytest

HOSTS = "hosts"
GIVES_WAY = 10


def pytest_configure(config: pytest.Config) -> None:
    """The marker is the distributing plugin's; without that it is only a word."""
    if not config.pluginmanager.hasplugin("xdist"):
        config.addinivalue_line("markers", "xdist_group: tests that stay in one worker")


def pytest_itemcollected(item: pytest.Item) -> None:
    """All tests on real hosts are one group. Later, when all are collected, would be too late: workers name the groups before anybody else is asked."""
    if item.get_closest_marker("real"):
        item.add_marker(pytest.mark.xdist_group(HOSTS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only where there is another worker to give way to."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, 0 if item.get_closest_marker("real") else GIVES_WAY)

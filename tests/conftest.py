"""What all tests share: the loop they run on, a kernel, and a check that nothing is left behind."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from clocker_actors import masking
from clocker_actors.kernel import Kernel, VirtualLoop

# A process that sets nothing up would print its logs to stdout, where data goes.
structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())

# How long one example takes says more about the machine's other work than about us.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

pytest_plugins = [
    "tests.once",
    "tests.bed.fixtures",
    "tests.lanes",
    "tests.niceness",
    "tests.times",
]  # bed3, bed_host, and the skipping of tests marked `real` where no bed can be had


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time, unless the test says that it needs the real one."""
    if item.get_closest_marker("real") or item.get_closest_marker("real_loop"):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves logging set up in its own way, and an asynchronous one that leaves tasks behind, its fixtures included."""
    before = _logging()
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_tasks_left")
    yield
    assert _logging() == before, "logging is not as it was: what comes later would write where data goes"


@pytest.fixture(autouse=True)
def nothing_masked() -> None:
    """No secret of an earlier test is hidden in this one's words."""
    masking.forget()


def _logging() -> tuple[object, ...]:
    root = logging.getLogger()
    own = [handler for handler in root.handlers if not type(handler).__module__.startswith("_pytest.")]
    return root.level, own, structlog.get_config()


@pytest_asyncio.fixture
async def _no_tasks_left() -> AsyncIterator[None]:
    yield
    for _ in range(3):  # what was cancelled last needs its turn to end
        await asyncio.sleep(0)
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks left behind: {left}"


@pytest_asyncio.fixture
async def kernel() -> AsyncIterator[Kernel]:
    """A kernel that is stopped afterwards."""
    kernel = Kernel()
    yield kernel
    await kernel.stop(deadline=5.0)

"""Fixtures of real hosts, and the rule that skips what needs them where they cannot be had.

`bed3` starts once per session and is shared: a test that uses it removes what it made (the next one may call `host.clear()`).
`bed_host` is a fresh single host for tests that break things. Tests using either are marked `real`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.bed.bed import Bed
from tests.bed.cloud import BedCloud
from tests.bed.debian import make_archive
from tests.bed.engine import Make
from tests.bed.host import BedHost
from tests.bed.image import build_web_image
from tests.bed.ready import why_not
from tests.bed.visitor import Visitor, visit
from tests.once import ahead


def pytest_sessionstart(session: pytest.Session) -> None:
    """A session of several workers begins with what takes long and all of them want. One told to terminate (a CI's time limit) ends as on Ctrl-C, so that its beds are removed. One that a shell began in the background ignores
    Ctrl-C, and so would all that it starts."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if session.config.getoption("dist", "no") == "loadfile" and "PYTEST_XDIST_WORKER" not in os.environ and why_not() is None:
        ahead("debian.tar", make_archive)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip each test marked `real` by name, with what is missing as the reason."""
    if not any(item.get_closest_marker("real") for item in items) or (reason := why_not()) is None:
        return
    for item in items:
        if item.get_closest_marker("real"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def bed3() -> Iterator[Bed]:
    """Three hosts with the web image built on each."""
    yield from made(3)


@pytest.fixture
def bed_host() -> Iterator[BedHost]:
    """One fresh host with the web image."""
    for bed in made(1):
        yield bed.hosts[0]


@pytest.fixture(scope="session")
def bed_cloud() -> Iterator[BedCloud]:
    """A cloud of bare machines, whose root is made once (25 s): a test that uses it destroys its nodes (or calls `clear()`)."""
    with BedCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def bare_node(bed_cloud: BedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """One bare machine that is up, without Docker at first; a test that breaks it mends it. Each file has its own: others clear the cloud of all nodes."""
    yield visit(bed_cloud, tmp_path_factory.mktemp("visitor"), "bare")
    bed_cloud.clear()


def made(hosts: int, make: Make | None = None) -> Iterator[Bed]:
    """A bed of so many hosts with the web image on each, closed at the end."""
    bed = Bed(hosts, make=make)
    bed.open()
    try:
        asyncio.run(_with_images(bed))
        yield bed
    finally:
        bed.close()


async def _with_images(bed: Bed) -> None:
    await asyncio.gather(*(build_web_image(host) for host in bed.hosts))

"""A pytest plugin: which worker gets which file, when tests run side by side.

Tests on real hosts mostly wait, so three workers with them and one with all that only computes (in virtual time) keep two cores busy. Two of the three get the files that
measure how long something takes; the third one's files only ask whether something happens at all, and give way to those. A worker gets whole files, real ones first, those that
take longest before all others.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tests.once import folder

MEASURING_LANES = 2
PATIENT = MEASURING_LANES
"""The lane of real files that measure nothing."""
LONGEST = (
    "test_real_balancer",
    "test_real_hosts_story",
    "test_real_quorums",
    "test_real_databases",
    "test_real_messages",
    "test_real_affinity",
    "test_real_demo",
    "test_real_never_twice",
    "test_real_catalogue",
)
"""Files that take more than half a minute: one of them begun last would be waited for by all."""

WAITING = frozenset(
    {
        "test_real_catalogue",
        "test_real_crashes",
        "test_real_databases",
        "test_real_dependencies",
        "test_real_features",
        "test_real_images",
        "test_real_messages",
        "test_real_never_twice",
        "test_real_quorums",
        "test_real_refusals",
        "test_real_registry",
        "test_real_secrets",
    }
)
"""Real files without a bound on how long something takes, but for generous ones."""

_REAL = "real-files"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "Lanes | None":
    """Ours, where whole files are asked for."""
    return Lanes(config, log) if config.getoption("dist") == "loadfile" else None


class Lanes(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """Whole files, by lanes."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        lane = int(node.gateway.id.removeprefix("gw"))
        choice = sorted(self.workqueue, key=lambda scope: _order(scope, lane))
        if not choice or not _may(choice[0], lane):
            node.shutdown()
            return
        self.workqueue.move_to_end(choice[0], last=False)
        super()._assign_work_unit(node)


def _may(scope: str, lane: int) -> bool:
    return lane < MEASURING_LANES or scope not in _real_files() or (lane == PATIENT and Path(scope).stem in WAITING)


def _order(scope: str, lane: int) -> tuple[bool, int, int]:
    """What a lane takes first: what it may have at all, then real files that are for nobody else, then other real files, then the rest."""
    real, waits = scope in _real_files(), Path(scope).stem in WAITING
    kind = 2 if not real else int(waits and lane != PATIENT)
    return not _may(scope, lane), kind, _rank(scope)


def _rank(scope: str) -> int:
    name = Path(scope).stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Workers know which files need real hosts, and say so to who gives files out, who does not."""
    shared = folder()
    if shared is not None and "PYTEST_XDIST_WORKER" in os.environ:
        real = {item.nodeid.partition("::")[0] for item in session.items if item.get_closest_marker("real")}
        (shared / f"{_REAL}.{os.environ['PYTEST_XDIST_WORKER']}").write_text("\n".join(sorted(real)))


@cache
def _real_files() -> frozenset[str]:
    shared = folder()
    said = sorted(shared.glob(f"{_REAL}.*")) if shared is not None else []
    return frozenset(said[0].read_text().split("\n")) if said else frozenset()

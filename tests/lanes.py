"""A pytest plugin: which worker gets which file, when tests run side by side.

Tests on real hosts mostly wait, so two workers with them and one with all that only computes (in virtual time) keep two cores busy, while what real hosts do is never measured
with a third one's hosts beside it. A worker gets whole files, real ones first, those that take longest before all others.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tests.once import folder

REAL_LANES = 2
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

_REAL = "real-files"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "Lanes | None":
    """Ours, where whole files are asked for."""
    return Lanes(config, log) if config.getoption("dist") == "loadfile" else None


class Lanes(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """Whole files, by lanes."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        real = [scope for scope in self.workqueue if scope in _real_files()]
        rest = [scope for scope in self.workqueue if scope not in _real_files()]
        if self._computes_only(node) and not rest:
            node.shutdown()
            return
        first = rest if self._computes_only(node) else sorted(real, key=_rank) or rest
        self.workqueue.move_to_end(first[0], last=False)
        super()._assign_work_unit(node)

    def _computes_only(self, node: WorkerController) -> bool:
        return int(node.gateway.id.removeprefix("gw")) >= REAL_LANES


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

"""Batch placement: containers per second over 5,000 hosts, and a million of them with time and memory.

The peer is our own placement of one container after the other, which the batch has to equal (tests/placement/test_batch.py); the published mark is Nomad's.
Requests are made beforehand for the rate, since the caller has them anyway; for the million they are made and dropped while it goes.
"""

import gc
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.specs import PortSpec, StrategySpec
from clocker_actors.placement.batch import place_batch
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place
from tests.benchmarks.kernel import Row

ROUNDS = 5
HOSTS = 5_000
BATCH = 50_000
ONE_BY_ONE = 2_000
MILLION = 1_000_000
GB = 1_000_000_000
STRATEGIES = (StrategySpec("MaxContainers", {"maxContainers": 250}), StrategySpec("BreadthFirst"))
CASES = (
    ("batch, 5,000 hosts, one cluster", 1, (), "", 100_000),
    ("batch, 5,000 hosts, ten clusters with affinity rules", 10, (), "AT MOST 100 CLUSTER, NOT TYPE other", 0),
    ("batch, 5,000 hosts, a random port each", 1, (PortSpec(80),), "", 0),
)


def rows() -> list[Row]:
    """One row per case: median of five rounds, batch and one by one in turns; and how long 99 of 100 slices are at most."""
    return [_row(*case) for case in CASES]


def _row(what: str, clusters: int, ports: tuple[PortSpec, ...], rules: str, goal: int) -> Row:
    ours, alone, slices = [], [], []
    for _ in range(ROUNDS):
        rate, slow = _batch(clusters, ports, rules)
        ours.append(rate)
        slices.append(slow)
        alone.append(_alone(clusters, ports, rules))
    rate, peer = statistics.median(ours), statistics.median(alone)
    return Row(
        what=f"{what}; p99 slice {statistics.median(slices) * 1000:.1f} ms",
        mark="Nomad C1M 3,750/s +; one by one",
        ours=f"{rate:,.0f}/s",
        peer=f"{peer:,.0f}/s",
        ratio=f"{rate / peer:.1f}",
        goal=f">= {goal:,}/s" if goal else "reported",
        met=rate >= goal,
    )


def pool() -> HostIndex:
    """5,000 large hosts, some of them away, cordoned or nearly full."""
    index = HostIndex()
    for number in range(HOSTS):
        index.add(
            HostView(
                Uid(f"h{number}"),
                f"host-{number}",
                up=number % 50 != 3,
                cordoned=number % 40 == 7,
                cores=64,
                memory=(1 if number % 30 == 11 else 512) * GB,
                order=number,
            )
        )
    return index


def requests(many: int, clusters: int, ports: tuple[PortSpec, ...] = (), rules: str = "") -> Iterator[PlacementRequest]:
    """As many requests, cluster by cluster."""
    bound, cause, app = rules_of(rules), Cause("d1"), Uid("a1")
    names = [Uid(f"c{number}") for number in range(clusters)]
    for number in range(many):
        cluster = names[number * clusters // many]
        yield PlacementRequest(
            Uid(f"m{number}"), 1, app, cluster, "shop/web", cause, memory=GB // 2, cpus=0.1, ports=ports, type="web", affinity=bound
        )


def _batch(clusters: int, ports: tuple[PortSpec, ...], rules: str) -> tuple[float, float]:
    index, wanted, ids = pool(), list(requests(BATCH, clusters, ports, rules)), count()
    gc.collect()
    began = last = time.perf_counter()
    slices, placed = [0.0], 0
    for part in place_batch(wanted, index, STRATEGIES, ids=lambda: f"d{next(ids)}", at=1.0, now=time.perf_counter):
        slices.append(time.perf_counter() - last)
        placed += len(part.spots)
        last = time.perf_counter()
    if placed != BATCH:
        raise ValueError(f"{placed} of {BATCH} placed")
    return BATCH / (last - began), sorted(slices)[len(slices) * 99 // 100]


def _alone(clusters: int, ports: tuple[PortSpec, ...], rules: str) -> float:
    index, wanted = pool(), list(requests(ONE_BY_ONE, clusters, ports, rules))
    began = time.perf_counter()
    for each in wanted:
        place(each, index, STRATEGIES, decision_id="d1", at=1.0)
    return ONE_BY_ONE / (time.perf_counter() - began)


def million() -> list[Row]:
    """A million containers of a hundred clusters over 5,000 hosts, once: how long, and how much memory their reservations take."""
    index, ids = pool(), count()
    gc.collect()
    before = _resident()
    began = time.perf_counter()
    placed = 0
    for part in place_batch(requests(MILLION, 100), index, STRATEGIES, ids=lambda: f"d{next(ids)}", at=1.0, now=time.perf_counter):
        placed += len(part.spots)
    took = time.perf_counter() - began
    grown = _resident() - before
    if placed != MILLION:
        raise ValueError(f"{placed} of {MILLION} placed")
    return [
        Row(
            what="1,000,000 containers over 5,000 hosts, requests made meanwhile",
            mark="Nomad C1M 3,750/s +: 267 s",
            ours=f"{took:.1f} s, {grown / 1e6:,.0f} MB ({grown / MILLION:.0f} B each)",
            peer="",
            ratio="",
            goal="reported",
            met=True,
        )
    ]


def _resident() -> int:
    """Bytes of memory this process has."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 a page of the kernel's, not a file
        return int(file.read().split()[1]) * resource.getpagesize()


REPORTS: tuple[Callable[[], list[Row]], ...] = (rows, million)


if __name__ == "__main__":
    for report in REPORTS:
        for row in report():
            print(f"{row.what:75} {row.ours:>30} {row.peer:>10} {row.ratio:>7}x  {row.goal:>12} {'met' if row.met else 'MISSED'}")

"""Placements per second of the index alone, one at a time, each with its reasons and its reservation; `pooled` has the whole way of a request.

The peer is a plain scan in the same process: judge and rank every host for every container. Hosts have constraints (some are down, cordoned, too busy or nearly
full), containers ask for memory, processors and a random port, and are spread over the hosts.
"""

import statistics
import time
from collections.abc import Callable

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.specs import PortSpec, StrategySpec
from clocker_actors.placement.catalogue import make_pipeline
from clocker_actors.placement.hosts import Need
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place
from tests.benchmarks.kernel import Row

ROUNDS = 5
PLACEMENTS = 4_000
SCANS = 60
GB = 1_000_000_000
STRATEGIES = (
    StrategySpec("MaxContainers", {"maxContainers": 20}),
    StrategySpec("MaxCpuUsage", {"maxCpu": 0.8}),
    StrategySpec("BreadthFirst"),
)
RULES = "NOT TYPE database, AT MOST 50 CLUSTER, SPREAD OVER ZONE, PREFER TYPE cache PER ZONE"
CASES = (
    ("place, 1,000 hosts, one cluster", 1_000, 1, "", 20_000),
    ("place, 1,000 hosts, 100 clusters in turn", 1_000, 100, "", 20_000),
    ("place, 1,000 hosts, affinity over five zones", 1_000, 1, RULES, 5_000),
    ("place, 5,000 hosts, one cluster", 5_000, 1, "", 5_000),
    ("place, 5,000 hosts, 100 clusters in turn", 5_000, 100, "", 5_000),
    ("place, 5,000 hosts, affinity over five zones", 5_000, 1, RULES, 5_000),
)


def rows() -> list[Row]:
    """One row per case: median of five rounds, ours and the scan in turns."""
    return [_row(*case) for case in CASES]


def _row(what: str, hosts: int, clusters: int, rules: str, goal: int) -> Row:
    ours: list[float] = []
    peer: list[float] = []
    for _ in range(ROUNDS):
        ours.append(rate_of(PLACEMENTS, _placing(hosts, clusters, rules)))
        peer.append(rate_of(SCANS, scanning(hosts)))
    rate, scan = statistics.median(ours), statistics.median(peer)
    return Row(
        what=what,
        mark="SwarmKit's scheduler 5.5-7.9 k/s; a plain scan",
        ours=f"{rate:,.0f}/s",
        peer=f"{scan:,.0f}/s",
        ratio=f"{rate / scan:.1f}",
        goal=f">= {goal:,}/s",
        met=rate >= goal,
    )


def rate_of(times: int, one: Callable[[int], None]) -> float:
    """How often a second, called so many times with a growing number."""
    began = time.perf_counter()
    for number in range(times):
        one(number)
    return times / (time.perf_counter() - began)


def _pool(hosts: int) -> HostIndex:
    index = HostIndex()
    for number in range(hosts):
        index.add(
            HostView(
                Uid(f"h{number}"),
                f"host-{number}",
                up=number % 50 != 3,
                cordoned=number % 40 == 7,
                cores=16,
                memory=(1 if number % 30 == 11 else 64) * GB,
                cpu=float(number * 37 % 100),
                order=number,
                zone=f"z{number % 5}",
            )
        )
    return index


def _request(number: int, clusters: int, rules: tuple[AffinityRule, ...] = ()) -> PlacementRequest:
    member, cluster = Uid(f"m{number}"), Uid(f"c{number % clusters}")
    ports = (PortSpec(80),)
    return PlacementRequest(
        member, 1, Uid("a1"), cluster, "shop/web", Cause("d1"), memory=GB // 2, cpus=0.1, ports=ports, type="web:1", affinity=rules
    )


def _placing(hosts: int, clusters: int, rules: str = "") -> Callable[[int], None]:
    index = _pool(hosts)
    written = rules_of(rules)
    requests = [_request(number, clusters, written) for number in range(PLACEMENTS)]

    def one(number: int) -> None:
        answer = place(requests[number], index, STRATEGIES, decision_id="d1", at=1.0)
        if not isinstance(answer, Placement):
            raise TypeError(answer.decision.reason)

    return one


def scanning(hosts: int) -> Callable[[int], None]:
    """The peer: a placement that judges and ranks every host."""
    index, pipeline = _pool(hosts), make_pipeline(STRATEGIES)

    def one(number: int) -> None:
        request = _request(number, 1)
        need = Need.of(request)
        fitting = [row for row in index.rows.values() if all(rule.accepts(row, need) for rule in pipeline.filters)]
        best = min(fitting, key=lambda row: (pipeline.key(row, request.cluster), row.order))
        index.reserve(request, best.uid)

    return one


REPORTS: tuple[Callable[[], list[Row]], ...] = (rows,)


if __name__ == "__main__":
    for row in rows():
        print(f"{row.what:45} {row.ours:>12} {row.peer:>10} {row.ratio:>7}x  {row.goal:>12} {'met' if row.met else 'MISSED'}")

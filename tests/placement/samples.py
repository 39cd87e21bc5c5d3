"""Hosts and requests for the tests of placement, and a plain second opinion: filter and sort over all views."""

from collections.abc import Sequence
from itertools import groupby

from clocker_actors.blueprint.affinity import rules_of
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.model.specs import PortKind, PortSpec, StrategySpec
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.placement.ports import number_of

GB = 1_000_000_000
CAUSE = Cause("d1", "system")


def host(number: int, **facts: object) -> HostView:
    """A host that is up, with room: 4 processors, 8 GB."""
    known: dict[str, object] = {"cores": 4, "memory": 8 * GB, "order": number, "address": f"10.0.0.{number}", **facts}
    return HostView(Uid(f"h{number}"), f"host-{number}", **known)  # type: ignore[arg-type]


def request(number: int = 1, *, generation: int = 1, cluster: str = "c1", **wants: object) -> PlacementRequest:
    """A request of member m<number>."""
    return PlacementRequest(
        Uid(f"m{number}"),
        generation,
        Uid("a1"),
        Uid(cluster),
        f"web/{number}",
        CAUSE,
        **wants,  # type: ignore[arg-type]
    )


def index_of(*views: HostView, ports: tuple[int, int] = (20_000, 29_999), shared: float = 0.5) -> HostIndex:
    """An index with these hosts."""
    index = HostIndex(ports, shared=shared)
    for view in views:
        index.add(view)
    return index


def ask(wanted: PlacementRequest, index: HostIndex, *strategies: StrategySpec, pool: str = "") -> Placement | Refusal:
    """Place, with a decision id of no interest; `pool` holds the affinity rules of the pool."""
    return place(wanted, index, strategies, rules=rules_of(pool), decision_id="d9", at=100.0)


def placed(wanted: PlacementRequest, index: HostIndex, *strategies: StrategySpec, pool: str = "") -> Placement:
    """Place what must fit."""
    answer = ask(wanted, index, *strategies, pool=pool)
    assert isinstance(answer, Placement), answer
    return answer


def refused(wanted: PlacementRequest, index: HostIndex, *strategies: StrategySpec, pool: str = "") -> Refusal:
    """Place what must not fit."""
    answer = ask(wanted, index, *strategies, pool=pool)
    assert isinstance(answer, Refusal), answer
    return answer


def fixed(port: int, container: int = 80) -> PortSpec:
    """A port bound to one of the host."""
    return PortSpec(container, PortKind.BOUND, port)


def strategy(name: str, **config: object) -> StrategySpec:
    """A strategy by name."""
    return StrategySpec(name, config)


def second_opinion(rows: Sequence[HostRow], wanted: PlacementRequest, strategies: Sequence[StrategySpec]) -> list[Uid]:
    """All fitting hosts, best first, by looking at every one."""
    order = sorted((row for row in rows if _fits(row, wanted, strategies)), key=lambda row: (row.order, row.uid))
    rankings = [spec.type for spec in strategies if not spec.type.startswith("Max")] or ["BreadthFirst"]
    drawn = "Random" in rankings
    later = rankings[len(rankings) - rankings[::-1].index("Random") :] if drawn else rankings

    def key(row: HostRow) -> list[tuple[float, ...]]:
        return [_measure(name, row, wanted.cluster) for name in reversed(later)]

    order.sort(key=key)
    if drawn:
        order = [row for _, equals in groupby(order, key) for row in _rotated(list(equals), wanted)]
    return [row.uid for row in order if row.uid not in wanted.avoid]


def _rotated(rows: list[HostRow], wanted: PlacementRequest) -> list[HostRow]:
    first = number_of(f"{wanted.member}.{wanted.generation}") % len(rows)
    return rows[first:] + rows[:first]


def _measure(name: str, row: HostRow, cluster: Uid) -> tuple[float, ...]:
    match name:
        case "BreadthFirst":
            return (row.clusters.get(cluster, 0), row.containers + row.foreign)
        case "LeastContainers":
            return (row.containers + row.foreign,)
        case "LowestCpuUsage":
            cpu = row.expected_cpu
            return (1000.0 if cpu is None else round(cpu), row.containers + row.foreign)
        case _:
            return (row.order,)


def _fits(row: HostRow, wanted: PlacementRequest, strategies: Sequence[StrategySpec]) -> bool:
    view = row.view()
    for spec in strategies:
        if spec.type == "MaxContainers" and view.containers + view.foreign >= int(str(spec.config["maxContainers"])):
            return False
        if spec.type == "MaxCpuUsage":
            if view.cpu is None and view.containers + view.foreign:
                return False
            if view.cpu is not None and view.cpu >= 100 * float(str(spec.config["maxCpu"])):
                return False
    return (
        view.up
        and not view.cordoned
        and (not wanted.memory or view.memory_reserved + wanted.memory <= view.memory)
        and (not wanted.cpus or view.cpus_reserved + wanted.cpus <= view.cores + 1e-9)
        and _ports_fit(row, view, wanted)
    )


def _ports_fit(row: HostRow, view: HostView, wanted: PlacementRequest) -> bool:
    demanded = [spec.fixed for spec in wanted.ports if spec.fixed is not None]
    if len(demanded) != len(set(demanded)) or view.ports & set(demanded):
        return False
    left = set(range(row.ports_from, row.ports_to + 1)) - view.ports - set(demanded)
    return len(wanted.ports) - len(demanded) <= len(left)

"""After thousands of changes, does the kept ranking still say what looking at all hosts says, reasons included?"""

from random import Random

import pytest

from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import PortSpec, StrategySpec
from clocker_actors.placement.pipeline import table
from tests.placement.samples import GB, ask, fixed, host, index_of, request, second_opinion, strategy

HOSTS = 12
STEPS = 1_500
PIPELINES: dict[str, tuple[StrategySpec, ...]] = {
    "spread": (strategy("MaxContainers", maxContainers=7), strategy("BreadthFirst")),
    "pack": (strategy("DepthFirst"),),
    "cool": (strategy("MaxCpuUsage", maxCpu=0.5), strategy("LowestCpuUsage")),
    "spread, then least": (strategy("BreadthFirst"), strategy("LeastContainers")),
    "least, then spread": (strategy("LeastContainers"), strategy("BreadthFirst")),
    "drawn": (strategy("Random"), strategy("LeastContainers")),
}
PORTS: tuple[tuple[PortSpec, ...], ...] = ((PortSpec(80),), (fixed(8080),), (PortSpec(80), fixed(20_001, 81)))


def some_view(draw: Random, number: int) -> HostView:
    return host(
        number,
        up=draw.random() < 0.9,
        cpu=draw.choice([None, 5.0, 30.0, 70.0]),
        foreign=draw.choice([0, 0, 2]),
        memory=draw.choice([4, 8]) * GB,
        cores=draw.choice([4, 8]),
        ports=draw.choice([frozenset(), frozenset({8080})]),
    )


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_kept_rankings_equal_a_look_at_all_hosts(pipeline: str, shared: float) -> None:
    draw, strategies = Random(f"{pipeline}{shared}"), PIPELINES[pipeline]
    index = index_of(*(some_view(draw, number) for number in range(HOSTS)), ports=(20_000, 20_005), shared=shared)
    for step in range(STEPS):
        number = draw.randrange(HOSTS)
        uid = Uid(f"h{number}")
        match draw.randrange(10):
            case 0 if uid in index:
                index.update(some_view(draw, number))
            case 0:
                index.add(some_view(draw, number))
            case 1 if uid in index:
                index.cordon(uid, draw.random() < 0.3)
            case 2 if uid in index and draw.random() < 0.2:
                index.remove(uid)
            case 3 | 4 | 5:
                index.release(Uid(f"m{draw.randrange(40)}"), 1)
            case _:
                wanted = request(
                    draw.randrange(40),
                    cluster=draw.choice(["c1", "c2", ""]),
                    memory=draw.choice([0, GB]),
                    cpus=draw.choice([0.1, 1.3]),
                    ports=draw.choice(PORTS),
                    avoid=draw.choice([(), (), (Uid("h0"),)]),
                )
                index.release(wanted.member, wanted.generation)
                expected = second_opinion(tuple(index.rows.values()), wanted, strategies)
                verdicts = table(wanted, index, strategies)
                assert [verdict.host for verdict in verdicts if verdict.accepted] == expected, step
                trace = ask(wanted, index, *strategies).decision.placement
                assert trace is not None
                assert trace.best == verdicts[: len(trace.best)]
                assert trace.chosen == (expected[0] if expected else None)
                assert set(trace.examples) <= set(verdicts)
                assert sum(trace.refused.values()) == len(index) - len(expected)

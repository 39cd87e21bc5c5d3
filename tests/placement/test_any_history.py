"""Whatever happens to the pool: is every choice the one that looking at all hosts would make, and is no bound ever overshot?"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.model.specs import PortSpec, StrategySpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import BEST
from tests.placement.samples import GB, ask, fixed, host, request, second_opinion, strategy

RANGE = (20_000, 20_005)
PIPELINES: tuple[tuple[StrategySpec, ...], ...] = (
    (),
    (strategy("DepthFirst"),),
    (strategy("MaxContainers", maxContainers=3), strategy("BreadthFirst")),
    (strategy("MaxCpuUsage", maxCpu=0.5), strategy("LowestCpuUsage")),
    (strategy("BreadthFirst"), strategy("LeastContainers")),
    (strategy("Random"),),
    (strategy("LeastContainers"), strategy("Random"), strategy("MaxContainers", maxContainers=5)),
)
SHAPES = (
    {"memory": GB // 3, "cpus": 0.1, "ports": (PortSpec(80),)},
    {"memory": GB, "cpus": 0.0, "ports": (fixed(8080, 82),)},
    {"memory": 0, "cpus": 1.3, "ports": (PortSpec(80), PortSpec(81), fixed(20_001, 83))},
)
facts = st.fixed_dictionaries(
    {
        "up": st.sampled_from([True, True, True, False]),
        "cpu": st.sampled_from([None, 0.0, 20.0, 49.9, 50.0, 90.0]),
        "foreign": st.integers(0, 2),
        "memory": st.sampled_from([0, GB, 4 * GB]),
        "ports": st.sampled_from([frozenset[int](), frozenset({8080}), frozenset({20_000, 20_001, 443})]),
    }
)


class Histories(RuleBasedStateMachine):
    """Hosts come, go and change; members are placed, found and released."""

    @initialize(
        shared=st.sampled_from([0.0, 0.5, 1.0]),
        pipelines=st.lists(st.sampled_from(PIPELINES), min_size=2, max_size=2),
        seen=st.lists(facts, min_size=3, max_size=6),
    )
    def begin(self, shared: float, pipelines: list[tuple[StrategySpec, ...]], seen: list[dict[str, object]]) -> None:
        self.pipelines = pipelines
        self.index = HostIndex(RANGE, shared=shared)
        self.requests: dict[tuple[Uid, int], PlacementRequest] = {}
        for number, known in enumerate(seen):
            self.index.add(host(number, **known))
        self.within = True  # until something is found running where the rules would not have put it

    @rule(number=st.integers(0, 7), seen=facts)
    def host_seen(self, number: int, seen: dict[str, object]) -> None:
        view = host(number, **seen)
        if view.uid in self.index:
            self.index.update(view)
        else:
            self.index.add(view)

    @rule(data=st.data(), cordoned=st.booleans())
    def cordon(self, data: st.DataObject, cordoned: bool) -> None:
        self.index.cordon(data.draw(st.sampled_from(list(self.index))), cordoned)

    @precondition(lambda self: len(self.index) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(list(self.index)))
        for lost in self.index.remove(gone):
            del self.requests[lost.member, lost.generation]

    @rule(
        number=st.integers(0, 30),
        cluster=st.sampled_from(["c1", "c1", "c2", ""]),
        shape=st.sampled_from(SHAPES),
        second=st.booleans(),
        avoid=st.sampled_from([(), (), (), (Uid("h0"),), (Uid("h1"), Uid("h9"))]),
    )
    def place(self, number: int, cluster: str, shape: dict[str, object], second: bool, avoid: tuple[Uid, ...]) -> None:
        asked = request(number, cluster=cluster, avoid=avoid, **shape)  # type: ignore[arg-type]
        chosen = self.pipelines[second]
        self.index.release(asked.member, asked.generation)
        self.requests.pop((asked.member, asked.generation), None)
        expected = second_opinion(tuple(self.index.rows.values()), asked, chosen)
        answer = ask(asked, self.index, *chosen)
        trace = answer.decision.placement
        assert trace is not None
        assert sum(trace.refused.values()) + len(expected) == trace.considered == len(self.index)
        assert {verdict.rule for verdict in trace.examples} == set(trace.refused)
        assert [verdict.host for verdict in trace.best] == expected[:BEST]
        if isinstance(answer, Placement):
            assert answer.host == expected[0]
            assert len(set(answer.ports.values())) == len(asked.ports)
            self.requests[asked.member, asked.generation] = asked
        else:
            assert not expected
            assert answer.decision.reason
            assert answer.decision.would_change

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(list(self.requests)))
        del self.requests[key]
        assert self.index.release(*key)
        assert not self.index.release(*key)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def release_and_occupy_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(list(self.requests)))
        before = self.index.hosts()
        held = self.index.reservation(*key)
        assert held is not None
        self.index.release(*key)
        self.index.occupy(self.requests[key], held.host, held.ports)
        assert self.index.hosts() == before

    @rule(data=st.data(), number=st.integers(40, 42))
    def found_running(self, data: st.DataObject, number: int) -> None:
        found = request(number, cluster="c2", memory=GB, ports=(fixed(8080),))
        self.index.occupy(found, data.draw(st.sampled_from(list(self.index))), {"80/tcp": 8080})
        self.requests[found.member, found.generation] = found
        self.within = False

    @invariant()
    def sums_are_those_of_the_requests(self) -> None:
        for uid in self.index:
            view, held = self.index.host(uid), self.index.reservations(uid)
            there = [self.requests[one.member, one.generation] for one in held]
            assert view.containers == len(there) == sum(view.applications.values())
            assert sum(view.clusters.values()) == sum(1 for one in there if one.cluster)
            assert view.memory_reserved == sum(one.memory for one in there)
            assert abs(view.cpus_reserved - sum(one.cpus for one in there)) < 1e-6
            taken = [port for one in held for port in one.ports.values()]
            assert view.ports >= set(taken)
            if self.within:
                assert len(taken) == len(set(taken))
                assert view.cpus_reserved <= view.cores + 1e-6


Histories.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
test_any_history = Histories.TestCase

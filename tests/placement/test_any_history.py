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
ports = st.lists(st.sampled_from([PortSpec(80), PortSpec(81), fixed(8080, 82), fixed(20_001, 83)]), max_size=3, unique=True).map(tuple)
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

    @initialize(shared=st.sampled_from([0.0, 0.5, 1.0]))
    def begin(self, shared: float) -> None:
        self.index = HostIndex(RANGE, shared=shared)
        self.requests: dict[tuple[Uid, int], PlacementRequest] = {}
        self.within = True  # until something is found running where the rules would not have put it

    @rule(number=st.integers(0, 7), seen=facts)
    def host_seen(self, number: int, seen: dict[str, object]) -> None:
        view = host(number, **seen)
        if view.uid in self.index:
            self.index.update(view)
        else:
            self.index.add(view)

    @precondition(lambda self: len(self.index) > 0)
    @rule(data=st.data(), cordoned=st.booleans())
    def cordon(self, data: st.DataObject, cordoned: bool) -> None:
        self.index.cordon(data.draw(st.sampled_from(list(self.index))), cordoned)

    @precondition(lambda self: len(self.index) > 2)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(list(self.index)))
        for lost in self.index.remove(gone):
            del self.requests[lost.member, lost.generation]

    @rule(
        number=st.integers(0, 12),
        cluster=st.sampled_from(["c1", "c2", ""]),
        memory=st.sampled_from([0, GB // 3, GB]),
        cpus=st.sampled_from([0.0, 0.1, 1.3]),
        wanted=ports,
        chosen=st.sampled_from(PIPELINES),
        avoid=st.sets(st.integers(0, 7).map(lambda number: Uid(f"h{number}")), max_size=2).map(lambda hosts: tuple(sorted(hosts))),
    )
    def place(
        self,
        number: int,
        cluster: str,
        memory: int,
        cpus: float,
        wanted: tuple[PortSpec, ...],
        chosen: tuple[StrategySpec, ...],
        avoid: tuple[Uid, ...],
    ) -> None:
        asked = request(number, cluster=cluster, memory=memory, cpus=cpus, ports=wanted, avoid=avoid)
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
            assert len(set(answer.ports.values())) == len(wanted)
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

    @precondition(lambda self: len(self.index) > 0)
    @rule(data=st.data(), number=st.integers(20, 22))
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
            assert view.containers == len(there) == sum(view.clusters.values()) == sum(view.applications.values())
            assert view.memory_reserved == sum(one.memory for one in there)
            assert abs(view.cpus_reserved - sum(one.cpus for one in there)) < 1e-6
            taken = [port for one in held for port in one.ports.values()]
            assert view.ports >= set(taken)
            if self.within:
                assert len(taken) == len(set(taken))
                assert view.cpus_reserved <= view.cores + 1e-6


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_any_history = Histories.TestCase

"""Does each rule refuse what it should, and say why with numbers, and what would help?"""

import pytest

from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.specs import PortKind, PortSpec, StrategySpec
from tests.placement.samples import GB, fixed, host, index_of, placed, refused, request, strategy

CASES = {
    "up": (host(1, up=False), request(), (), "host-1 is not up", "host-1 answering; `clocker hosts` says why it does not"),
    "cordoned": (host(1, cordoned=True), request(), (), "host-1 is cordoned", "host-1 uncordoned"),
    "MaxContainers": (
        host(1, foreign=2),
        request(),
        (strategy("MaxContainers", maxContainers=2),),
        "host-1 has 2 containers, 2 of them foreign; MaxContainers allows 2",
        "1 container less on host-1, or maxContainers of at least 3 (is 2)",
    ),
    "MaxCpuUsage": (
        host(1, cpu=61.0),
        request(),
        (strategy("MaxCpuUsage"),),
        "host-1 uses 61.0 % of its processors; MaxCpuUsage wants less than 50 %",
        "processor use of host-1 below 50 % (is 61.0 %)",
    ),
    "memory": (
        host(1),
        request(memory=9 * GB),
        (),
        "host-1 has 8,000 MB of 8,000 MB memory unreserved; 9,000 MB wanted",
        "1,000 MB more memory free on host-1, or a limit of that much less",
    ),
    "cpus": (
        host(1),
        request(cpus=4.5),
        (),
        "host-1 has 4 of 4 processors unreserved; 4.5 wanted",
        "0.5 more processors free on host-1, or cpus of that much less",
    ),
    "ports": (
        host(1, ports=frozenset({8080})),
        request(ports=(fixed(8080),)),
        (),
        "port 8080 of host-1 is taken",
        "port 8080 of host-1 free, a random port in its place, or one more host",
    ),
    "avoid": (
        host(1),
        request(avoid=(Uid("h1"),)),
        (),
        "host-1 failed this generation before",
        "trying host-1 again for this generation",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_refusal_says_why_and_what_would_change_it(rule: str) -> None:
    view, wanted, strategies, reason, change = CASES[rule]
    answer = refused(wanted, index_of(view), *strategies)
    trace = answer.decision.placement
    assert trace is not None
    assert (trace.chosen, trace.best, trace.refused) == (None, (), {rule: 1})
    assert [(example.rule, example.reason) for example in trace.examples] == [(rule, reason)]
    assert answer.decision.would_change == (change,)
    assert answer.decision.action == ""
    assert reason in answer.decision.reason


@pytest.mark.parametrize(
    ("view", "wanted", "strategies", "reason"),
    [
        (host(1, memory=0), request(memory=GB), (), "memory of host-1 is not known; 1,000 MB wanted"),
        (host(1, cores=0), request(cpus=1.0), (), "processors of host-1 are not known; 1 wanted"),
        (
            host(1, cpu=None, foreign=1),
            request(),
            (strategy("MaxCpuUsage"),),
            "processor use of host-1 is not known yet; MaxCpuUsage wants it below 50 %",
        ),
    ],
)
def test_what_is_not_known_refuses(view: HostView, wanted: PlacementRequest, strategies: tuple[StrategySpec, ...], reason: str) -> None:
    assert reason in refused(wanted, index_of(view), *strategies).decision.reason


def test_an_empty_host_needs_no_processor_reading() -> None:
    assert placed(request(), index_of(host(1, cpu=None)), strategy("MaxCpuUsage")).host == "h1"


def test_a_host_of_unknown_size_takes_what_asks_for_no_share() -> None:
    assert placed(request(), index_of(host(1, memory=0, cores=0))).host == "h1"


def test_of_two_bounds_of_one_kind_the_stricter_holds() -> None:
    index = index_of(host(1, foreign=3))
    own = (strategy("MaxContainers", maxContainers=2),)
    answer = refused(request(strategies=own), index, strategy("MaxContainers", maxContainers=8))
    assert "MaxContainers allows 2" in answer.decision.reason


def test_a_service_that_names_a_port_twice_fits_nowhere() -> None:
    answer = refused(request(ports=(fixed(8080, 80), fixed(8080, 81))), index_of(host(1)))
    assert "the service itself asks for host port 8080 twice" in answer.decision.reason
    assert answer.decision.would_change == ("another host port in place of one 8080",)


def test_one_number_serves_two_protocols_of_one_service() -> None:
    ports = (PortSpec(53, PortKind.DIRECT), PortSpec(53, PortKind.DIRECT, protocol="udp"))
    assert placed(request(ports=ports), index_of(host(1))).ports == {"53/tcp": 53, "53/udp": 53}


def test_a_full_port_range_refuses() -> None:
    index = index_of(host(1), ports=(20_000, 20_001))
    placed(request(1, ports=(PortSpec(80),)), index)
    answer = refused(request(2, ports=(PortSpec(80), PortSpec(81))), index)
    assert "host-1 has not 2 free ports left between 20000 and 20001" in answer.decision.reason


def test_an_empty_pool_says_so() -> None:
    answer = refused(request(), index_of())
    assert answer.decision.reason == "the pool has no hosts"
    assert answer.decision.would_change == ("a host added to the pool",)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (strategy("BreathFirst"), "no placement strategy 'BreathFirst': did you mean BreadthFirst"),
        (strategy("MaxContainers", most=3), "MaxContainers has no key 'most': use maxContainers, docker.container.cluster.maxSize"),
        (strategy("MaxContainers", maxContainers=2.5), "maxContainers is 2.5: give integer of at least 0"),
        (strategy("Random", seed=1), "Random has no key 'seed': it takes none"),
    ],
)
def test_a_strategy_that_cannot_be_used_refuses_with_its_name(bad: StrategySpec, words: str) -> None:
    answer = refused(request(), index_of(host(1)), bad)
    assert words in answer.decision.reason
    assert answer.decision.would_change

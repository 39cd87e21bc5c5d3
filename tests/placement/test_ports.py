"""Which host ports does a container get, and does it keep them?"""

from clocker_actors.model.specs import PortKind, PortSpec
from tests.placement.samples import fixed, host, index_of, placed, request

WEB = (PortSpec(80), PortSpec(443))


def test_random_ports_come_from_the_range_and_differ() -> None:
    ports = placed(request(ports=WEB), index_of(host(1), ports=(30_000, 30_009))).ports
    assert set(ports) == {"80/tcp", "443/tcp"}
    assert len(set(ports.values())) == 2
    assert all(30_000 <= port <= 30_009 for port in ports.values())


def test_the_same_member_gets_the_same_ports_in_every_run() -> None:
    assert placed(request(ports=WEB), index_of(host(1))).ports == placed(request(ports=WEB), index_of(host(1))).ports


def test_a_member_keeps_its_ports_over_generations() -> None:
    index = index_of(host(1), host(2))
    first = placed(request(ports=WEB, keep_ports={"80/tcp": 20_500, "443/tcp": 20_501}), index)
    assert first.ports == {"80/tcp": 20_500, "443/tcp": 20_501}
    index.release(first.member, 1)
    second = placed(request(ports=WEB, keep_ports=first.ports, generation=2), index)
    assert second.ports == first.ports


def test_a_kept_port_that_is_taken_is_given_up() -> None:
    index = index_of(host(1, ports=frozenset({20_500})))
    assert placed(request(ports=(PortSpec(80),), keep_ports={"80/tcp": 20_500}), index).ports["80/tcp"] != 20_500


def test_fixed_ports_are_as_demanded_and_random_ones_keep_clear_of_them() -> None:
    index = index_of(host(1), ports=(20_000, 20_001))
    ports = placed(request(ports=(PortSpec(80), fixed(20_000, 81), PortSpec(22, PortKind.DIRECT))), index).ports
    assert ports == {"80/tcp": 20_001, "81/tcp": 20_000, "22/tcp": 22}


def test_each_host_gives_a_fixed_port_once() -> None:
    index = index_of(host(1), host(2))
    assert [placed(request(n, ports=(fixed(8080),)), index).host for n in (1, 2)] == ["h1", "h2"]
    index.release(request(1).member, 1)
    assert placed(request(3, ports=(fixed(8080),)), index).host == "h1"

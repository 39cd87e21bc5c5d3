"""Which host ports does each way to write ports give, and which clash?"""

import pytest

from clocker_actors.model.specs import PortKind, PortSpec
from tests.blueprint.reading import container, container_faults

RANDOM, DIRECT, BOUND = PortKind.RANDOM, PortKind.DIRECT, PortKind.BOUND


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("ports: [80]", [PortSpec(80)]),
        ("ports: 80", [PortSpec(80)]),
        ("ports: ['8080:80']", [PortSpec(80, BOUND, 8080)]),
        ("ports:\n- 8080:80\n- 53:53/udp", [PortSpec(80, BOUND, 8080), PortSpec(53, BOUND, 53, "udp")]),
        ("ports: [8080->80, 8081 -> 81]", [PortSpec(80, BOUND, 8080), PortSpec(81, BOUND, 8081)]),
        ("ports: [8000-8001:80-81]", [PortSpec(80, BOUND, 8000), PortSpec(81, BOUND, 8001)]),
        ("openPorts: [80-81]", [PortSpec(80), PortSpec(81)]),
        ("directPorts: [80]", [PortSpec(80, DIRECT)]),
        ("portBindings: {8080: 80, 8081: 80}", [PortSpec(80, BOUND, 8080), PortSpec(80, BOUND, 8081)]),
        ("ports: [{container: 80, host: 8080, name: page}]", [PortSpec(80, BOUND, 8080, name="page")]),
        ("ports: [{target: 80, kind: direct, protocol: udp}]", [PortSpec(80, DIRECT, protocol="udp")]),
        ("openPorts: [80, 81]\ndirectPorts: [80]", [PortSpec(81), PortSpec(80, DIRECT)]),
        ("ports: [80, 80/udp]", [PortSpec(80), PortSpec(80, protocol="udp")]),
        ("network: host\nports: [80, '81:81']", [PortSpec(80, DIRECT), PortSpec(81, DIRECT)]),
    ],
)
def test_ports(text: str, ports: list[PortSpec]) -> None:
    assert list(container(text).ports) == ports


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ports: [0]", "each number from 1 to 65535"),
        ("ports: [65536]", "each number from 1 to 65535"),
        ("ports: [http]", "write a port as 80, 8080:80"),
        ("ports: [80:http]", "write a port as"),
        ("ports: [80/icmp]", "write a port as"),
        ("ports: ['127.0.0.1:80:80']", "write a port as"),
        ("ports: [90-80]", "write a port as"),
        ("ports: [8000-8002:80-81]", "make both ranges the same length"),
        ("ports: {8080: 80}", "has a map; write a list"),
        ("ports: [80, 80]", "container port 80/tcp is already taken on line 3"),
        ("ports: ['80:80', '80:81']", "host port 80/tcp is already taken on line 3"),
        ("directPorts: [80]\nportBindings: {80: 81}", "host port 80/tcp is already taken on line 3"),
        ("ports: ['8000-8010:8000-8010', '8005:5']", "host port 8005/tcp"),
        ("directPorts: ['8080:80']", "a direct port has one number"),
        ("ports: [{host: 80}]", "has no `container`"),
        ("ports: [{container: 80, kind: bound}]", "write both or neither"),
        ("ports: [{container: 80, kind: random, host: 1}]", "write both or neither"),
        ("ports: [{container: 99999}]", "from 1 to 65535"),
        ("portBindings: {x: 80}", "a host port of `portBindings` has `x`"),
        ("portBindings: {8080: x}", "container port of `8080` has `x`"),
        ("network: host\nports: ['81:80']", "cannot be bound to 81"),
        ("ports: [1-65535]", "more than 20000 published ports"),
    ],
)
def test_wrong_ports(text: str, words: str) -> None:
    (found,) = container_faults(text)
    assert words in found

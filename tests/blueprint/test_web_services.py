"""Do the web servers and balancers that ship refuse parameters that would not work, and write the configuration that is asked for?"""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from clocker_actors.expressions import Ready, resolve
from clocker_actors.expressions.resolving import Seen
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.values import Value

TYPES = type_table()
SERVERS: list[Value] = [
    {"name": "web-1", "host": "10.0.0.5", "port": 20011, "member": "m1"},
    {"name": "web-2", "host": "10.0.0.6", "port": 20011, "member": "m2"},
]
Lines = tuple[str, ...]


def read(type_: str, *lines: str) -> ServiceSpec:
    """One service of a type, with these lines, beside a cluster."""
    web = ("- {type: cluster, id: web, memberSpec: {type: 'docker:web', ports: [8080]}}", f"- type: {type_}", "  id: front")
    text = "\n".join(("name: x", "services:", *web, *(f"  {line}" for line in lines)))
    return parse(text, "x.yaml", TYPES).blueprint.applications[0].services[1]


@pytest.mark.parametrize(
    ("type_", "lines", "words"),
    [
        ("haproxy", (), "`backends` is required"),
        ("haproxy", ("backends: wep",), "`wep` is not the id of a service here; did you mean `web`?"),
        ("haproxy", ("backends: web", "mode: udp"), "udp"),
        ("haproxy", ("backends: web", "balance: fastest"), "fastest"),
        ("haproxy", ("backends: web", "checkPath: alive"), "alive"),
        ("haproxy", ("backends: web", "checkPeriod: 0s"), "0s"),
        ("haproxy", ("backends: web", "backendPort: 99999"), "99999"),
        ("haproxy", ("backends: web", "maxConnections: -1"), "-1"),
        ("nginx", ("backends: wep",), "`wep` is not the id of a service here"),
        ("nginx", ("proxyPath: app",), "app"),
        ("nginx", ("maxBody: much",), "much"),
        ("nginx", ("folder: ../../etc",), "../../etc"),
        ("tomcat", (), "war"),
        ("tomcat", ("war: a.war", "warUrl: http://x/b.war"), "war"),
        ("tomcat", ("warUrl: ftp://x/b.war",), "ftp://x/b.war"),
        ("tomcat", ("war: http://x/b.war",), "http://x/b.war"),
        ("tomcat", ("war: a.war", "contextPath: shop"), "shop"),
        ("tomcat", ("war: a.war", "httpPort: 0"), "0"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "bare",
)
def test_what_would_not_work_is_a_fault(type_: str, lines: Lines, words: str) -> None:
    with pytest.raises(BlueprintError) as caught:
        read(type_, *lines)
    assert words in str(caught.value)


class Now:
    """All that an expression sees: the servers."""

    now = since = 0.0

    def __init__(self, servers: list[Value]) -> None:
        self._servers = servers

    def sensor(self, target: str, name: str) -> Seen | None:
        """The list, whoever asks."""
        assert target in {"self", "front"} and name.endswith(".servers")
        return Seen(self._servers)

    def entity_id(self, target: str) -> str | None:
        """Nobody asks."""
        raise AssertionError(target)

    def location(self, target: str, index: int) -> str | None:
        """Nobody asks."""
        raise AssertionError((target, index))


def configuration(type_: str, *lines: str, servers: list[Value] = SERVERS) -> list[str]:
    """The lines of its file, without indentation."""
    container = read(type_, *lines).container
    assert container is not None
    (late,) = container.late
    seen = resolve(late.expression, Now(servers))
    assert isinstance(seen, Ready), seen
    return [line.strip() for line in str(seen.value).splitlines()]


def test_a_balancer_of_requests_checks_pages_and_asks_again_what_only_reads() -> None:
    text = configuration("haproxy", "backends: web", "checkPath: /alive", "checkPeriod: 500ms", "sticky: true")
    assert "mode http" in text and "option httpchk GET /alive" in text and "cookie SERVERID insert indirect nocache" in text
    assert (
        "retry-on conn-failure empty-response" in text and "http-request disable-l7-retry if ! METH_GET ! { method HEAD OPTIONS }" in text
    )
    servers = [line for line in text if line.startswith("server ")]
    assert [line.split()[1:7] for line in servers] == [
        ["web-1_10.0.0.5_20011", "10.0.0.5:20011", "check", "inter", "500ms", "fall"],
        ["web-2_10.0.0.6_20011", "10.0.0.6:20011", "check", "inter", "500ms", "fall"],
    ]
    assert [line.endswith(f" cookie web-{number}") for number, line in enumerate(servers, 1)] == [True, True]


def test_a_balancer_of_connections_knows_nothing_of_requests() -> None:
    text = configuration("haproxy", "backends: web", "mode: tcp", "balance: leastconn", "sticky: true", "port: 5432")
    assert {"mode tcp", "balance leastconn", "bind :5432"} <= set(text)
    assert not any(word in line for line in text for word in ("cookie", "forwardfor", "retry-on", "httpchk"))


def test_with_nobody_to_send_to_the_configuration_is_whole() -> None:
    assert not any(line.startswith("server ") for line in configuration("haproxy", "backends: web", servers=[]))
    text = configuration("nginx", "backends: web", servers=[])
    assert "return 503;" in text and "proxy_pass http://servers;" not in text and "upstream servers {" not in text


def test_pages_and_what_is_passed_on_stand_side_by_side() -> None:
    text = configuration("nginx", "backends: web", "proxyPath: /api/", "balance: source", "fallback: /index.html")
    assert {"ip_hash;", "location /api/ {", "location / { try_files $uri $uri/ /index.html =404; }", "proxy_pass http://servers;"} <= set(
        text
    )
    assert "server 10.0.0.5:20011 max_fails=1 fail_timeout=5s;" in text
    assert "location / { try_files $uri $uri/  =404; }" in configuration("nginx")
    assert not any("proxy_pass" in line or line == "upstream servers {" for line in configuration("nginx"))


def test_several_balancers_of_one_kind_are_a_cluster_each_with_its_own_list() -> None:
    service = read("cluster", "memberSpec: {type: haproxy, backends: web}")
    assert service.cluster is not None and service.cluster.member.container is not None
    (late,) = service.cluster.member.container.late
    assert {str(node.value) for node in late.expression.walk() if node.op == "target"} == {"self"}
    assert any(each.type == "member-endpoints" and each.config["producer"] == "web" for each in service.cluster.member.enrichers)

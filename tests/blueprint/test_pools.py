"""Does a docker cloud know its hosts, and how to reach each engine?"""

import pytest

from clocker_actors.blueprint import parse
from clocker_actors.model.specs import EngineSpec, HostSpec
from tests.blueprint.reading import TYPES, fault, pool, pool_faults


def test_hosts_by_every_way() -> None:
    text = """\
    hosts:
    - unix:///var/run/docker.sock
    - tcp://10.0.0.1:2375
    - {name: blue, engine: ssh://root@10.0.0.2:2222, zone: b, labels: {disk: ssd}, address: blue.example}
    - name: red
      engine: {url: "https://red:2376", tls: {ca: /ca, cert: /cert, key: /key}}
    - engine: {url: ssh://me@green, ssh: {key: /id, knownHosts: /known, socket: /run/other.sock}}
    - engine: {url: "tcp://10.0.0.1:2376", tls: {cert: /cert, key: /key}}
    - simulated://big?seed=7
    """
    assert pool(text).hosts == (
        HostSpec("local", EngineSpec("unix:///var/run/docker.sock")),
        HostSpec("10.0.0.1", EngineSpec("tcp://10.0.0.1:2375")),
        HostSpec("blue", EngineSpec("ssh://root@10.0.0.2:2222"), "blue.example", "b", {"disk": "ssd"}),
        HostSpec("red", EngineSpec("https://red:2376", tls_ca="/ca", tls_cert="/cert", tls_key="/key")),
        HostSpec("green", EngineSpec("ssh://me@green", ssh_key="/id", ssh_known_hosts="/known", ssh_socket="/run/other.sock")),
        HostSpec("10.0.0.1-2", EngineSpec("https://10.0.0.1:2376", tls_cert="/cert", tls_key="/key")),
        HostSpec("big", EngineSpec("simulated://big?seed=7")),
    )


@pytest.mark.parametrize("text", ["portRange: 21000-21999", "portRange: [21000, 21999]", "portRange: 21000 - 21999"])
def test_port_range(text: str) -> None:
    assert pool(f"hosts: ['unix:///a']\n{text}").ports == (21000, 21999)
    assert pool("hosts: ['unix:///a']").ports == (20_000, 29_999)


def test_a_file_of_clouds_alone_has_no_application() -> None:
    text = "services: [{type: docker-cloud, locationName: a, hosts: ['unix:///a']}, {type: docker-cloud, id: b, hosts: ['unix:///a']}]"
    blueprint = parse(text, "x.yaml", TYPES).blueprint
    assert blueprint.applications == ()
    assert [each.name for each in blueprint.pools] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hosts: []", "`hosts` is empty; list at least one engine"),
        ("zone: a", "`zone` is not a key of a docker-cloud"),
        ("hosts: unix:///a", "write a list"),
        ("hosts: [/var/run/docker.sock]", "for a socket write `unix:///var/run/docker.sock`"),
        ("hosts: ['unix://docker.sock']", "write three slashes"),
        ("hosts: ['http://a:1']", "for a plain connection write `tcp://a:1`"),
        ("hosts: ['tcp://a']", "has no port; add one, as :2376"),
        ("hosts: ['tcp://a:99999']", "is not an url"),
        ("hosts: ['tcp://[a:1']", "is not an url"),
        ("hosts: ['tcp://a:1/x']", "has more than host and port"),
        ("hosts: ['simulated://a?cores=x']", "cores=x is not a number; write for example cores=4"),
        ("hosts: ['simulated://a?cpus=3']", "unknown option 'cpus'; known are seed, cores, memory"),
        ("hosts: ['ftp://a']", "write one of unix://, tcp://, https://, ssh://"),
        ("hosts: ['a:1']", "is not an engine's url"),
        ("hosts: ['ssh://a']", "write ssh://user@host"),
        ("hosts: ['ssh://u:secret@a']", "has a password in it"),
        ("hosts: ['https://a:1']", "needs our client certificate"),
        (
            "hosts: [{engine: {url: 'https://a:1', tls: {cert: c, key: /k}}}]",
            "`cert` is `c`; write the path on the manager's machine from the root",
        ),
        ("hosts: [{engine: {url: 'unix:///a', tls: {cert: /c, key: /k}}}]", "`tls` does not go with unix://"),
        ("hosts: [{engine: {url: 'tcp://a:1', ssh: {key: /k}}}]", "`ssh` does not go with tcp://"),
        ("hosts: [{engine: {tls: {}}}]", "has no `url`"),
        ("hosts: [{name: a}]", "has no `engine`"),
        ("hosts: [[a]]", "a host cannot be a list"),
        ("hosts: ['unix:///a', 'unix:///a']", "engine `unix:///a` is also that of the host on line 4"),
        ("hosts: [{name: a, engine: 'unix:///a'}, {name: a, engine: 'unix:///b'}]", "name `a` is also that of the host on line 4"),
        ("hosts: [{name: a b, engine: 'unix:///a'}]", "name `a b` cannot stand in a path"),
        ("hosts: [{address: a b, engine: 'unix:///a'}]", "write a host name or an IP address"),
        ("hosts: ['unix:///a']\nportRange: 80-90", "write two ports from 1024"),
        ("hosts: ['unix:///a']\nportRange: 30000-20000", "write two ports"),
    ],
)
def test_wrong_clouds(text: str, words: str) -> None:
    found = pool_faults(text)
    assert any(words in each for each in found), found
    assert not any("secret" in each for each in found)


def test_names_of_clouds() -> None:
    assert "has no name" in fault("services: [{type: docker-cloud, hosts: ['unix:///a']}]")
    assert "built in; use another name" in fault("services: [{type: docker-cloud, name: local, hosts: ['unix:///a']}]")
    twice = "services:\n- {type: docker-cloud, name: a, hosts: ['unix:///a']}\n- {type: docker-cloud, name: a, hosts: ['unix:///b']}"
    assert "docker-cloud `a` is also on line 2" in fault(twice)
    assert "remove it, or add services" in fault("location: x\nservices: [{type: docker-cloud, name: a, hosts: ['unix:///a']}]")

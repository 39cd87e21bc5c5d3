"""Does each key of a container give its part of the spec, and each wrong value its fault?"""

import pytest

from clocker_actors.model.specs import ContainerSpec, ImageSpec, ProbeKind, ProbeSpec, Resources, VolumeKind, VolumeSpec
from tests.blueprint.reading import application, container, container_faults, fault, service

MIB = 1 << 20


def test_nothing_said_is_unprivileged_and_plain() -> None:
    assert container("") == ContainerSpec(ImageSpec("web:latest"))


def test_resources() -> None:
    assert container("cpus: 0.5\ncpuShares: 512\nmemory: 1.5g\npids: 10").resources == Resources(0.5, 512, 1536 * MIB, 10)


@pytest.mark.parametrize(
    ("text", "size"), [("64m", 64), ("64MB", 64), ("64MiB", 64), ("1g", 1024), ("67108864", 64), ("65536k", 64), ("64 m", 64)]
)
def test_sizes(text: str, size: int) -> None:
    assert container(f"memory: {text}").resources.memory == size * MIB


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("5m", 300), ("1h30m", 5400), ("2 min 5 s", 125), ("7", 7), ("0.5", 0.5), ("1.5s", 1.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert service(f"type: docker:web\nstartTimeout: {text}").start_timeout == seconds


def test_environment_keeps_values_as_written() -> None:
    expected = {"A": "1.10", "B": "true", "C": "", "D": "a=b", "E": "0x10"}
    assert container('env: {A: 1.10, B: true, C: "", D: a=b, E: 0x10}').env == expected
    assert container('env: [A=1.10, B=true, "C=", D=a=b, E=0x10]').env == expected


def test_words() -> None:
    found = container("command: httpd -f 'a b'\nentrypoint: [sh, -c, exit 3]")
    assert (found.command, found.entrypoint) == (("httpd", "-f", "a b"), ("sh", "-c", "exit 3"))
    assert container("command: []").command == ()


def test_mounts() -> None:
    text = """\
    volumes:
    - data:/var/lib/db
    - /srv/www:/www:ro
    - /var/cache
    - {kind: tmpfs, target: /scratch}
    - {source: other, target: /other, readOnly: true}
    volumeMappings: {/etc/hosts: /hosts}
    tmpfs: /run
    """
    assert container(text).volumes == (
        VolumeSpec(VolumeKind.VOLUME, "data", "/var/lib/db"),
        VolumeSpec(VolumeKind.BIND, "/srv/www", "/www", read_only=True),
        VolumeSpec(VolumeKind.VOLUME, "var-cache", "/var/cache"),
        VolumeSpec(VolumeKind.TMPFS, "", "/scratch"),
        VolumeSpec(VolumeKind.VOLUME, "other", "/other", read_only=True),
        VolumeSpec(VolumeKind.BIND, "/etc/hosts", "/hosts"),
        VolumeSpec(VolumeKind.TMPFS, "", "/run"),
    )


@pytest.mark.parametrize(
    ("text", "probe"),
    [
        ("{http: 80}", ProbeSpec(ProbeKind.HTTP, 80)),
        ("{http: 80/health?x=1}", ProbeSpec(ProbeKind.HTTP, 80, "/health?x=1")),
        ("{httpGet: {port: 80, path: /a}, periodSeconds: 5, failureThreshold: 1}", ProbeSpec(ProbeKind.HTTP, 80, "/a", (), 5, 2, 1)),
        ("{tcp: 80, timeout: 500ms}", ProbeSpec(ProbeKind.TCP, 80, timeout=0.5)),
        ("{exec: [test, -e, /ok]}", ProbeSpec(ProbeKind.EXEC, command=("test", "-e", "/ok"))),
        ("{exec: {command: test -e /ok}}", ProbeSpec(ProbeKind.EXEC, command=("test", "-e", "/ok"))),
    ],
)
def test_probes(text: str, probe: ProbeSpec) -> None:
    found = container(f"ports: [80]\nreadiness: {text}\nhealth: {text}")
    assert found.readiness == found.health == probe


def test_capabilities() -> None:
    for text in ("capabilities: {add: [CAP_NET_RAW, chown], drop: ALL}", "capAdd: [net_raw, CHOWN, CHOWN]\ncap_drop: [all]"):
        found = container(text)
        assert (found.capabilities_add, found.capabilities_drop) == (("NET_RAW", "CHOWN"), ("ALL",))


def test_the_rest() -> None:
    text = "restart: on-failure:3\nuser: 1000:1000\nread_only: yes\ninit: on\nstopSignal: SIGQUIT\nnetwork: none\nprivileged: true\nlabels: [a=b]"
    found = container(text)
    assert (found.restart, found.user, found.read_only, found.init) == ("on-failure:3", "1000:1000", True, True)
    assert (found.stop_signal, found.network, found.privileged, found.labels) == ("SIGQUIT", "none", True, {"a": "b"})
    assert container("restart: no").restart == container("restart: false").restart == "no"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cpus: .inf", "write a number from 0.01 to 1024"),
        ("cpus: 1025", "out of range"),
        ("memory: 5m", "out of range; write a value from 6 MiB to 1 PiB"),
        ("memory: [1]", "`memory` has a list"),
        ("memory: 1z", "write a size"),
        ("cpuShares: 1", "from 2 to 262144"),
        ("cpuShares: 1.5", "write a whole number"),
        ("pids: true", "write a whole number"),
        ("stopTimeout: -1s", "write a duration such as 250ms"),
        ("stopTimeout: 5 fortnights", "write a duration"),
        ("stopTimeout: 2h", "out of range"),
        ("env: {A: }", '`A` of `env` has no value; write ""'),
        ("env: {A: [b]}", "`A` of `env` has a list; write a string"),
        ("env: [A]", "write NAME=value"),
        ("env: A=b", "`env` has `A=b`; write a map"),
        ("command: 'a b", "not YAML"),
        ('command: "a \'b"', "cannot be split into words (no closing quotation)"),
        ("command: {a: b}", "write a string"),
        ("volumes: [a/b:/c]", "`a/b` is not a volume's name"),
        ("volumes: [./a:/c]", "`./a` is not a path of the host"),
        ("volumes: ['a:b']", "`b` is not a path to mount at"),
        ("volumes: ['a:/']", "below the root"),
        ("volumes: ['a:/x', 'b:/x']", "`/x` already has a mount on line 3"),
        ("volumes: ['a:/x:rx']", "is not a mount"),
        ("volumes: [{source: a}]", "has no `target`"),
        ("volumes: {a: /b}", "has a map; write a list"),
        ("readiness: 80", "`readiness` has `80`; write a map with keys such as http, tcp, exec"),
        ("readiness: {}", "needs one of `http`, `tcp` and `exec`"),
        ("ports: [80]\nreadiness: {http: 80, tcp: 80}", "needs one of"),
        ("readiness: {http: 81}", "port 81 is probed but not published; add `- 81` to `ports`"),
        ("ports: [80]\nreadiness: {tcp: 80/x}", "write a port alone"),
        ("ports: [80]\nreadiness: {http: {port: 80, path: x}}", "begins with `/`"),
        ("readiness: {http: {path: /}}", "has no `port`"),
        ("readiness: {exec: []}", "`exec` has no words"),
        ("ports: [80]\nreadiness: {http: 80, period: 0}", "out of range"),
        ("network: none\nreadiness: {tcp: 80}", "probe it with `exec`"),
        ("network: none\nports: [80]", "cannot publish ports"),
        ("network: mesh", "write one of bridge, host, none"),
        ("restart: sometimes", "write one of no, always"),
        ("user: a b", "write a user"),
        ("stopSignal: please", "write a signal"),
        ("privileged: yes", "only given for the plain word true"),
        ("privileged: 'true'", "only given for the plain word true"),
        ("privileged: 1", "only given for the plain word true"),
        ("capAdd: [NET_ADMN]", "did you mean `NET_ADMIN`"),
        ("capabilities: {add: [CHOWN]}\ncapAdd: [CHOWN]", "said twice"),
        ("image: other", "a second time, after `type`"),
        ("healing: 2", "write true or false"),
    ],
)
def test_wrong_values(text: str, words: str) -> None:
    (found,) = container_faults(text)
    assert words in found
    assert found.startswith(("shop.yaml:3:", "shop.yaml:4:"))


def test_health_of_a_sensor_becomes_an_enricher() -> None:
    text = "services:\n- {type: docker:web, id: web, ports: [80], health: {sensor: cpu.mean, less-than: 90, failures: 2}}\n"
    (web,) = application(text).services
    assert web.container is not None and web.container.health is None
    (check,) = web.enrichers
    assert (check.type, check.name) == ("sensor-check", "health")
    assert check.config == {"sourceSensor": "cpu.mean", "predicate": {"less-than": 90}, "failures": 2}


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ("{sensor: cpu.meen}", "`cpu.meen` is not a sensor of `web`; did you mean `cpu.mean`"),
        ("{sensor: cpu.mean, less-thn: 9}", "`less-thn` is not a test of a predicate; write less-than"),
        ("{sensor: cpu.mean, failures: 0}", "out of range"),
        ("{sensor: [a]}", "`sensor` has a list"),
    ],
)
def test_health_of_a_sensor_that_cannot_be(health: str, told: str) -> None:
    assert told in fault(f"services:\n- {{type: docker:web, id: web, health: {health}}}\n")

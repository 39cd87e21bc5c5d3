"""What does a container get, and what not? And are image references read as Docker reads them?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.allowances import DROPPED
from clocker_actors.drivers.docker.observe import after
from clocker_actors.drivers.docker.requests import container, reference, resources
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.specs import ContainerSpec, ImageSpec, PortSpec, Resources, VolumeKind, VolumeSpec

DIGEST = "sha256:" + "0" * 64


def _request(spec: ContainerSpec, **rest: dict[str, int] | dict[str, str]) -> ContainerRequest:
    return ContainerRequest("c", "web:1", spec, {"a": "b"}, **rest)  # type: ignore[arg-type]


def _host(spec: ContainerSpec) -> dict[str, object]:
    host = container(_request(spec))["HostConfig"]
    assert isinstance(host, dict)
    return host


@pytest.mark.parametrize(
    ("text", "name", "tag"),
    [
        ("web", "web", "latest"),
        ("web:1", "web", "1"),
        ("a/b/web:1", "a/b/web", "1"),
        ("localhost:5000/web", "localhost:5000/web", "latest"),
        ("reg.example:5000/a/web:1.2-x", "reg.example:5000/a/web", "1.2-x"),
        (f"web@{DIGEST}", "web", DIGEST),
        (f"reg:5000/web:1@{DIGEST}", "reg:5000/web", DIGEST),
    ],
)
def test_references(text: str, name: str, tag: str) -> None:
    assert reference(text) == (name, tag)


@given(
    st.from_regex(r"([a-z]{1,5}(:[0-9]{2,4})?/)?([a-z]{1,5}/){0,2}[a-z]{1,8}", fullmatch=True),
    st.from_regex(r"[a-z0-9.]{1,6}", fullmatch=True),
)
def test_name_and_tag_come_apart_as_they_went_together(name: str, tag: str) -> None:
    assert reference(f"{name}:{tag}") == (name, tag)


def test_nothing_is_privileged_unless_asked() -> None:
    plain = _host(ContainerSpec(ImageSpec("web")))
    assert (plain["Privileged"], plain["SecurityOpt"]) == (False, ["no-new-privileges"])
    assert "SecurityOpt" not in _host(ContainerSpec(ImageSpec("web"), privileged=True))


def test_what_engines_give_and_few_need_is_dropped_unless_it_is_added() -> None:
    def rights(**given: object) -> tuple[object, object]:
        host = _host(ContainerSpec(ImageSpec("web"), **given))  # type: ignore[arg-type]
        return host["CapAdd"], host["CapDrop"]

    assert rights() == ([], list(DROPPED))
    assert rights(capabilities_add=("NET_RAW", "SYS_TIME")) == (["NET_RAW", "SYS_TIME"], [name for name in DROPPED if name != "NET_RAW"])
    assert rights(capabilities_drop=("CHOWN", "MKNOD")) == ([], ["CHOWN", "MKNOD", *(name for name in DROPPED if name != "MKNOD")])
    assert rights(capabilities_drop=("ALL",), capabilities_add=("CHOWN",)) == (["CHOWN"], ["ALL"])
    assert rights(capabilities_add=("ALL",), capabilities_drop=("MKNOD",)) == (["ALL"], ["MKNOD"])
    assert rights(privileged=True) == ([], [])


def test_what_is_not_said_is_left_to_the_image() -> None:
    body = container(_request(ContainerSpec(ImageSpec("web"))))
    assert not {"Cmd", "Entrypoint", "User", "StopSignal", "Hostname"} & body.keys()
    said = container(_request(ContainerSpec(ImageSpec("web"), command=(), entrypoint=("a", "b"))))
    assert (said["Cmd"], said["Entrypoint"]) == ([], ["a", "b"])


def test_ports_are_bound_and_exposed() -> None:
    spec = ContainerSpec(ImageSpec("web"), ports=(PortSpec(80), PortSpec(53, protocol="udp")))
    body = container(_request(spec, ports={"80/tcp": 20_001, "8080/tcp": 0}))
    assert body["ExposedPorts"] == {"53/udp": {}, "80/tcp": {}, "8080/tcp": {}}
    host = body["HostConfig"]
    assert isinstance(host, dict)
    assert host["PortBindings"] == {"80/tcp": [{"HostPort": "20001"}], "8080/tcp": [{"HostPort": ""}]}


def test_mounts_of_each_kind() -> None:
    spec = ContainerSpec(
        ImageSpec("web"),
        volumes=(
            VolumeSpec(VolumeKind.VOLUME, "data", "/data"),
            VolumeSpec(VolumeKind.BIND, "/srv", "/srv", read_only=True),
            VolumeSpec(VolumeKind.TMPFS, "", "/tmp"),
        ),
    )
    host = container(_request(spec, volume_names={"data": "clocker.x.data"}))["HostConfig"]
    assert isinstance(host, dict)
    assert host["Mounts"] == [
        {"Type": "volume", "Source": "clocker.x.data", "Target": "/data", "ReadOnly": False},
        {"Type": "bind", "Source": "/srv", "Target": "/srv", "ReadOnly": True},
        {"Type": "tmpfs", "Target": "/tmp", "ReadOnly": False},
    ]


@pytest.mark.parametrize(("said", "name", "count"), [("no", "no", 0), ("always", "always", 0), ("on-failure:3", "on-failure", 3)])
def test_restart_policies(said: str, name: str, count: int) -> None:
    assert _host(ContainerSpec(ImageSpec("web"), restart=said))["RestartPolicy"] == {"Name": name, "MaximumRetryCount": count}


def test_memory_never_goes_without_swap_and_none_is_left_out() -> None:
    assert resources(Resources()) == {}
    assert resources(Resources(0.25, 512, 64, 9)) == {
        "NanoCpus": 250_000_000,
        "CpuShares": 512,
        "Memory": 64,
        "MemorySwap": 64,
        "PidsLimit": 9,
    }


@given(st.integers(0, 2**33), st.integers(0, 999_999_999))
def test_a_cursor_goes_on_one_nanosecond_later(seconds: int, nanoseconds: int) -> None:
    whole, _, fraction = after(f"{seconds}.{nanoseconds:09d}").partition(".")
    assert int(whole) * 10**9 + int(fraction) == seconds * 10**9 + nanoseconds + 1
    assert len(fraction) == 9

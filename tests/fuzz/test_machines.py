"""Whatever a machine says over SSH, of itself or while Docker is installed on it, and whatever a cloud lists: a value in our words, or an error of ours."""

import asyncio
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from libcloud.compute.base import NodeImage, NodeSize

from clocker_actors.drivers.cloud import kinds
from clocker_actors.drivers.cloud.faults import fault, is_gone
from clocker_actors.drivers.installing import Authority, EngineInstaller
from clocker_actors.drivers.machine import SshMachine
from clocker_actors.drivers.ssh import Connection
from clocker_actors.errors import ClockerError, EngineUnavailable, InstallFailed
from clocker_actors.ports.installer import InstallOptions
from clocker_actors.ports.shell import Ran
from clocker_actors.telemetry.calls import Calls
from tests.fuzz.answers import ANYTHING

if TYPE_CHECKING:
    from libcloud.compute.base import Node

WORDS = st.sampled_from(
    [
        "systemd",
        "none",
        "sysv",
        "ID=debian",
        'ID="debian',
        "ID_LIKE=fedora",
        "24.0.7 1.43",
        "20.10 1.x",
        "1.²",
        "docker.io docker-cli",
        "{}",
        "[1]",
        '{"hosts": 3}',
        "[" * 5000,
        "Filesystem 1024-blocks Used Available\n/dev 1 2 3 4",
        "a\nb c d e f g",
        "a\nb c d ² f",
        "1" * 5000,
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "\x00",
        "done",
        "true",
    ]
)
SAID = st.one_of(WORDS, st.text(max_size=40), st.lists(WORDS, max_size=3).map("\n".join))
RAN = st.builds(Ran, st.sampled_from([0, 0, 0, 1, 127, -1]), SAID, SAID)


class Saying:
    """A machine that says one thing after the other, whatever it is asked, and then nothing any more."""

    def __init__(self, answers: list[Ran]) -> None:
        self._answers = answers

    def __str__(self) -> str:
        return "ssh://somebody"

    async def run(self, command: str, limit: float, stdin: bytes = b"") -> Ran:
        return self._answers.pop(0) if self._answers else Ran(1, "", "")

    async def put(self, path: str, content: bytes, mode: int) -> None:
        """It takes everything."""

    async def close(self) -> None:
        """Nothing is open."""


@settings(max_examples=150, deadline=None)
@given(answers=st.lists(RAN, max_size=14), tls=st.booleans())
def test_whatever_is_said_while_docker_is_installed(answers: list[Ran], tls: bool) -> None:
    authority = _authority()
    options = InstallOptions(user="admin", tls_for=("10.0.0.1",) if tls else (), lock_limit=0.0, start_limit=0.0)
    told: list[str] = []
    try:
        asyncio.run(EngineInstaller(lambda: authority).install(Saying(answers), options, told.append))
    except InstallFailed as failed:
        assert str(failed)


@settings(max_examples=100, deadline=None)
@given(
    said=st.one_of(
        SAID,
        st.tuples(SAID, SAID, SAID, SAID).map("\n".join),
        st.just("nan 1 1\ninf 1\nF\nd 1 2 3"),
        st.just("0.1 0.2\n5.5 6\nF\nd 1 2 " + "9" * 5000),
    )
)
def test_whatever_vitals_are_said(said: str) -> None:
    class Line:
        address = "ssh://somebody"

        async def run(self, command: str, limit: float) -> str:
            return said

    try:
        found = asyncio.run(SshMachine(cast("Connection", Line()), Calls()).vitals())
    except EngineUnavailable:
        return
    assert found.load >= 0 and found.uptime >= 0 and found.disk_free >= 0
    assert max(found.load, found.uptime) < float("inf")


EXTRA = st.dictionaries(
    st.sampled_from(["cpu", "vcpus", "status", "tags", "metadata", "architecture", "creation_date", "block_device_mapping"]),
    ANYTHING,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(extra=EXTRA, one=ANYTHING, two=ANYTHING, three=ANYTHING)
def test_whatever_a_cloud_lists(extra: dict[str, object], one: object, two: object, three: object) -> None:
    driver = SimpleNamespace(api_name="ec2_eu_west", name="EC2")
    size = NodeSize(one, two, three, one, two, three, driver, extra)  # type: ignore[arg-type]
    found = kinds.size_of(size)
    assert 0 <= found.ram < float("inf") and 0 <= found.price < float("inf") and 0 <= found.cores < float("inf")
    kinds.image_of(NodeImage(one, two, driver, extra))  # type: ignore[arg-type]
    node = SimpleNamespace(id=one, name=two, state=three, public_ips=[one], private_ips=[two], created_at=None, extra=extra)
    kinds.node_of(cast("Node", node))
    kinds.tags_of_name(str(one))


@settings(max_examples=100, deadline=None)
@given(words=st.text(max_size=60), code=ANYTHING, after=ANYTHING)
def test_whatever_a_cloud_refuses_with(words: str, code: object, after: object) -> None:
    error = Exception(words)
    error.code, error.retry_after = code, after  # type: ignore[attr-defined]
    assert isinstance(fault("ec2", "create_node", error), ClockerError)
    is_gone(error)


_MADE: list[Authority] = []


def _authority() -> Authority:
    if not _MADE:
        with tempfile.TemporaryDirectory() as folder:
            _MADE.append(Authority(Path(folder)))
    return _MADE[0]

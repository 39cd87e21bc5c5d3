"""What may a container do beyond what new ones may? Read from the engine, so that it is true of those of an earlier release, too."""

import msgspec
import pytest

from clocker_actors.allowances import DROPPED
from clocker_actors.drivers.docker import wire
from clocker_actors.drivers.docker.observe import inspected


@pytest.mark.parametrize(
    ("host", "rights"),
    [
        ({"CapDrop": list(DROPPED)}, ""),
        ({"CapDrop": [f"CAP_{name}" for name in DROPPED], "CapAdd": None}, ""),
        ({}, "also AUDIT_WRITE, MKNOD, NET_RAW, SETFCAP, SETPCAP, SYS_CHROOT"),
        ({"CapDrop": list(DROPPED), "CapAdd": ["CAP_NET_RAW", "CHOWN"]}, "also NET_RAW"),
        ({"CapDrop": ["ALL"], "CapAdd": ["NET_BIND_SERVICE"]}, ""),
        ({"CapDrop": ["ALL"], "Privileged": True}, "privileged: all that its host can"),
    ],
)
def test_rights(host: dict[str, object], rights: str) -> None:
    found = msgspec.json.decode(msgspec.json.encode({"Id": "c", "HostConfig": host}), type=wire.Inspected)
    assert inspected(found).rights == rights

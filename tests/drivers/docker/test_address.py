"""Are engine urls read, and wrong ones refused with what would be right?"""

import pytest

from clocker_actors.drivers.docker.address import Address, parse
from clocker_actors.errors import BadRequest
from clocker_actors.model.specs import EngineSpec


@pytest.mark.parametrize(
    ("url", "address", "base"),
    [
        ("unix:///run/docker.sock", Address("unix", "", 0, "", "/run/docker.sock"), "http://docker"),
        ("tcp://10.0.0.1", Address("tcp", "10.0.0.1", 2375, "", ""), "http://10.0.0.1:2375"),
        ("https://h:1234", Address("https", "h", 1234, "", ""), "https://h:1234"),
        ("https://[fd00::1]", Address("https", "fd00::1", 2376, "", ""), "https://[fd00::1]:2376"),
        ("ssh://ann@h", Address("ssh", "h", 22, "ann", "/var/run/docker.sock"), "http://docker"),
        ("ssh://h:2222", Address("ssh", "h", 2222, "", "/var/run/docker.sock"), "http://docker"),
    ],
)
def test_urls(url: str, address: Address, base: str) -> None:
    assert parse(EngineSpec(url)) == address
    assert address.base == base


@pytest.mark.parametrize(
    "url", ["", "docker", "unix://", "ftp://h", "tcp://", "ssh://", "tcp://h:port", "tcp://h:99999999", "https://[::1"]
)
def test_wrong_urls(url: str) -> None:
    with pytest.raises(BadRequest, match="unix:///path"):
        parse(EngineSpec(url))

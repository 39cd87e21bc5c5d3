"""Can an engine be reached the three ways the product knows: unix socket, TCP with client certificates, SSH?"""

from __future__ import annotations

import ssl
from pathlib import Path

import aiodocker
import aiohttp
import asyncssh
import pytest

from tests.bed import Bed

pytestmark = pytest.mark.real


async def _name_at(url: str, connector: aiohttp.BaseConnector) -> str:
    async with connector, aiodocker.Docker(url, connector=connector) as docker:
        info = await docker.system.info()
        return str(info["Name"])


async def test_plain_tcp_and_unix(bed3: Bed) -> None:
    host = bed3.hosts[0]
    tcp = host.tcp_url.replace("tcp://", "http://")
    assert await _name_at(tcp, aiohttp.TCPConnector()) == host.name
    assert await _name_at("http://docker", aiohttp.UnixConnector(str(host.socket))) == host.name


async def test_client_certificates() -> None:
    async with Bed(hosts=2, tls=True) as bed:
        for host in bed.hosts:
            assert host.certificate is not None
            trusted = ssl.create_default_context(cafile=host.certificate.ca)
            trusted.load_cert_chain(host.certificate.certificate, host.certificate.key)
            assert await _name_at(host.tcp_url, aiohttp.TCPConnector(ssl=trusted)) == host.name
            nobody = ssl.create_default_context(cafile=host.certificate.ca)
            with pytest.raises((aiodocker.DockerError, aiohttp.ClientError, OSError)):
                await _name_at(host.tcp_url, aiohttp.TCPConnector(ssl=nobody))


async def test_ssh_forwards_the_engine_socket_even_after_a_power_cut(tmp_path: Path) -> None:
    async with Bed() as bed:
        host = bed.hosts[0]
        access = await host.start_sshd()
        assert await host.start_sshd() == access
        for _ in range(2):
            async with (
                asyncssh.connect(
                    access.host,
                    access.port,
                    username=access.user,
                    client_keys=[str(access.key)],
                    known_hosts=asyncssh.import_known_hosts(access.known_hosts),
                    config=None,
                    agent_path=None,
                    connect_timeout=3,
                ) as entered,
                await entered.forward_local_path(str(tmp_path / "s"), access.socket),
            ):
                assert await _name_at("http://docker", aiohttp.UnixConnector(str(tmp_path / "s"))) == host.name
                hostname = await entered.run("hostname", check=True)
                assert hostname.stdout == f"{host.name}\n"
            (tmp_path / "s").unlink(missing_ok=True)
            await host.power_cut()
            await host.power_on()

"""The TCP door with TLS: certificates are verified, read again when they change, and refused when they will not do."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clocker_actors import errors
from clocker_actors.admin import tcp
from clocker_actors.admin.client import Client
from clocker_actors.admin.tls import Certificate
from clocker_actors.daemon import _loop
from tests.admin.house import House, open_house

pytestmark = pytest.mark.real_loop


class Pair:
    """A certificate that signs itself, and its key, in a folder of its own."""

    def __init__(self, folder: Path, number: int, address: str = "127.0.0.1") -> None:
        folder.mkdir(exist_ok=True)
        self.certificate, self.key = folder / "door.pem", folder / "door-key.pem"
        self.write(number, address)

    def write(self, number: int, address: str = "127.0.0.1") -> None:
        """Make them anew; `number` is the serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "door")])
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), number, now - timedelta(days=1), now + timedelta(days=1))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.key.write_bytes(pem)
        self.key.chmod(0o600)
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    @property
    def loaded(self) -> Certificate:
        return Certificate(self.certificate, self.key)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Number one."""
    return Pair(tmp_path / "tls", 1)


@pytest_asyncio.fixture
async def door(tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A daemon whose TCP door speaks TLS, for any address."""
    monkeypatch.setattr(tcp, "HANDSHAKE_LIMIT", 0.3)
    async with open_house(tmp_path, listen="0.0.0.0:0", certificate=pair.loaded) as house:
        yield house


def serial(port: int, pair: Pair) -> int:
    """The number of the certificate that is shown."""
    with socket.create_connection(("127.0.0.1", port), 5) as raw, _context(pair).wrap_socket(raw, server_hostname="127.0.0.1") as found:
        shown = found.getpeercert(binary_form=True)
        assert shown is not None and found.version() in {"TLSv1.2", "TLSv1.3"}
        return x509.load_der_x509_certificate(shown).serial_number


def _context(pair: Pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair.certificate))


async def test_the_client_comes_in_and_follows_and_who_is_not_verified_is_said(door: House, pair: Pair, tmp_path: Path) -> None:
    token = await door.token()
    url = f"https://127.0.0.1:{door.door.port}"

    def use() -> list[object]:
        with Client(url, token, str(pair.certificate)) as client:
            past = [event.kind for event in client.events(latest=2, follow=False)]
            return [client.items("/v1/entities", path="shop")[0]["uid"], len(past)]

    assert await asyncio.to_thread(use) == ["a1", 2]

    def tell(url: str, ca: Path | str) -> str:
        with pytest.raises(errors.ClockerError) as told, Client(url, token, str(ca)) as client:
            client.get("/v1/applications")
        return str(told.value)

    other = Pair(tmp_path / "other", 2)
    named = Pair(tmp_path / "named", 3, "192.0.2.1")
    assert "CLOCKER_CA" in await asyncio.to_thread(tell, url, other.certificate)
    assert "CLOCKER_CA" in await asyncio.to_thread(tell, url, "")
    assert "CLOCKER_CA" in await asyncio.to_thread(tell, url, tmp_path / "nothing")
    assert "plain text" in await asyncio.to_thread(tell, "http://manager.example.org:8440", "")
    pair.certificate.write_bytes(named.certificate.read_bytes())
    pair.key.write_bytes(named.key.read_bytes())
    assert "match" in await asyncio.to_thread(tell, url, named.certificate)
    # whoever speaks in plain text to it gets nothing
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.HTTPError):
            await http.get(f"http://127.0.0.1:{door.door.port}/healthz", headers={"Authorization": f"Bearer {token}"})
    assert not door.invoked


async def test_files_that_change_are_read_again_and_wrong_ones_are_not_used(door: House, pair: Pair) -> None:
    port = door.door.port
    assert await asyncio.to_thread(serial, port, pair) == 1
    pair.write(2)
    assert await asyncio.to_thread(serial, port, pair) == 2
    whole, key = pair.certificate.read_bytes(), pair.key.read_bytes()
    old = _context(pair)
    for broken in (
        lambda: pair.key.write_bytes(b"no key"),
        pair.key.unlink,
        lambda: Pair(pair.key.parent, 9).certificate.write_bytes(whole),
    ):
        broken()

        def see() -> int:
            with socket.create_connection(("127.0.0.1", port), 5) as raw, old.wrap_socket(raw, server_hostname="127.0.0.1") as found:
                return x509.load_der_x509_certificate(found.getpeercert(binary_form=True) or b"").serial_number

        assert await asyncio.to_thread(see) == 2
    pair.certificate.write_bytes(whole)
    pair.key.write_bytes(key)
    pair.key.chmod(0o600)
    assert await asyncio.to_thread(serial, port, pair) == 2


async def test_who_does_not_shake_hands_is_let_go(door: House) -> None:
    assert door.door.tcp is not None
    lines = [await asyncio.open_connection("127.0.0.1", door.door.port) for _ in range(5)]
    lines[0][1].write(b"GET / HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(5):
        await asyncio.gather(*(reader.read() for reader, _ in lines), return_exceptions=True)
    for _, writer in lines:
        writer.close()
    for _ in range(200):
        if not door.door.tcp.crowd:
            return
        await asyncio.sleep(0.01)
    pytest.fail("they are still there")


def test_old_versions_are_not_spoken(pair: Pair) -> None:
    assert pair.loaded.context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_files_that_will_not_do_are_refused(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match="cannot be used"):
        Certificate(tmp_path / "nothing", pair.key)
    with pytest.raises(errors.SettingsError, match="cannot be used"):
        Certificate(pair.certificate, Pair(tmp_path / "other", 2).key)
    pair.key.chmod(0o644)
    with pytest.raises(errors.SettingsError, match="chmod 600"):
        Certificate(pair.certificate, pair.key)


def test_it_is_so_on_the_loop_of_production(tmp_path: Path, pair: Pair) -> None:
    """Which is another one where it exists, with transports of its own."""

    async def use() -> tuple[int, int]:
        async with open_house(tmp_path, listen="0.0.0.0:0", certificate=pair.loaded) as house:
            headers = {"Authorization": f"Bearer {await house.token()}"}
            async with httpx.AsyncClient(verify=_context(pair), base_url=f"https://127.0.0.1:{house.door.port}") as http:
                good, bad = await http.get("/v1/applications", headers=headers), await http.get("/v1/applications")
                async with http.stream("GET", "/v1/events", headers=headers) as answer:
                    await house.context.tokens.revoke("ci")
                    async for _ in answer.aiter_raw():
                        pass
            silent, writer = await asyncio.open_connection("127.0.0.1", house.door.port)
            assert house.door.tcp is not None
            await asyncio.sleep(0.05)
            assert house.door.tcp.crowd >= 1
        async with asyncio.timeout(5):
            await silent.read()
        writer.close()
        return good.status_code, bad.status_code

    with asyncio.Runner(loop_factory=_loop) as runner:
        assert runner.run(use()) == (200, 401)

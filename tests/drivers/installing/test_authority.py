"""Does the authority's folder hold what TLS accepts, the same each time, for nobody else's eyes?"""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clocker_actors.drivers.installing import Authority, client_files
from clocker_actors.errors import StoreFault


def _shake_hands(authority: Authority, own: Path, folder: Path, name: str) -> None:
    """A TLS handshake in memory, both sides checked."""
    signed = authority.server((name, "host.example"))
    (folder / "cert.pem").write_bytes(signed.certificate)
    (folder / "key.pem").write_bytes(signed.key)
    ours = client_files(own)
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(ours.ca))
    serving.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    serving.load_verify_locations(ours.ca)
    serving.verify_mode = ssl.CERT_REQUIRED
    asking.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    asking.load_cert_chain(ours.certificate, ours.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    done = {client: False, server: False}
    for _ in range(6):
        for side in done:
            try:
                side.do_handshake()
                done[side] = True
            except ssl.SSLWantReadError:
                continue
    assert all(done.values())


@pytest.mark.parametrize("name", ["198.18.0.11", "host.example", "2001:db8::1"])
def test_both_sides_believe_each_other(tmp_path: Path, name: str) -> None:
    _shake_hands(Authority(tmp_path / "own"), tmp_path / "own", tmp_path, name)


def test_another_authority_is_not_believed(tmp_path: Path) -> None:
    one, two = Authority(tmp_path / "one"), Authority(tmp_path / "two")
    (tmp_path / "one" / "ca.pem").write_bytes(two.ca)
    with pytest.raises(ssl.SSLError):
        _shake_hands(one, tmp_path / "one", tmp_path, "198.18.0.11")


def test_all_stays_the_same_until_it_nears_its_end(tmp_path: Path) -> None:
    one = Authority(tmp_path)
    client = client_files(tmp_path).certificate
    ours = client.read_bytes()
    signed = one.server(["a", "198.18.0.11"]).certificate
    again = Authority(tmp_path)
    assert again.ca == one.ca and client.read_bytes() == ours
    assert again.knows(signed, ["a"]) and again.knows(signed, ["198.18.0.11", "a"])
    late = Authority(tmp_path, datetime.now(UTC) + timedelta(days=730 - 10))
    assert late.ca == one.ca and client.read_bytes() != ours
    assert not late.knows(signed, ["a"])


def test_certificates_that_an_engine_should_not_go_on_with(tmp_path: Path) -> None:
    one, two = Authority(tmp_path / "one"), Authority(tmp_path / "two")
    signed = one.server(["a"]).certificate
    assert not one.knows(signed, ["a", "198.18.0.11"]), "for another address"
    assert not two.knows(signed, ["a"]), "of somebody else"
    assert not one.knows(one.ca, ["a"]) and not one.knows(b"nonsense", ["a"]) and not one.knows(b"", ["a"])


def test_only_we_can_read_the_keys(tmp_path: Path) -> None:
    Authority(tmp_path / "own").server(["a"])
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "own").iterdir()} == {0o600}


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="check the folder"):
        Authority(tmp_path / "file" / "below")
    Authority(tmp_path / "own")
    (tmp_path / "own" / "client.pem").write_text("nonsense")
    with pytest.raises(StoreFault, match="cannot be read"):
        Authority(tmp_path / "own")

"""The TCP door: nobody without a token, a token's name as principal, and files of tokens that are refused."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from clocker_actors.admin.auth import Token, Tokens, read_tokens
from clocker_actors.errors import SettingsError
from tests.admin.house import House, open_house

SECRET = "a-token-of-good-length"


@pytest_asyncio.fixture
async def open_door(tmp_path: Path) -> AsyncIterator[House]:
    """A daemon that listens on TCP too."""
    tokens = Tokens((Token("ci", hashlib.sha256(SECRET.encode()).digest()),))
    async with open_house(tmp_path, listen="127.0.0.1:0", tokens=tokens) as house:
        yield house


@pytest.mark.real_loop
@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer \xff"])
async def test_nobody_comes_in_without_a_token(open_door: House, header: str | None) -> None:
    headers = {b"Authorization": header.encode("latin-1")} if header else {}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{open_door.door.port}", headers=headers) as http:
        for path in ("/v1/applications", "/metrics", "/docs", "/openapi.json", "/v1/events"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["error"]["kind"]) == (401, "Unauthorized")
        assert (await http.get("/healthz")).status_code == 200


@pytest.mark.real_loop
async def test_the_name_of_the_token_is_the_principal(open_door: House) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{open_door.door.port}", headers=headers) as http:
        assert (await http.post("/v1/entities/c2/effectors/start")).status_code == 202
    assert open_door.invoked[0].cause.principal == "ci"


@pytest.mark.real_loop
async def test_a_token_is_not_needed_on_the_unix_socket(open_door: House) -> None:
    async with open_door.client() as http:
        assert (await http.get("/v1/applications")).status_code == 200


def test_tokens_are_read_from_a_file_of_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# for the build\nci {SECRET}\n\nanother-long-enough-token\n")
    path.chmod(0o600)
    tokens = read_tokens(path)
    assert tokens.name_of(SECRET) == "ci"
    assert tokens.name_of("another-long-enough-token") == "token"
    assert tokens.name_of("") is None


@pytest.mark.parametrize(("text", "mode", "words"), [("", 0o600, "no token"), ("short", 0o600, "at least"), (SECRET, 0o644, "chmod 600")])
def test_a_bad_file_of_tokens_is_refused(tmp_path: Path, text: str, mode: int, words: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=words):
        read_tokens(path)


def test_a_missing_file_of_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_tokens(tmp_path / "nothing")

"""Tokens: what opens the TCP door, what is kept of it, and when it opens nothing any more."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.admin.tokens import MOST, PREFIX, Tokens
from clocker_actors.errors import BadRequest, Conflict, NotFound, StoreFault
from clocker_actors.model.tokens import TOKEN_KIND, Scope
from clocker_actors.store.sqlite import SqliteStore
from tests.admin.house import House, open_house

pytestmark = pytest.mark.real_loop


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[House]:
    """A daemon that listens on TCP too."""
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        yield house


async def test_nobody_comes_in_without_a_token(door: House) -> None:
    token = await door.token()
    tried = (None, "Bearer wrong", "Basic {}", "Bearer {}x", "Bearer \xff", "Bearer", "{}")
    for number, header in enumerate(tried):
        sent = {b"Authorization": header.format(token).encode("latin-1")} if header else None
        async with door.visitor(source=f"127.0.0.{number + 2}") as http:
            http.headers.update(sent)
            for path in ("/v1/applications", "/metrics", "/docs", "/openapi.json", "/v1/events", "/nothing/at/all"):
                answer = await http.get(path)
                assert (answer.status_code, answer.json()["error"]["kind"]) == (401, "Unauthorized"), header
                assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.get("/readyz")).status_code == 200


async def test_a_token_that_is_sent_twice_is_none(door: House) -> None:
    token = await door.token()
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer other")]
    async with door.visitor() as http:
        assert (await http.get("/v1/applications", headers=headers)).status_code == 401


async def test_the_name_of_the_token_is_the_principal_and_its_request_the_cause(door: House) -> None:
    async with door.visitor(await door.token()) as http:
        assert (await http.post("/v1/entities/c2/effectors/start")).status_code == 202
    assert door.invoked[0].cause.principal == "ci"
    assert door.invoked[0].cause.id.startswith("r")


async def test_why_the_daemon_is_not_ready_is_told_to_those_with_a_token(door: House) -> None:
    door.not_ready = "the store of shop is on fire"
    async with door.visitor() as nobody, door.visitor(await door.token(scope="read")) as reader:
        for http, words in ((nobody, "ask with a token"), (reader, door.not_ready)):
            answer = await http.get("/readyz")
            assert (answer.status_code, answer.json()["reason"]) == (503, words)


async def test_a_token_is_made_and_revoked_by_rest_and_works_at_once(door: House) -> None:
    async with door.client() as owner:
        wanted = {"name": "ci", "scope": "read", "applications": ["shop"], "seconds": 3600}
        made = (await owner.post("/v1/tokens", json=wanted)).json()
        (listed,) = (await owner.get("/v1/tokens")).json()["items"]
        assert made["token"].startswith(PREFIX) and len(made["token"]) == len(PREFIX) + 43
        assert listed["made_by"].startswith("uid:") and listed["expires"] == made["expires"] > listed["made"]
        assert made["token"] not in str(listed) and "digest" not in listed
        async with door.visitor(made["token"]) as http:
            assert (await http.get("/v1/applications")).status_code == 200
            assert (await owner.delete("/v1/tokens/ci")).status_code == 200
            assert (await http.get("/v1/applications")).status_code == 401
        assert (await owner.delete("/v1/tokens/ci")).status_code == 404


async def test_the_store_holds_a_digest_alone_and_outlives_the_daemon(tmp_path: Path) -> None:
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        token = await house.token()
    kept = b"".join(each.read_bytes() for each in (tmp_path / "state").glob("state.sqlite*"))
    assert hashlib.sha256(token.encode()).hexdigest().encode() in kept
    assert token.encode() not in kept and token.removeprefix(PREFIX).encode() not in kept
    async with open_house(tmp_path, listen="127.0.0.1:0") as house, house.visitor(token) as http:
        assert (await http.get("/v1/applications")).status_code == 200
        await house.context.tokens.revoke("ci")
    async with open_house(tmp_path, listen="127.0.0.1:0") as house, house.visitor(token) as http:
        assert (await http.get("/v1/applications")).status_code == 401


async def test_an_expired_token_opens_nothing_and_can_be_seen(door: House) -> None:
    token = await door.token(lasting=0.2)
    async with door.visitor(token) as http:
        assert (await http.get("/v1/applications")).status_code == 200
        await asyncio.sleep(0.25)
        assert (await http.get("/v1/applications")).status_code == 401
    async with door.client() as owner:
        assert [each["expired"] for each in (await owner.get("/v1/tokens")).json()["items"]] == [True]


@pytest.mark.parametrize("path", ["/v1/events", "/v1/entities/m3/logs?follow=true"])
@pytest.mark.parametrize("ends", ["revoked", "expired"])
async def test_streams_end_with_the_right_to_them(door: House, path: str, ends: str) -> None:
    token = await door.token(lasting=0.3 if ends == "expired" else None)
    async with door.visitor(token) as http, http.stream("GET", path) as answer:
        assert answer.status_code == 200
        if ends == "revoked":
            asyncio.get_running_loop().call_later(0.1, lambda: _and_forget(door))
        began = asyncio.get_running_loop().time()
        async for _ in answer.aiter_raw():
            pass
        assert asyncio.get_running_loop().time() - began < 2
    for _ in range(100):
        if not door.model.events.listeners:
            break
        await asyncio.sleep(0.01)
    assert not door.model.events.listeners
    assert not door.context.tokens._guests


_tasks: set[asyncio.Task[object]] = set()


def _and_forget(house: House) -> None:
    task: asyncio.Task[object] = asyncio.ensure_future(house.context.tokens.revoke("ci"))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def test_a_stream_of_a_token_that_stays_goes_on(door: House) -> None:
    token, _ = await door.token("stays"), await door.token("goes")
    async with door.visitor(token) as http, http.stream("GET", "/v1/entities/m3/logs?follow=true") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "one"
        await door.context.tokens.revoke("goes")
        assert await anext(lines) == "two"


@pytest_asyncio.fixture
async def tokens(tmp_path: Path) -> AsyncIterator[Tokens]:
    """A book of tokens on a store of its own, at a time that stands still."""
    store = await SqliteStore.open(tmp_path / "own")
    yield Tokens(store, lambda: 1000.0)
    await store.close()


@pytest.mark.parametrize("name", ["", "CI", "a" * 64, "system", "anybody", "uid:0", "-x", "a b", "ci\n", "ä"])
async def test_a_name_that_may_be_taken_for_something_else_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(BadRequest, match="no name for a token"):
        await tokens.create(name, Scope.READ, (), None, "uid:0")


@pytest.mark.parametrize("path", ["", "/", "a b", "../x", "shop//web", "a/b/c/d/e"])
async def test_a_limit_that_is_no_path_is_refused(tokens: Tokens, path: str) -> None:
    with pytest.raises(BadRequest, match="paths of applications"):
        await tokens.create("ci", Scope.READ, (path,), None, "uid:0")


@pytest.mark.parametrize("lasting", [0.0, -1.0, 1e12, float("nan"), float("inf")])
async def test_a_time_that_is_none_is_refused(tokens: Tokens, lasting: float) -> None:
    with pytest.raises(BadRequest, match="at most 3650 days"):
        await tokens.create("ci", Scope.READ, (), lasting, "uid:0")


async def test_an_admin_is_not_limited(tokens: Tokens) -> None:
    with pytest.raises(BadRequest, match="all there is"):
        await tokens.create("ci", Scope.ADMIN, ("shop",), None, "uid:0")


async def test_of_two_of_one_name_the_first_counts(tokens: Tokens) -> None:
    made, later = await asyncio.gather(*(tokens.create("ci", Scope.READ, (), None, "uid:0") for _ in range(2)), return_exceptions=True)
    assert not isinstance(made, BaseException)
    assert isinstance(later, Conflict)
    with pytest.raises(Conflict, match="revoke that first"):
        await tokens.create("ci", Scope.ADMIN, (), None, "uid:0")
    assert tokens.principal(made.text) is not None
    kept = [record.body or b"" for record in tokens._store.all(TOKEN_KIND)]
    assert [made.token.digest.encode() in body for body in kept] == [True]


async def test_there_are_only_so_many(tokens: Tokens) -> None:
    tokens._known = {str(number): tokens for number in range(MOST)}  # type: ignore[misc]
    with pytest.raises(Conflict, match="already"):
        await tokens.create("ci", Scope.READ, (), None, "uid:0")


async def test_a_revoked_token_opens_nothing_even_if_that_cannot_be_written(tokens: Tokens) -> None:
    made = await tokens.create("ci", Scope.READ, (), None, "uid:0")
    await tokens._store.close()
    with pytest.raises(StoreFault, match="again after a restart"):
        await tokens.revoke("ci")
    assert tokens.principal(made.text) is None
    with pytest.raises(NotFound):
        await tokens.revoke("ci")

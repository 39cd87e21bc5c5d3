"""Following: events resume where a client left off, say when they cannot, and end with the daemon; logs as well."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from clocker_actors.telemetry.events import EventRing
from tests.admin.house import House
from tests.telemetry.samples import entity, readings

pytestmark = pytest.mark.real_loop

Frame = dict[str, str]


async def frames(answer: httpx.Response) -> AsyncIterator[Frame]:
    """Server-sent events of an answer."""
    fields: Frame = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield fields
            fields = {}


@asynccontextmanager
async def following(http: httpx.AsyncClient, **query: object) -> AsyncIterator[AsyncIterator[Frame]]:
    """An open stream of events."""
    async with http.stream("GET", "/v1/events", params={name: str(value) for name, value in query.items()}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield frames(answer)


async def test_what_happens_after_a_list_is_followed_from_its_number(house: House, http: httpx.AsyncClient) -> None:
    number = (await http.get("/v1/applications")).json()["event"]
    house.note(entity("a9", "blog", "root"))
    await house.kernel.settle()
    async with following(http, since=number) as events:
        first = await anext(events)
        assert (first["event"], int(first["id"]), json.loads(first["data"])["path"]) == ("entity", number + 1, "blog")
        house.note(entity("a10", "wiki", "root"))
        assert json.loads((await anext(events))["data"])["path"] == "wiki"


async def test_a_client_resumes_by_header(house: House, http: httpx.AsyncClient) -> None:
    number = house.model.events.number
    async with http.stream("GET", "/v1/events", headers={"Last-Event-ID": str(number - 2)}) as answer:
        events = frames(answer)
        assert [int((await anext(events))["id"]) for _ in range(2)] == [number - 1, number]


@pytest.mark.parametrize("since", [-5, 10**12])
async def test_a_number_out_of_reach_is_a_gap(http: httpx.AsyncClient, since: int) -> None:
    async with following(http, since=since) as events:
        first = await anext(events)
        assert (first["event"], json.loads(first["data"])["message"]) == ("gap", "gap, list again")


async def test_readings_only_for_those_who_ask_and_of_whom_they_ask(house: House, http: httpx.AsyncClient) -> None:
    async with following(http, readings="true", entity="shop/web") as events:
        house.note(readings("h6", cpu__percent=9.5), readings("c2", cpu__mean__average=71.5))
        found = await anext(events)
        assert (found["event"], json.loads(found["data"])["fact"]["value"]) == ("reading", 71.5)


async def test_the_last_ones_without_following(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/events", params={"latest": 3, "follow": "false"})
    assert answer.text.count("data: ") == 3


async def test_a_slow_client_is_told_of_the_gap_and_let_go() -> None:
    ring = EventRing()
    listener = ring.listen(limit=2)
    for _ in range(3):
        ring.add(0.0, "entity", "a1", "shop", None)  # type: ignore[arg-type]
    assert listener.dropped
    assert not ring.listeners


async def test_a_client_that_goes_leaves_no_listener(house: House, http: httpx.AsyncClient) -> None:
    async with following(http):
        assert len(house.model.events.listeners) == 1
    for _ in range(100):
        if not house.model.events.listeners:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the listener is still there")


async def test_streams_end_before_the_server_does(house: House, http: httpx.AsyncClient) -> None:
    async with following(http) as events, http.stream("GET", "/v1/entities/m3/logs?follow=true") as log:
        lines = log.aiter_lines()
        assert await anext(lines) == "one"
        began = asyncio.get_running_loop().time()
        closing = asyncio.ensure_future(house.door.close())
        assert [frame async for frame in events] == []
        assert [line async for line in lines] == ["two"]
        await closing
        assert asyncio.get_running_loop().time() - began < 1.5
    assert house.log_closed


async def test_a_log_is_text_and_a_refusal_is_an_error(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/entities/m3/logs", params={"tail": 1})
    assert (answer.status_code, answer.text) == (200, "two\n")
    assert (await http.get("/v1/entities/c2/logs")).status_code == 404

"""Does a follower of a log who goes away leave nothing behind: no error in the daemon's log, no open stream?"""

import asyncio
import logging
from contextlib import aclosing

import pytest

from tests.admin.house import House

pytestmark = pytest.mark.real_loop


@pytest.mark.parametrize("end", ["client", "daemon"])
async def test_a_follower_who_goes_leaves_no_error(house: House, caplog: pytest.LogCaptureFixture, end: str) -> None:
    with caplog.at_level(logging.WARNING):
        async with (
            house.client() as http,
            http.stream("GET", "/v1/entities/m3/logs?follow=true") as answer,
            aclosing(answer.aiter_raw()) as pieces,  # type: ignore[type-var]
        ):
            seen = b""
            while seen != b"one\ntwo\n":
                seen += await anext(pieces)
            if end == "daemon":
                await house.door.close()
        async with asyncio.timeout(5):
            while not house.log_closed:  # noqa: ASYNC110 - the small daemon says it by this field only
                await asyncio.sleep(0.01)
        await house.door.close()
    assert [record.getMessage() for record in caplog.records] == []

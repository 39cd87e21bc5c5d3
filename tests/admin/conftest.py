"""A daemon of small size: a kernel, a recorder with a small world in it, a probe in place of each entity, and a real door."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from tests.admin.house import House, open_house


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The small daemon, served."""
    async with open_house(tmp_path) as house:
        yield house


@pytest_asyncio.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client on its unix socket."""
    async with house.client() as client:
        yield client

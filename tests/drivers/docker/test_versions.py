"""Is the API version agreed on, and is a refusal to agree told with both ranges?"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clocker_actors.drivers.docker import connect
from clocker_actors.errors import EngineFault, EngineUnavailable
from clocker_actors.model.specs import EngineSpec
from tests.contracts.engine.lab import Calls

pytestmark = pytest.mark.real_loop


@asynccontextmanager
async def _engine(folder: Path, newest: str, oldest: str, asked: list[str]) -> AsyncIterator[str]:
    """Something that says what versions it speaks, and answers every other question with an empty list."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readuntil(b"\r\n\r\n"):
            path = request.split(b" ", 2)[1].decode()
            asked.append(path)
            version = {"Version": "99.0", "ApiVersion": newest, "MinAPIVersion": oldest}
            body = json.dumps(version if path == "/version" else []).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
            break
        writer.close()

    path = folder / "engine.sock"
    async with await asyncio.start_unix_server(answer, path):
        yield f"unix://{path}"


@pytest.mark.parametrize(("newest", "oldest", "spoken"), [("1.41", "1.12", "v1.41"), ("1.44", "1.24", "v1.44"), ("1.52", "1.44", "v1.51")])
async def test_the_highest_both_know_is_spoken(tmp_path: Path, newest: str, oldest: str, spoken: str) -> None:
    asked: list[str] = []
    async with _engine(tmp_path, newest, oldest, asked) as url:
        engine = connect(EngineSpec(url), Calls(), tmp_path)
        assert list(await engine.list({})) == []
        assert list(await engine.list({})) == []
        await engine.close()
    assert [path.split("?")[0] for path in asked] == ["/version", *[f"/{spoken}/containers/json"] * 2]


@pytest.mark.parametrize(("newest", "oldest"), [("1.40", "1.12"), ("1.60", "1.52")])
async def test_no_common_version_is_told_with_both_ranges(tmp_path: Path, newest: str, oldest: str) -> None:
    async with _engine(tmp_path, newest, oldest, []) as url:
        engine = connect(EngineSpec(url), Calls(), tmp_path)
        with pytest.raises(EngineFault) as refusal:
            await engine.list({})
        await engine.close()
    for part in (newest, oldest, "1.41 to 1.51", url, "use an engine"):
        assert part in str(refusal.value)


async def test_an_answer_that_is_no_engines(tmp_path: Path) -> None:
    async with _engine(tmp_path, "1.41", "1.12", []) as url:
        engine = connect(EngineSpec(url), Calls(), tmp_path)
        with pytest.raises(EngineFault, match="check what listens there"):
            await engine.info()
        await engine.close()


async def test_nobody_there(tmp_path: Path) -> None:
    calls = Calls()
    engine = connect(EngineSpec(f"unix://{tmp_path}/none.sock"), calls, tmp_path)
    with pytest.raises(EngineUnavailable, match="check that dockerd runs"):
        await engine.ping()
    with pytest.raises(EngineUnavailable, match=r"none\.sock"):
        await engine.start("c")
    await engine.close()
    assert calls.lines == [("ping", "EngineUnavailable"), ("start", "EngineUnavailable")]

"""When nobody answers: do the words say in plain English why, whichever library found out?"""

import asyncio
import re
import socket
from pathlib import Path

import pytest

from clocker_actors.drivers.docker.link import Call, Link
from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.specs import EngineSpec

pytestmark = pytest.mark.real_loop
TECHNICAL = re.compile(r"ssl:|\[|Errno|errno|Connect call|Cannot connect to|None\b")


class Calls:
    def record(self, target: str, operation: str, result: str, seconds: float) -> None:
        """Nobody counts here."""


async def refusal(url: str, folder: Path) -> str:
    """What a ping of an engine that is not there is answered with."""
    link = Link(EngineSpec(url), Calls(), folder)
    try:
        with pytest.raises(EngineUnavailable) as caught:
            await link.tell(Call("ping", "GET", "_ping", 2.0, versioned=False))
    finally:
        await link.close()
    words = str(caught.value)
    assert words.startswith(f"engine {url} does not answer ping: ") and not TECHNICAL.search(words), words
    return words.removeprefix(f"engine {url} does not answer ping: ")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_nobody_listens_there(tmp_path: Path) -> None:
    assert (await refusal(f"tcp://127.0.0.1:{free_port()}", tmp_path)).startswith("nothing listens there; check")


async def test_there_is_no_such_socket(tmp_path: Path) -> None:
    assert (await refusal(f"unix://{tmp_path}/none.sock", tmp_path)).startswith("there is no such socket; check")


async def test_the_socket_is_one_that_nobody_listens_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "stale.sock"))
    assert (await refusal(f"unix://{tmp_path}/stale.sock", tmp_path)).startswith("nothing listens there; check")


async def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    assert (await refusal("tcp://nobody.invalid:2375", tmp_path)).startswith("the name nobody.invalid leads to no address")


async def test_it_hangs_up(tmp_path: Path) -> None:
    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await refusal(f"tcp://127.0.0.1:{port}", tmp_path)).startswith("it hung up without an answer")


async def test_it_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert (await refusal(f"tcp://127.0.0.1:{silent.getsockname()[1]}", tmp_path)).startswith("no answer within 2 s")

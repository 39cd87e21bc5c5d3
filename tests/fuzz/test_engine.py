"""Whatever an engine answers, to whichever question: a value in our words, or an error of ours, soon and without filling our memory."""

import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clocker_actors.drivers.docker import connect
from clocker_actors.drivers.docker.link import LONGEST_ANSWER
from clocker_actors.errors import ClockerError, EngineFault
from clocker_actors.model.specs import BuildSpec, EngineSpec
from clocker_actors.ports.engine import Engine
from clocker_actors.telemetry.calls import Calls
from tests.fuzz.answers import NONSENSE, spoiled

pytestmark = pytest.mark.real_loop

VERSION = {"Version": "24.0.7", "ApiVersion": "1.43", "MinAPIVersion": "1.12"}
INFO = {"ID": "X", "Name": "h", "ServerVersion": "24", "NCPU": 2, "MemTotal": 1 << 30, "Containers": 3, "Architecture": "x86_64"}
NETWORKS = {"Networks": {"bridge": {"IPAddress": "172.17.0.2", "Gateway": "172.17.0.1"}}}
LISTED = [
    {
        "Id": "c",
        "Names": ["/x"],
        "Image": "web",
        "Labels": {"a": "b"},
        "State": "exited",
        "Status": "Exited (1) 2 seconds ago",
        "Ports": [{"PrivatePort": 80, "PublicPort": 20000, "Type": "tcp"}],
        "NetworkSettings": NETWORKS,
    }
]
INSPECTED = {
    "Id": "c",
    "Name": "/x",
    "State": {
        "Status": "running",
        "ExitCode": 0,
        "StartedAt": "2024-01-01T00:00:00.123456789Z",
        "OOMKilled": False,
        "Health": {"Status": "healthy"},
    },
    "Config": {"Image": "web", "Labels": {"a": "b"}, "Tty": False},
    "HostConfig": {
        "NanoCpus": 1,
        "CpuShares": 2,
        "Memory": 3,
        "PidsLimit": 4,
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "Privileged": False,
        "CapAdd": ["X"],
        "CapDrop": ["MKNOD"],
    },
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": "20000"}]}, **NETWORKS},
}
EVENT = {
    "Action": "die",
    "Actor": {"ID": "c", "Attributes": {"exitCode": "1", "name": "x", "a": "b"}},
    "timeNano": 1_700_000_000_123_456_789,
}
SAMPLE = {
    "read": "2024-01-01T00:00:00Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 5}},
    "memory_stats": {"usage": 1, "limit": 2, "stats": {"inactive_file": 1}},
    "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}},
    "pids_stats": {"current": 1},
}
IMAGE = {"Id": "i", "RepoTags": ["a:1"], "Config": {"Healthcheck": {"Test": ["CMD"], "Interval": 5}}}
DISK = {"LayersSize": 1, "Containers": [{"SizeRw": 1}], "Volumes": [{"UsageData": {"Size": -1}}]}


class Answering:
    """An engine in place of one: it answers what it was told, whatever it is asked, but for its version."""

    def __init__(self) -> None:
        self.body, self.status, self.version = b"", 200, b'{"ApiVersion":"1.43"}'
        self.endless = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/version":
            return web.Response(body=self.version)
        if not self.endless:
            return web.Response(body=self.body, status=self.status)
        answer = web.StreamResponse(status=self.status)
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * (1 << 20))


class Talk:
    """The one engine that all examples ask."""

    def __init__(self, runner: asyncio.Runner, folder: Path) -> None:
        self.runner, self.there = runner, Answering()
        self._socket = folder / "d.sock"
        self._served = runner.run(self._serve())

    async def _serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.there.answer)
        served = web.AppRunner(app)
        await served.setup()
        await web.UnixSite(served, str(self._socket)).start()
        return served

    def ask(
        self,
        question: Callable[[Engine], Awaitable[object]],
        body: bytes = b"",
        *,
        version: bytes = b"",
        status: int = 200,
        endless: bool = False,
    ) -> ClockerError | None:
        """Ask it once, of an engine that nobody has asked before; the error of ours, if any, comes back, and every other one flies."""
        there = self.there
        there.body, there.status, there.endless, there.version = body, status, endless, version or b'{"ApiVersion":"1.43"}'
        return self.runner.run(self._ask(question))

    async def _ask(self, question: Callable[[Engine], Awaitable[object]]) -> ClockerError | None:
        engine = connect(EngineSpec(f"unix://{self._socket}"), Calls(), self._socket.parent)
        try:
            async with asyncio.timeout(10):
                await question(engine)
        except ClockerError as error:
            return error
        finally:
            await engine.close()
        return None

    def close(self) -> None:
        self.runner.run(self._served.cleanup())


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        made = Talk(runner, Path(folder))
        yield made
        made.close()


async def _events(engine: Engine) -> None:
    async for _ in engine.events("1.5"):
        pass


async def _logs(engine: Engine) -> None:
    async for _ in engine.logs("c", follow=False, tail=5):
        pass


async def _sample(engine: Engine) -> None:
    """The second reading is reckoned with the first."""
    watch = engine.watch()
    for _ in range(2):
        watch.follow("c", 0.01)
        await anext(aiter(watch))
    await watch.close()


async def _nothing() -> AsyncIterator[bytes]:
    yield b"tar"


QUESTIONS: dict[str, tuple[Callable[[Engine], Awaitable[object]], object]] = {
    "info": (lambda engine: engine.info(), INFO),
    "disk": (lambda engine: engine.disk(), DISK),
    "list": (lambda engine: engine.list({}), LISTED),
    "inspect": (lambda engine: engine.inspect("c"), INSPECTED),
    "events": (_events, EVENT),
    "logs": (_logs, INSPECTED),
    "stats": (_sample, SAMPLE),
    "image": (lambda engine: engine.image("a:1"), IMAGE),
    "images": (lambda engine: engine.images({}), [IMAGE]),
    "volumes": (lambda engine: engine.volumes({}), {"Volumes": [{"Name": "v"}]}),
    "execute": (lambda engine: engine.execute("c", ["true"], 5.0), {"Id": "e", "ExitCode": 0}),
    "pull": (lambda engine: engine.pull("a:1"), {"status": "x", "stream": "y", "error": "z"}),
    "build": (lambda engine: engine.build("a:1", BuildSpec(""), b"tar", {}), {"stream": "Step 1/2 : RUN x"}),
    "load": (lambda engine: engine.load_image(_nothing()), {"stream": "x"}),
    "start": (lambda engine: engine.start("c"), {"message": "no"}),
}
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", QUESTIONS)
@FEW
@given(data=st.data())
def test_whatever_it_answers(name: str, data: st.DataObject, talk: Talk) -> None:
    question, true = QUESTIONS[name]
    body = data.draw(spoiled(true))
    if name in {"events", "pull", "build", "load"}:
        body = body + b"\n" + data.draw(NONSENSE)
    talk.ask(question, body, status=data.draw(st.sampled_from([200, 200, 200, 404, 409, 500])))


@FEW
@given(version=spoiled(VERSION))
def test_whatever_version_it_says(version: bytes, talk: Talk) -> None:
    talk.ask(lambda engine: engine.list({}), b"[]", version=version or b" ")


@FEW
@given(head=st.binary(min_size=8, max_size=8), body=st.binary(max_size=60))
def test_frames_of_any_length(head: bytes, body: bytes, talk: Talk) -> None:
    talk.ask(lambda engine: engine.execute("c", ["true"], 5.0), b'{"Id": "e"}' + head + body)


@pytest.mark.parametrize(("name", "status"), [("list", 200), ("start", 200), ("inspect", 500)])
def test_an_answer_without_end_is_left_before_it_fills_our_memory(name: str, status: int, talk: Talk) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = talk.ask(QUESTIONS[name][0], status=status, endless=True)
    assert isinstance(error, EngineFault), error
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert grown < 4 * LONGEST_ANSWER, f"{grown >> 20} MiB"

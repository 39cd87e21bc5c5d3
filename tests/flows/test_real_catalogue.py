"""Do the types of the catalogue run as they say, on real engines, built from Debian's packages: what they serve, tell and can be told?"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.blueprint.blobs import combined
from clocker_actors.cli.packing import pack
from clocker_actors.model.identity import ROOT
from tests.bed.bed import Bed
from tests.bed.software import git_repository, with_debian
from tests.flows.bedside import POOL, deleted, done, on_hosts, targets
from tests.flows.serviceside import effect
from tests.flows.support import Driven

pytestmark = pytest.mark.real

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
BUILT_WITHIN = 240
APP = """
const http = require('http');
http.createServer((request, answer) => answer.end('hello from node ' + process.version)).listen(process.env.PORT);
"""


@pytest.fixture(scope="module")
def debian(bed3: Bed) -> Iterator[Bed]:
    """The bed with Debian's image on the host that these tests use."""
    with with_debian(bed3, bed3.hosts[:1]):
        yield bed3


async def deploy(driven: Driven, text: str, beside: Path = BLUEPRINTS) -> None:
    """Deploy as the command and the door do, with what the types bring along and what stands beside the blueprint."""
    parsed = parse(text, "shop.yaml", type_table())
    for content in parsed.inline.values():
        await driven.manager.blobs.put(content)
    sums = {each.placeholder: await driven.manager.blobs.put(combined(each.inline, pack(beside / each.path))) for each in parsed.files}
    blueprint = with_blobs(parsed, sums)
    await done(driven, await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint)), BUILT_WITHIN)


async def ask_redis(address: tuple[str, int], *words: str) -> str:
    """One command of its protocol, and the first line of the answer."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write((" ".join(words) + "\r\n").encode())
    answer = (await asyncio.wait_for(reader.readline(), 5)).decode().strip()
    if answer.startswith("$") and answer != "$-1":
        answer = (await reader.readline()).decode().strip()
    writer.close()
    return answer


async def test_redis_keeps_values_and_tells_how_it_is(debian: Bed, tmp_path: Path) -> None:
    text = (BLUEPRINTS / "11-redis.yaml").read_text() + f"location: {POOL}\n"
    async with on_hosts(debian.hosts[:1], tmp_path, "redis") as driven:
        await deploy(driven, text)
        (address,) = targets(driven, "memory")
        assert await ask_redis(address, "SET", "colour", "red") == "+OK"
        assert await ask_redis(address, "GET", "colour") == "red"
        assert await ask_redis(address, "CONFIG", "GET", "maxmemory-policy") == "*2"
        await driven.until(lambda: driven.value("memory/cache", "redis.memory.bytes") is not None, 30, "its sensors")
        for sensor in (
            "redis.clients",
            "redis.commands.rate",
            "redis.keys.hits",
            "redis.keys.misses",
            "redis.keys.evicted",
            "redis.uptime",
        ):
            assert isinstance(driven.value("memory/cache", sensor), int), sensor
        await done(driven, await driven.invoke("memory/cache", "save"))
        await done(driven, await driven.invoke("memory/cache", "restart"))
        (address,) = targets(driven, "memory")
        assert await ask_redis(address, "GET", "colour") == "red"  # its volume is the application's
        await done(driven, await driven.invoke("memory/cache", "flush"))
        assert await ask_redis(address, "GET", "colour") == "$-1"
        await deleted(driven, "memory")


async def test_the_example_of_the_talk_runs_from_a_local_repository(debian: Bed, tmp_path: Path) -> None:
    text = (BLUEPRINTS / "12-nodejs.yaml").read_text()
    with git_repository(debian, {"app.js": APP}) as url:
        text = text.replace('gitRepoUrl: "https://github.com/grkvlt/node-hello-world.git"', f"gitRepoUrl: {url}")
        async with on_hosts(debian.hosts[:1], tmp_path, "nodejs") as driven:
            await deploy(driven, text.replace("location: local", f"location: {POOL}"))
            path = "nodejs-hello-world-application/nodejs"
            ((host, port),) = targets(driven, path)
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://{host}:{port}/")
            assert answer.text.startswith("hello from node v18.")
            await driven.until(lambda: driven.value(path, "nodejs.threads") is not None, 30, "its sensors")
            assert str(driven.value(path, "nodejs.version")).startswith("v18.")
            assert len(str(driven.value(path, "nodejs.revision"))) == 40
            assert int(str(driven.value(path, "nodejs.memory.bytes"))) > 1 << 20
            assert int(str(driven.value(path, "nodejs.files"))) > 0
            assert 0 < json.loads(await effect(driven, path, "report"))["heap"] < 1 << 30
            assert str(driven.value(path, "nodejs.revision")).startswith((await effect(driven, path, "revisions")).split()[0])
            await deleted(driven, "nodejs-hello-world-application")


async def test_node_js_runs_what_stands_next_to_the_blueprint(debian: Bed, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.js").write_text(APP)
    text = f"name: near\nlocation: {POOL}\nservices: [{{type: nodejs, id: site, folder: app, appFileName: main.js, httpPort: 8000+}}]\n"
    async with on_hosts(debian.hosts[:1], tmp_path, "near") as driven:
        await deploy(driven, text, tmp_path)
        ((host, port),) = targets(driven, "near/site")
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://{host}:{port}/")).text.startswith("hello from node")
        await deleted(driven, "near")

"""On real engines: does a service get address and port of another, can it reach it there, and does it follow when that one moves, one member at a time?"""

import asyncio
import urllib.request
from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from tests.bed.bed import Bed
from tests.contracts.engine.lab import until
from tests.flows.bedside import deleted, done, on_hosts, said
from tests.flows.support import Driven

pytestmark = pytest.mark.real

KILLED = 137

BLUEPRINT = """\
name: shop
location: bed
services:
- type: cluster
  id: web
  initialSize: 3
  dependsOn: [back]
  memberSpec:
    type: docker:clocker/web:1
    ports: [8080]
    stopTimeout: 1
    readiness: {http: 8080/}
    env:
      BACKEND: $brooklyn:formatString("http://%s/", $brooklyn:component("back").attributeWhenReady("mapped.port.8080"))
    files:
      /www/secret:
        content: $brooklyn:formatString("%s@%s", $brooklyn:external("shop", "password"), $brooklyn:component("back").attributeWhenReady("host.name"))
        mode: "0644"
        reload: [touch, /www/reloaded]
- type: docker:clocker/web:1
  id: proxy
  ports: [8080]
  stopTimeout: 1
  links: [back]
  files:
    /www/backend:
      content: $brooklyn:component("back").attributeWhenReady("mapped.port.8080")
      reload: [sh, -c, cat /www/backend > /www/reloaded]
- type: docker:clocker/web:1
  id: back
  ports: [8080]
  stopTimeout: 1
  readiness: {http: 8080/}
"""
BACKEND = ("sh", "-c", 'echo "$BACKEND"')
LINKED = (
    "sh",
    "-c",
    'while read address name; do if [ "$name" = back ]; then echo "http://$address:$BACK_PORT_8080_TCP_PORT/"; fi; done < /etc/hosts',
)


async def fetched(driven: Driven, entity: str, path: str) -> str:
    """What a service answers at its published port."""
    return await answer(f"http://{driven.value(entity, 'mapped.port.8080')}/{path}")


async def answer(url: str) -> str:
    """What is there."""
    body: bytes = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=5).read())
    return body.decode().strip()


async def inside(driven: Driven, entity: str, command: tuple[str, ...]) -> str:
    """What a command says in the container of a member; once more, if that was ended meanwhile for its successor."""
    code, output, tries = KILLED, "", 0
    while code == KILLED and tries < 3:
        tries += 1
        member = driven.model.entry(entity)
        host = driven.model.entry(str(driven.value(entity, "container.host")))
        engine = next(known for spec, known in driven.manager._engines.items() if spec.url == host.facts["engine"])
        code, output = await engine.execute(str(member.facts["container"]), command, 10.0)
    assert code == 0, output
    return output.strip()


async def test_a_service_follows_what_it_depends_on(bed3: Bed, tmp_path: Path) -> None:
    secret = {"CLOCKER_EXTERNAL_SHOP_PASSWORD": "tr0ub4dor"}
    async with on_hosts(bed3.hosts, tmp_path, "depend", environ=secret) as driven:
        activity = await driven.ended(await driven.deploy(BLUEPRINT), within=90)
        assert activity.state is ActivityState.DONE, f"{activity.problem}\n{driven.picture()}"
        members = [f"shop/web/{n}" for n in (1, 2, 3)]
        before = driven.value("shop/back", "host.name")
        for member in members:
            assert (await answer(await inside(driven, member, BACKEND))).startswith("hello from")
            assert await fetched(driven, member, "secret") == f"tr0ub4dor@{before}"
        assert (await answer(await inside(driven, "shop/proxy", LINKED))).startswith("hello from")
        proxy = driven.model.entry("shop/proxy").facts["container"]

        await done(driven, await driven.invoke("shop/back", "move"))
        after = str(driven.value("shop/back", "host.name"))
        assert after != before
        up: list[int] = []

        def all_follow() -> bool:
            up.append(sum(driven.value(member, "service.isUp") is True for member in members))
            return all(driven.model.entry(member).facts["generation"] == 2 and driven.up(member) for member in members)

        took = await driven.until(all_follow, within=60)
        said("three members follow a dependency that moved, one by one", took)
        assert min(up) == 3, up  # each new one is ready before the old one goes
        for member in members:
            assert (await answer(await inside(driven, member, BACKEND))).startswith("hello from")
            assert await fetched(driven, member, "secret") == f"tr0ub4dor@{after}"
        await driven.until(lambda: driven.up("shop/proxy"))
        assert (await answer(await inside(driven, "shop/proxy", LINKED))).startswith("hello from")
        assert driven.model.entry("shop/proxy").facts["container"] != proxy  # its links are variables, which only a new container has
        await deleted(driven, "shop")


async def test_files_are_put_into_what_runs(bed3: Bed, tmp_path: Path) -> None:
    async with on_hosts(bed3.hosts, tmp_path, "files") as driven:
        blueprint = BLUEPRINT[BLUEPRINT.index("- type: docker:clocker/web:1\n  id: proxy") :].replace("  links: [back]\n", "")
        activity = await driven.ended(await driven.deploy("name: shop\nlocation: bed\nservices:\n" + blueprint), within=60)
        assert activity.state is ActivityState.DONE, activity.problem
        assert await fetched(driven, "shop/proxy", "backend") == driven.value("shop/back", "mapped.port.8080")
        container = driven.model.entry("shop/proxy").facts["container"]
        await done(driven, await driven.invoke("shop/back", "move"))
        await driven.until(lambda: driven.up("shop/back"))
        where = str(driven.value("shop/back", "mapped.port.8080"))

        async def reloaded() -> bool:
            return await inside(driven, "shop/proxy", ("sh", "-c", "[ ! -e /www/reloaded ] || cat /www/reloaded")) == where

        await until(reloaded, 15)
        assert await fetched(driven, "shop/proxy", "backend") == where
        assert driven.model.entry("shop/proxy").facts["container"] == container
        await deleted(driven, "shop")

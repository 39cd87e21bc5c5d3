"""On a real engine: are secrets files of memory in their containers alone, is nothing of them in what the engine shows or keeps on its disk, and are they there again after it
was restarted? One story, one host."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_KEEPER, keeper_name
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.flows.bedside import cluster, done, pool
from tests.flows.support import Driven, managed

pytestmark = pytest.mark.real
DB, OWN = "correct-horse-battery", "a-value-that-people-gave"
SECRETS = (
    "secrets:",
    '  db: $brooklyn:external("shop", "db")',
    "  own: {content: '$brooklyn:external(\"clocker\", \"own\")', path: /etc/shop/keys/own.key, mode: '0400', uid: 33}",
)


@asynccontextmanager
async def running(host: BedHost, folder: Path) -> AsyncIterator[Driven]:
    environ = {"CLOCKER_EXTERNAL_SHOP_DB": DB}
    async with managed(folder / "s", environ=environ, plane="hush", local_engine=f"unix://{folder}/none.sock") as driven:
        yield driven


async def containers(host: BedHost, *filters: str) -> list[str]:
    """Ids of ours, but for keepers."""
    words = (word for each in ("label=clocker.member", *filters) for word in ("--filter", each))
    return (await host.docker("ps", "-q", *words)).split()


async def cat(host: BedHost, container: str, path: str) -> str:
    return (await host.docker("exec", container, "cat", path)).strip()


async def shown(host: BedHost) -> str:
    """All that the engine tells of containers, volumes and its events."""
    every = (await host.docker("ps", "-aq")).split()
    told = await host.docker("inspect", *every) + await host.docker("volume", "inspect", keeper_name("hush"))
    return told + await host.docker("events", "--since", "10m", "--until", "0s", "--format", "{{json .}}")


async def test_they_are_in_memory_and_nowhere_else(bed3: Bed, tmp_path: Path) -> None:
    host = bed3.hosts[0]
    async with running(host, tmp_path) as driven:
        await driven.manager.own.put("own", OWN.encode())
        await done(driven, await driven.deploy(await pool([host], tmp_path)))
        await done(driven, await driven.deploy(cluster("shop", 2, *SECRETS)))
        for container in await containers(host):
            assert await cat(host, container, "/run/secrets/db") == DB
            assert "-r--------    1 33" in await host.docker("exec", container, "ls", "-ln", "/etc/shop/keys")
            mounts = await cat(host, container, "/proc/mounts")
            assert all(f"tmpfs {folder} tmpfs ro," in mounts for folder in ("/run/secrets", "/etc/shop/keys"))
        (keeper,) = (await host.docker("ps", "-q", "--filter", f"label={LABEL_KEEPER}")).split()
        (about,) = json.loads(await host.docker("inspect", keeper))
        assert about["HostConfig"]["Privileged"] is False and about["HostConfig"]["CapDrop"] == ["ALL"]
        told = await shown(host)
        assert DB not in told and OWN not in told

    await host.restart_engine()
    async with running(host, tmp_path) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 60, "it is up again")
        found = await containers(host)
        assert len(found) == 2
        assert {await cat(host, container, "/run/secrets/db") for container in found} == {DB}
        on_disk = await asyncio.to_thread(_files_with, host._folder / "data", (DB.encode(), OWN.encode()))
        assert on_disk == [], "on its disk the engine has none of them"
        assert await asyncio.to_thread(_files_with, host._folder / "data", (b"clocker.member",)), "it was looked for in the right place"
        ended = await driven.ended(await driven.invoke("shop", "delete"))
        assert ended.state is ActivityState.DONE, ended.problem
        assert not (await host.docker("ps", "-aq", "--filter", "label=clocker.plane=hush")).split()
        assert not (await host.docker("volume", "ls", "-q", "--filter", "label=clocker.plane=hush")).split()
        await done(driven, await driven.invoke("bed", "delete"))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())
    assert DB.encode() not in kept and OWN.encode() not in kept


def _files_with(folder: Path, values: tuple[bytes, ...]) -> list[Path]:
    """Files of containers and volumes below an engine's folder in which one of the values stands."""
    below = (path for part in ("containers", "volumes", "overlay2", "vfs") for path in (folder / part).rglob("*"))
    files = (path for path in below if path.is_file() and not path.is_symlink() and path.stat().st_size < 4 << 20)
    return [path for path in files if any(value in path.read_bytes() for value in values)]

"""Does the registry of the catalogue take what one host builds and give it to the others, with a password, on real engines? And is a pull with a wrong one refused?"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.errors import PullDenied
from clocker_actors.model.containers import Login
from clocker_actors.model.identity import ROOT
from clocker_actors.model.specs import EngineSpec
from tests.bed.bed import Bed
from tests.bed.image import WEB_TAG
from tests.bed.software import with_debian
from tests.flows.bedside import cluster, deleted, done, pool, said
from tests.flows.support import Driven, managed
from tests.flows.test_real_images import context, ours

pytestmark = pytest.mark.real
PASSWORD = "not-for-everybody"


@pytest.fixture(scope="module")
def debian(bed3: Bed) -> Iterator[Bed]:
    """The bed with Debian's image on its first host."""
    with with_debian(bed3, bed3.hosts[:1]):
        yield bed3


async def deploy(driven: Driven, text: str, sums: dict[str, str]) -> float:
    """Seconds that it took."""
    parsed = parse(text, "shop.yaml", type_table())
    for content in parsed.inline.values():
        await driven.manager.blobs.put(content)
    began = asyncio.get_running_loop().time()
    blueprint = with_blobs(parsed, sums)
    await done(driven, await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint)), 200)
    return asyncio.get_running_loop().time() - began


async def test_what_one_host_builds_the_others_fetch(debian: Bed, tmp_path: Path) -> None:
    first, *others = debian.hosts
    registry = f"{first.address}:5000"
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "password").chmod(0o600)
    config = tmp_path / "clocker.toml"
    table = f'user = "clocker"\npassword_file = "{tmp_path / "password"}"\n'
    config.write_text(f'[registries."{registry}"]\n{table}[external.images]\nregistry_file = "{tmp_path / "password"}"\n')
    environ = {"CLOCKER_CONFIG": str(config)}
    yard = (await pool([first], tmp_path)).replace("bedpool", "homepool").replace("bed\n", "home\n")
    named = (await pool(others, tmp_path)).replace("  hosts:", f"  registry: {registry}\n  hosts:")
    async with managed(tmp_path / "s", environ=environ, plane="images", local_engine=f"unix://{tmp_path}/none.sock") as driven:
        for text in (yard, named):
            await done(driven, await driven.deploy(text))
        await driven.until(lambda: driven.value("bed", "docker.hosts.up") == 2 and driven.value("home", "docker.hosts.up") == 1, 20)
        service = '- type: registry\n  id: registry\n  password: $brooklyn:external("images", "registry")'
        said("a registry from Debian's packages", await deploy(driven, f"name: images\nlocation: home\nservices:\n{service}\n", {}))

        text = cluster("shop", 2).replace("type: docker:clocker/web:1", "type: container\n    build: ctx")
        large = f"FROM {WEB_TAG}\nRUN dd if=/dev/urandom of=/www/large bs=1M count=16\n"
        sums = {"file:ctx": await driven.manager.blobs.put(context(large))}
        said("an image of 16 MiB on 2 hosts by the registry", await deploy(driven, text, sums))
        (image,) = await ours(others[0])
        assert await ours(others[1]) == [image], "under its own name, and only that"
        digests = {(await host.docker("images", "-q", "--no-trunc", image)).strip() for host in others}
        assert len(digests) == 1, "built once"
        await driven.until(lambda: driven.value("images/registry", "registry.tags") == 1, 40, "its sensors")
        for sensor in ("repositories", "layers", "blobs", "bytes"):
            assert int(str(driven.value("images/registry", f"registry.{sensor}"))) >= 1
        assert driven.value("images/registry", "registry.uploads") == 0

        engine = driven.manager._connect(EngineSpec(others[0].docker_host))
        for login in (None, Login(registry, "clocker", "wrong")):
            with pytest.raises(PullDenied, match="registries") as refusal:
                await engine.pull(f"{registry}/{image}", login)
            assert "wrong" not in str(refusal.value)
        await engine.pull(f"{registry}/{image}", Login(registry, "clocker", PASSWORD))
        await engine.remove_image(f"{registry}/{image}")
        await done(driven, await driven.invoke("images/registry", "collectGarbage"))
        await deleted(driven, "shop")
        await deleted(driven, "images")
    for host in debian.hosts:
        assert await host.leftovers("images") == []

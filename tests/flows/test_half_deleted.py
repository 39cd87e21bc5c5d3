"""The manager is killed between a child's last write and its parent's: is the child as good as deleted, and can the parent go on?"""

from pathlib import Path

import pytest

from clocker_actors.model.identity import EntityKind
from clocker_actors.ports.store import Record
from tests.flows.stories import cluster, new_world, well
from tests.flows.support import managed

TWO = cluster(2) + "- type: docker:clocker/web:1\n  id: side\n"


@pytest.mark.parametrize(
    ("path", "kind"), [("shop/side", EntityKind.MEMBER), ("shop/web", EntityKind.CLUSTER), ("shop/web/1", EntityKind.MEMBER)]
)
async def test_its_record_is_gone_and_its_parent_does_not_know_yet(tmp_path: Path, path: str, kind: EntityKind) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(TWO))
        uid = driven.model.resolve(path)
        if kind is EntityKind.CLUSTER:
            await driven.ended(await driven.invoke(path, "resize", size=0))
            await driven.until(lambda: not driven.entries(EntityKind.MEMBER, f"{path}/"))
        await driven.manager.store.write([Record(kind, uid, None)])
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 60)
        if path != "shop/web/1":
            assert driven.gone(path)
        await well(driven, world)
        await driven.ended(await driven.invoke("shop", "delete"), 120)
        assert driven.gone("shop")
        assert not driven.manager.store.all(EntityKind.MEMBER)

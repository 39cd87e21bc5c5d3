"""Names that would lead to something else than what is named so are refused before anything is made."""

from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import BadRequest
from clocker_actors.model.identity import EntityKind
from tests.flows.support import managed

SERVICE = "location: local\nservices:\n- {type: 'docker:nginx:1', id: web}\n"


async def test_no_application_or_pool_is_named_as_the_plane_or_as_a_uid(tmp_path: Path) -> None:
    async with managed(tmp_path, world=SimulatedWorld()) as driven:
        await driven.until(lambda: bool(driven.entries(EntityKind.HOST)), what="a host")
        uid = driven.entries(EntityKind.HOST)[0].uid
        for name, words in (("root", "management plane"), ("clocker", "management plane"), (uid, "is the uid of a host")):
            with pytest.raises(BadRequest, match=words):
                await driven.deploy(f"id: {name}\nname: {name}\n{SERVICE}")
            pool = f"- {{type: docker-cloud, id: {name}, hosts: [{{name: one, engine: 'simulated://one'}}]}}\n"
            with pytest.raises(BadRequest, match=words):
                await driven.deploy(f"name: shop\n{SERVICE}{pool}")
        await driven.ended(await driven.deploy(f"name: shop\n{SERVICE}"))
        assert driven.up("shop")

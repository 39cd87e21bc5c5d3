"""Does a manager hold to what its settings allow, whichever way a spec comes, and leave what runs as it is?"""

import logging
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BadRequest
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import new_world, running
from tests.flows.support import Driven, managed

STRONG = "name: shop\nservices:\n- {type: 'docker:clocker/web:1', id: web, privileged: true, volumes: ['/srv/www:/www:ro']}\n"
ALLOWED = {"CLOCKER_ALLOW_PRIVILEGED": "true", "CLOCKER_ALLOW_HOST_PATHS": "/srv"}


async def deployed(driven: Driven, text: str = STRONG) -> None:
    ended = await driven.ended(await driven.deploy(text))
    assert ended.state is ActivityState.DONE, ended.problem


async def test_nobody_deploys_what_is_not_allowed(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        with pytest.raises(BadRequest, match=r"runs privileged.*\n.*mounts /srv/www of its host, which nobody allowed on local"):
            await driven.deploy(STRONG)
        await deployed(driven, STRONG.replace(", privileged: true, volumes: ['/srv/www:/www:ro']", ""))
        parsed = parse(STRONG, "shop.yaml", type_table())
        with pytest.raises(BadRequest, match="runs privileged"):  # nor by the effector that a deploy uses
            await driven.invoke(driven.model.resolve("shop"), "update", spec=msgspec.to_builtins(parsed.blueprint.applications[0]))


async def test_what_is_allowed_is_shown_with_who_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with managed(tmp_path / "s", world=new_world(), environ=ALLOWED) as driven:
            ended = await driven.ended(await driven.deploy(STRONG))
    words = "shop/web runs privileged; shop/web mounts /srv/www of its host"
    assert [step.note for step in ended.steps if step.name == "allow"] == [words]
    assert [record.getMessage() for record in caplog.records if words in record.getMessage()] == [
        f"{ended.cause.principal} deploys, as the settings allow: {words}"
    ]


async def test_what_ran_before_goes_on_and_is_mended_when_it_is_allowed_no_more(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, environ=ALLOWED) as driven:
        await deployed(driven)
        ((_, first),) = running(world)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(
            lambda: [driven.value(each.uid, "service.state") for each in driven.entries(EntityKind.MEMBER, "shop")] == ["running"],
            60,
            "found again",
        )
        ((engine, same),) = running(world)
        assert same.id == first.id
        await engine.kill(same.id)
        await driven.until(lambda: [seen.id for _, seen in running(world)] not in ([], [same.id]), 60, "mended")
        with pytest.raises(BadRequest, match="nobody allowed"):
            await driven.deploy(STRONG)

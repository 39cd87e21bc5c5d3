"""Do values stay true while a service runs: new ones reach it by files put anew or by a restart, one member after the other, and nothing is done for nothing?"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.expressions import Dependency, Late, OnChange
from clocker_actors.model.identity import LABEL_MEMBER
from clocker_actors.model.specs import ContainerSpec, FileSpec
from tests.flows.depending import IMAGE, cluster, deploy, env_of, external, formatted, requests, service, when_ready
from tests.flows.stories import engine_of, new_world, running, well
from tests.flows.support import Driven, managed

CONF = "/etc/app.conf"


def conf(*, reload: tuple[str, ...] = (), **more: object) -> ContainerSpec:
    """A container with a late file."""
    late = Late(f"files.{CONF}", formatted("db=%s\n", when_ready("db", "host.address")))
    return replace(ContainerSpec(IMAGE, files=(FileSpec(CONF, mode=0o600, reload=reload),), late=(late,)), **more)  # type: ignore[arg-type]


def conf_of(driven: Driven, world: SimulatedWorld, path: str) -> list[str]:
    """The file in the running containers of a service."""
    uid = driven.model.entry(path).uid
    return [engine.files_of(seen.id)[CONF].content for engine, seen in running(world) if seen.labels[LABEL_MEMBER] == uid]


def renewals(driven: Driven, path: str) -> list[str]:
    """What was decided because values changed, oldest first."""
    found = driven.model.decisions.of_subject(driven.model.entry(path).uid, acted=True)
    return [f"{decision.action}: {decision.reason}" for decision in found if decision.kind == "renew"]


async def moved(driven: Driven, path: str) -> str:
    """Move a service to another host; its new address."""
    before = driven.value(path, "host.address")
    assert (await driven.ended(await driven.invoke(path, "move"))).state is ActivityState.DONE
    await driven.until(lambda: driven.value(path, "host.address") not in (before, None))
    return str(driven.value(path, "host.address"))


async def test_members_restart_one_after_the_other_when_what_they_depend_on_moves(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        node = service("node", env={"DB": when_ready("db", "host.address")})
        assert (await driven.ended(await deploy(driven, service("db"), cluster("web", 3, node)))).state is ActivityState.DONE
        before = str(driven.value("shop/db", "host.address"))
        assert env_of(driven, world, "shop/web", "DB") == [before] * 3
        after = await moved(driven, "shop/db")
        least = 3

        def look() -> bool:
            nonlocal least
            least = min(least, sum(driven.value(f"shop/web/{n}", "service.isUp") is True for n in (1, 2, 3)))
            return env_of(driven, world, "shop/web", "DB") == [after] * 3

        await driven.until(look, within=60)
        await well(driven, world)
        assert least == 3
        assert [len(renewals(driven, f"shop/web/{n}")) for n in (1, 2, 3)] == [1, 1, 1]
        assert f"host.address of shop/db is {after} now" in renewals(driven, "shop/web/1")[0]
        assert driven.value("shop/web", "group.members.up") == 3


async def test_files_that_reload_are_put_anew_in_place(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", container=conf(reload=("app", "reload")))))
        assert conf_of(driven, world, "shop/web") == [f"db={driven.value('shop/db', 'host.address')}\n"]
        name = requests(driven, world, "shop/web")[0].name
        after = await moved(driven, "shop/db")
        await driven.until(lambda: conf_of(driven, world, "shop/web") == [f"db={after}\n"])
        assert requests(driven, world, "shop/web")[0].name == name
        assert renewals(driven, "shop/web")[0].startswith("put files")
        assert sum(engine.made["execute"] for engine in world.engines.values()) == 1
        assert (await driven.ended(await driven.invoke("shop/web", "restart"))).state is ActivityState.DONE
        assert conf_of(driven, world, "shop/web") == [f"db={after}\n"]
        await well(driven, world)


async def test_files_that_do_not_reload_need_a_new_container(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", container=conf())))
        name = requests(driven, world, "shop/web")[0].name
        after = await moved(driven, "shop/db")
        await driven.until(lambda: conf_of(driven, world, "shop/web") == [f"db={after}\n"])
        assert requests(driven, world, "shop/web")[0].name != name


async def test_a_reload_that_fails_leads_to_a_new_container(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", container=conf(reload=("sh", "-c", "echo no; exit 3")))))
        name = requests(driven, world, "shop/web")[0].name
        await moved(driven, "shop/db")
        await driven.until(lambda: sorted(found.split(":")[0] for found in renewals(driven, "shop/web")) == ["put files", "renew"])
        await driven.until(lambda: driven.up("shop/web") and requests(driven, world, "shop/web")[0].name != name)
        await well(driven, world)


async def test_keep_leaves_variables_and_renews_files(tmp_path: Path) -> None:
    world = new_world()
    made = service("web", env={"DB": when_ready("db", "host.address")}, container=conf(), on_change=OnChange.KEEP)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), made))
        before, name = str(driven.value("shop/db", "host.address")), requests(driven, world, "shop/web")[0].name
        after = await moved(driven, "shop/db")
        await driven.until(lambda: conf_of(driven, world, "shop/web") == [f"db={after}\n"])
        await asyncio.sleep(30)
        assert (requests(driven, world, "shop/web")[0].name, env_of(driven, world, "shop/web", "DB")) == (name, [before])
        assert len(renewals(driven, "shop/web")) == 1
        await driven.ended(await driven.invoke("shop/web", "restart"))
        assert env_of(driven, world, "shop/web", "DB") == [after]


async def test_what_is_down_for_a_while_restarts_nobody(tmp_path: Path) -> None:
    world = new_world()
    node = service("node", env={"DB": when_ready("db", "mapped.port.80")}, depends=(Dependency("db"),))
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db", port=80), cluster("web", 2, node)))
        names = sorted(request.name for request in requests(driven, world, "shop/web"))
        for _ in range(3):
            await driven.ended(await driven.invoke("shop/db", "stop"))
            await asyncio.sleep(5)
            await driven.ended(await driven.invoke("shop/db", "start"))
        await asyncio.sleep(10)
        assert sorted(request.name for request in requests(driven, world, "shop/web")) == names
        await well(driven, world)


async def test_what_fails_while_its_dependency_is_down_is_started_again_all_the_same(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(
            await deploy(driven, service("db"), service("web", env={"DB": when_ready("db", "host.address")}, depends=(Dependency("db"),)))
        )
        address = str(driven.value("shop/db", "host.address"))
        await driven.ended(await driven.invoke("shop/db", "stop"))
        (request,) = requests(driven, world, "shop/web")
        next(engine for engine, seen in running(world) if seen.name == request.name).die(request.name)
        await driven.until(
            lambda: bool(requests(driven, world, "shop/web")) and requests(driven, world, "shop/web")[0].name != request.name
        )
        await driven.until(lambda: driven.up("shop/web"))
        assert env_of(driven, world, "shop/web", "DB") == [address]


async def test_a_value_that_changed_while_the_manager_was_away_is_noticed(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", env={"DB": when_ready("db", "host.address")})))
        after = await moved(driven, "shop/db")  # the restart is held back for two seconds, and comes after the manager's end
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"))
        await driven.until(lambda: env_of(driven, world, "shop/web", "DB") == [after])
        await well(driven, world)


async def test_files_are_put_when_the_manager_ends_in_between(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", container=conf(reload=("app", "reload")))))
        after = await moved(driven, "shop/db")
        engine_of(world, requests(driven, world, "shop/web")[0].name).fail("put", EngineUnavailable("not now"))
        await asyncio.sleep(2.5)
        assert conf_of(driven, world, "shop/web") != [f"db={after}\n"]
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"))
        await driven.until(lambda: conf_of(driven, world, "shop/web") == [f"db={after}\n"])
        assert len(renewals(driven, "shop/web")) == 1


@pytest.mark.parametrize("where", ["env", "files"])
async def test_secrets_are_in_the_container_and_nowhere_else(tmp_path: Path, where: str) -> None:
    world = new_world()
    url = formatted("pg://:%s@%s", external("shop", "password"), when_ready("db", "host.address"))
    made = (
        service("web", env={"URL": url})
        if where == "env"
        else service("web", container=replace(conf(), late=(Late(f"files.{CONF}", url),)))
    )
    secret = {"CLOCKER_EXTERNAL_SHOP_PASSWORD": "tr0ub4dor"}
    async with managed(tmp_path / "s", world=world, environ=secret) as driven:
        assert (await driven.ended(await deploy(driven, service("db"), made))).state is ActivityState.DONE
        wanted = f"pg://:tr0ub4dor@{driven.value('shop/db', 'host.address')}"
        found = env_of(driven, world, "shop/web", "URL") if where == "env" else conf_of(driven, world, "shop/web")
        assert found == [wanted]
        kept = b"".join(record.body or b"" for kind in ("member", "application", "decision") for record in driven.manager.store.all(kind))
        assert b"tr0ub4dor" not in kept
        assert "tr0ub4dor" not in repr([(entry, entry.sensors) for entry in driven.model.all()])
        after = await moved(driven, "shop/db")
        await driven.until(
            lambda: after in str(env_of(driven, world, "shop/web", "URL") if where == "env" else conf_of(driven, world, "shop/web"))
        )
        await well(driven, world)


async def test_a_secret_that_nobody_gave_is_a_problem_with_words(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        ended = await driven.ended(await deploy(driven, service("web", env={"P": external("shop", "password")})), within=120)
        assert ended.state is ActivityState.FAILED
        assert "there is no secret password of external provider shop" in ended.problem
        assert "CLOCKER_EXTERNAL_SHOP_PASSWORD" in ended.problem


async def test_names_of_others_are_known_in_the_container(tmp_path: Path) -> None:
    world = new_world()
    late = (Late("hosts.db", when_ready("db", "host.subnet.address")),)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await deploy(driven, service("db"), service("web", container=ContainerSpec(IMAGE, hosts={"db": ""}, late=late))))
        assert [dict(request.spec.hosts) for request in requests(driven, world, "shop/web")] == [
            {"db": driven.value("shop/db", "host.subnet.address")}
        ]

"""What becomes of policies that cannot start, are given wrong keys, or ask to keep something, in a whole manager?"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from clocker_actors.entities.records import adjunct_record
from clocker_actors.entities.services.cluster import Cluster
from clocker_actors.errors import BadRequest
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.messages import KeepState
from clocker_actors.model.values import Value
from clocker_actors.policies.autoscaler import AutoScaler
from clocker_actors.ports.store import Record
from tests.flows.stories import cluster, new_world, running
from tests.flows.support import Driven, managed

CONFIG: dict[str, Value] = {"metric": "cpu.mean.average", "metricLowerBound": 20, "metricUpperBound": 60}


def listed(driven: Driven) -> dict[str, str]:
    """Name and state of the policies of the cluster."""
    return {policy.name: policy.state for policy in driven.model.entry("shop/web").policies.values() if policy.role == "policy"}


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Autoscalers cannot start."""

    def begin(_: AutoScaler) -> None:
        raise RuntimeError("its state is from another world")

    monkeypatch.setattr(AutoScaler, "begin", begin)


async def test_a_policy_that_cannot_start_is_listed_with_its_reason_and_can_be_set_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        with monkeypatch.context() as for_now:
            broken(for_now)
            added = await driven.ended(await driven.invoke("shop/web", "add_policy", type="autoscaler", config=CONFIG))
            assert added.state is ActivityState.FAILED
            assert "another world" in added.problem
            assert listed(driven)["autoscaler"] == "failed"
            still = await driven.ended(await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"maxPoolSize": 5}))
            assert still.state is ActivityState.FAILED
        done = await driven.ended(await driven.invoke("shop/web", "set_policy", policy="autoscaler", config={"maxPoolSize": 6}))
        assert done.state is ActivityState.DONE
        assert listed(driven)["autoscaler"] == "running"
        assert driven.model.entry("shop/web").policies["autoscaler"].config["maxPoolSize"] == 6


async def test_a_policy_that_never_started_can_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        broken(monkeypatch)
        await driven.ended(await driven.invoke("shop/web", "add_policy", type="autoscaler", config=CONFIG))
        gone = await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="autoscaler"))
        assert gone.state is ActivityState.DONE
        assert "autoscaler" not in listed(driven)


async def test_a_policy_begins_only_when_it_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await asyncio.sleep(5)
        store, gate = driven.manager.store, asyncio.Event()
        write = store.write

        async def slowly(batch: Sequence[Record]) -> int:
            await gate.wait()
            return await write(batch)

        monkeypatch.setattr(store, "write", slowly)
        adding = await driven.invoke("shop/web", "add_policy", type="autoscaler", config=CONFIG)
        await asyncio.sleep(2)
        assert "autoscaler" not in listed(driven)
        gate.set()
        assert (await driven.ended(adding)).state is ActivityState.DONE
        assert listed(driven)["autoscaler"] == "running"


async def test_wrong_keys_are_refused_before_anything_is_accepted(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await driven.ended(await driven.invoke("shop/web", "add_policy", type="autoscaler", config=CONFIG))
        for wrong in ({"maxPoolSize": "many"}, {"maxPolSize": 3}, {"minPoolSize": 5, "maxPoolSize": 4}):
            with pytest.raises(BadRequest, match="PoolSize"):
                await driven.invoke("shop/web", "set_policy", policy="autoscaler", config=wrong)


async def test_what_a_policy_keeps_is_its_own_record_and_moves_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await driven.ended(await driven.invoke("shop/web", "add_policy", type="service-replacer", name="mine", config={}))
        await asyncio.sleep(5)
        uid, calls = driven.model.resolve("shop/web"), []
        before = driven.manager.store.read("cluster", uid)
        monkeypatch.setattr(Cluster, "reconcile", lambda _: calls.append("reconcile"))
        for number in range(100):
            driven.manager.kernel.tell(uid, KeepState("mine", {"failed": [float(number)]}))
        await asyncio.sleep(2)
        monkeypatch.undo()
        assert not calls
        assert driven.manager.store.read("cluster", uid) == before
        assert b"99.0" in (driven.manager.store.read("adjunct", f"{uid}:mine") or b"")
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 30)
        assert driven.model.entry("shop/web").policies["mine"].status["failed_in_a_row"] == 1
        await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="mine"))
        assert driven.manager.store.read("adjunct", f"{uid}:mine") is None
        assert driven.manager.store.all("adjunct"), "detectors of members keep what they have said"
        await driven.ended(await driven.invoke("shop", "delete"))
        await asyncio.sleep(1)
        assert not driven.manager.store.all("adjunct")


async def test_members_are_read_as_often_as_the_most_eager_needs_and_then_as_usual(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(1)))

        async def pause() -> float:
            """Seconds between the last two readings of the member."""
            await asyncio.sleep(25)
            times: list[float] = []
            while len(times) < 3:
                reading = driven.reading("shop/web/1", "cpu.percent")
                if reading is not None and reading.at not in times:
                    times.append(reading.at)
                await asyncio.sleep(0.1)
            return round(times[-1] - times[-2])

        assert await pause() == 10
        for name, period in (("eager", "2s"), ("calm", "5s")):
            config: Value = {**CONFIG, "metricPeriod": period}
            await driven.ended(await driven.invoke("shop/web", "add_policy", type="autoscaler", name=name, config=config))
        assert await pause() == 2
        await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="eager"))
        assert await pause() == 5
        await driven.ended(await driven.invoke("shop/web", "remove_policy", policy="calm"))
        assert await pause() == 10


async def test_a_death_said_but_not_acted_on_before_the_manager_ended_is_mended_after_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await asyncio.sleep(5)
        member, store = driven.model.resolve("shop/web/1"), driven.manager.store
        said = {"said": "failed", "said_at": driven.manager.kernel.now(), "was_up": True}
        await store.write([adjunct_record(member, "service-failure-detector", said)])
    engine, seen = next((engine, seen) for engine, seen in running(world) if seen.labels["clocker.member"] == member)
    engine.die(seen.name, 1)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web/1") and driven.up("shop/web/1"), 60)

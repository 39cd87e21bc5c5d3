"""What becomes of an order to a child whose actor cannot be made, or crashes before it acted on it?"""

from pathlib import Path

import pytest

from clocker_actors.entities.members.member import Member
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.values import Value
from tests.flows.stories import cluster, new_world, well
from tests.flows.support import managed


async def test_a_child_that_cannot_start_is_said_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, failures = Member.on_start, [0]

    def broken(self: Member) -> None:
        if failures[0] < 2:
            failures[0] += 1
            raise RuntimeError("no memory for this")
        right(self)

    world = new_world()
    monkeypatch.setattr(Member, "on_start", broken)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(cluster(2))
        await driven.until(
            lambda: not driven.gone("shop/web") and "could not be started" in str(driven.value("shop/web", "service.problems")), 5
        )
        await driven.until(lambda: driven.up("shop"), 30)
        await well(driven, world)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE


async def test_a_delete_that_a_crash_swallowed_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, crashes = Member._delete, [0]

    def broken(self: Member, activity: Activity, arguments: dict[str, Value]) -> None:
        if crashes[0] == 0:
            crashes[0] += 1
            raise RuntimeError("lost on the way")
        right(self, activity, arguments)

    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        monkeypatch.setattr(Member, "_delete", broken)
        assert (await driven.ended(await driven.invoke("shop", "delete"), 30)).state is ActivityState.DONE
        assert driven.gone("shop") and crashes == [1]

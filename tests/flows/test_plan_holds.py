"""Does what a plan says happen, and nothing else? Files are changed at random, planned and deployed; containers tell which was changed in place, replaced, kept."""

from pathlib import Path
from random import Random

import pytest

from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.planning.values import Action, Plan
from tests.flows.stories import new_world, well
from tests.flows.support import Driven, managed

CHANGES = 6
NAMES = ("web", "db", "cache", "front")


def service(random: Random, name: str, others: list[str]) -> str:
    """One service of a file, of few kinds and values, so that each of them often stays or comes back."""
    container = [f"type: docker:clocker/{name}:{random.randint(1, 2)}"]
    container += [f"memory: {random.choice(('64m', '128m'))}"] if random.random() < 0.7 else []
    container += [f"env: {{MODE: {random.choice(('quick', 'safe'))}}}"] if random.random() < 0.5 else []
    container += ["duplicate: never"] if name == "db" else []
    waits = [f"dependsOn: [{random.choice(others)}]"] if others and random.random() < 0.5 else []
    if name == "web":
        inner = "".join(f"\n    {line}" for line in container)
        least = f"\n  minSize: {random.randint(0, 2)}\n  maxSize: {random.randint(3, 5)}"
        return f"- type: cluster\n  id: web\n  initialSize: {random.randint(2, 3)}{least}\n  memberSpec:{inner}" + "".join(
            f"\n  {line}" for line in waits
        )
    return f"- id: {name}" + "".join(f"\n  {line}" for line in (*container, *waits))


def written(random: Random) -> str:
    """A file with some of the services, each of which may wait for one before it."""
    chosen = [name for name in NAMES if name == "web" or random.random() < 0.7]
    listed = [service(random, name, chosen[:number]) for number, name in enumerate(chosen)]
    return "name: shop\nlocation: local\nservices:\n" + "\n".join(listed) + "\n"


def planned(driven: Driven, text: str) -> Plan:
    (found,) = plan_of(parse(text, "shop.yaml", type_table()).blueprint, driven.manager.store, driven.model, type_table()).plans
    return found


def containers(driven: Driven) -> dict[str, object]:
    """The container of each member, by its path."""
    found = {}
    for entry in driven.entries(EntityKind.CONTAINER):
        member = driven.model.get(str(entry.facts.get("member")))
        if member is not None and entry.facts["generation"] == member.value("generation"):
            found[member.path] = entry.value("container.id")
    return found


def promised(plan: Plan, action: Action) -> set[str]:
    return {step.path for step in plan.steps if step.action is action and step.kind == EntityKind.MEMBER}


def settled(driven: Driven, text: str) -> bool:
    """Whether all is as the file says, and there is no more to do."""
    return all(step.action is Action.KEEP for step in planned(driven, text).steps)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_what_a_plan_says_is_what_happens(tmp_path: Path, seed: int) -> None:
    random, world = Random(seed), new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        before: dict[str, object] = {}
        await driven.until(lambda: sum(driven.up(host.uid) for host in driven.entries(EntityKind.HOST)) == 3)
        for _ in range(CHANGES):
            text = written(random)
            plan = planned(driven, text)
            assert plan.possible, plan.refusals
            ended = await driven.ended(await driven.deploy(text), 300)
            assert ended.state is ActivityState.DONE, (text, ended.problem)
            await driven.until(lambda text=text: settled(driven, text))  # type: ignore[misc]
            await well(driven, world)
            now = containers(driven)
            same = {path for path in before.keys() & now.keys() if before[path] == now[path]}
            assert now.keys() - before.keys() == promised(plan, Action.CREATE), text
            assert before.keys() & now.keys() - same == promised(plan, Action.REPLACE), text
            assert promised(plan, Action.UPDATE) <= same, text
            assert ended.result == "nothing to do" or plan.changes
            before = now

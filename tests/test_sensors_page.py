"""Does docs/sensors.md say what is so? Each example is parsed, deployed on simulated engines, and warned of nothing."""

import re
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.formula import FUNCTIONS
from clocker_actors.planning.silences import silences
from tests.flows.stories import new_world
from tests.flows.support import managed

PAGE = (Path(__file__).parent.parent / "docs" / "sensors.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=["feeds", "enrichers", "effectors"])
async def test_an_example_deploys(tmp_path: Path, text: str) -> None:
    types = type_table()
    (application,) = parse(text, "shop.yaml", types).blueprint.applications
    assert [each.message for each in silences(application, types.policies)] == []
    async with managed(tmp_path / "s", world=new_world()) as driven:
        ended = await driven.ended(await driven.deploy(text))
        assert ended.state is ActivityState.DONE, ended.problem
        for name in ("flush", "backup") if "exec-effector" in text else ():
            done = await driven.ended(await driven.invoke("test/cache", name))
            assert done.state is ActivityState.DONE, done.problem


def test_all_functions_of_formulas_are_named() -> None:
    (listed,) = re.findall(r"`value\['part'\]\[0\]`, and (.*?)\. Nothing else", PAGE, re.DOTALL)
    assert set(re.findall(r"[a-z]+", listed)) == set(FUNCTIONS)

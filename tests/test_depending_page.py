"""Does docs/depending.md say what is so? Each example is parsed and deployed on simulated engines, and its table names sensors that services have."""

import re
from pathlib import Path

import pytest

from clocker_actors.model.activities import ActivityState
from tests.flows.stories import new_world
from tests.flows.support import managed

PAGE = (Path(__file__).parent.parent / "docs" / "depending.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=["values", "policies", "waiting", "balancer", "peers", "secrets"])
async def test_an_example_deploys(tmp_path: Path, text: str) -> None:
    secret = {"CLOCKER_EXTERNAL_SHOP_DB_PASSWORD": "x"}
    async with managed(tmp_path / "s", world=new_world(), environ=secret) as driven:
        ended = await driven.ended(await driven.deploy(text))
        assert ended.state is ActivityState.DONE, ended.problem
        assert driven.up("shop/web")


async def test_services_have_these_sensors(tmp_path: Path) -> None:
    (table,) = re.findall(r"\| sensor of a service .*?\n\n", PAGE, re.DOTALL)
    names = [name.replace("N", "5432") for name in re.findall(r"`([a-zA-Z.]+)`", table)]
    assert len(names) == 9
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(EXAMPLES[2]))
        assert [name for name in names if driven.value("shop/db", name) is None] == []


async def test_the_settings_are_read(tmp_path: Path) -> None:
    (toml,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "secret"
    file.write_text("tr0ub4dor\n")
    file.chmod(0o600)
    settings = tmp_path / "clocker.toml"
    settings.write_text(toml.replace("/etc/clocker/shop.password", str(file)).replace("/run/secrets/shop", str(tmp_path)))
    async with managed(tmp_path / "s", world=new_world(), environ={"CLOCKER_CONFIG": str(settings)}) as driven:
        opener = driven.manager.settings.externals
        assert opener.open("shop", "db-password") == opener.open("shop", "secret") == "tr0ub4dor"

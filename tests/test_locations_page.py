"""Is what docs/locations.md shows read as it says?"""

import re
from pathlib import Path

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.named import named_locations
from clocker_actors.model.locations import LocationKind, SecretRef, settle
from clocker_actors.model.places import pools_of
from clocker_actors.settings import load

PAGE = (Path(__file__).parent.parent / "docs" / "locations.md").read_text(encoding="utf-8")


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_blueprints_and_settings_of_the_page(tmp_path: Path) -> None:
    (text,) = _blocks("toml")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    secret.chmod(0o600)
    (tmp_path / "clocker.toml").write_text(re.sub(r'"/etc/clocker/[^"]*"', f'"{secret}"', text))
    settings = load({}, {"CLOCKER_STATE": str(tmp_path)})
    known = named_locations(settings)
    frankfurt = known["frankfurt"].cloud
    assert frankfurt is not None
    assert frankfurt.credential == SecretRef("ireland.credential")
    assert settings.resolve(frankfurt.credential) == "hunter2"
    assert [part.kind for part in known["everywhere"].parts] == [LocationKind.MACHINES, LocationKind.CLOUD, LocationKind.CLOUD]
    *blueprints, shop = sorted(_blocks("yaml"), key=lambda text: "docker-cloud" not in text)
    assert pools_of(parse(shop, "shop.yaml", type_table()).blueprint.applications[0]) == ("yard", "edge")
    assert len(blueprints) == 3
    for blueprint in blueprints:
        (pool,) = parse(blueprint, "page.yaml", type_table()).blueprint.pools
        assert pool.location is not None
        settle(pool.location, known)


def test_locations_of_the_table() -> None:
    written = [each for row in re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE) for each in re.findall(r"`([^`]+)`", row)]
    names = [each for each in written if "PROVIDER" not in each and "…" not in each and not each.startswith("docker:")]
    assert len(names) >= 5
    for name in names:
        location = name.replace("host:port", "host:22")
        text = f"services: [{{type: docker-cloud, name: a, location: '{location}'}}]"
        assert parse(text, "page.yaml", type_table()).blueprint.pools[0].location is not None

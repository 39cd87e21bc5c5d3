"""Do locations that settings name read as those of a blueprint, and are they put in where a blueprint names them?"""

from pathlib import Path

import pytest

from clocker_actors.blueprint.named import named_locations
from clocker_actors.errors import BadRequest, SettingsError
from clocker_actors.model.locations import LocationKind, LocationSpec, SecretRef, settle
from clocker_actors.settings import load
from tests.blueprint.reading import pool


def named(tmp_path: Path, text: str, **variables: str) -> dict[str, LocationSpec]:
    (tmp_path / "clocker.toml").write_text(text)
    return dict(named_locations(load({}, {"CLOCKER_STATE": str(tmp_path), **variables})))


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        named(tmp_path, text)
    return str(caught.value).splitlines()


TEXT = """
[locations.ireland]
location = "libcloud:ec2:eu-west-1"
minRam = "8g"
inboundPorts = [22, 80]
destroyOnFailure = false

[locations.rack-1]
location = "byon"
hosts = ["10.0.0.{1..3}", {address = "blue", port = 2222}]
user = "admin"

[locations.both]
location = ["rack-1", "ireland:(minRam=16g)"]

[locations.yard]
location = "docker:yard"
"""


def test_tables_are_locations(tmp_path: Path) -> None:
    found = named(tmp_path, TEXT, CLOCKER_LOCATION_RACK_1_PASSWORD="hunter2")
    assert set(found) == {"ireland", "rack-1", "both", "yard"}
    cloud = found["ireland"].cloud
    assert cloud is not None
    assert (cloud.identity, cloud.template.min_ram, cloud.template.inbound_ports) == (SecretRef("ireland.identity"), 8 << 30, (22, 80))
    assert cloud.template.destroy_on_failure is False
    machines = found["rack-1"].machines
    assert [(each.address, each.port, each.user) for each in machines][-2:] == [("10.0.0.3", 22, "admin"), ("blue", 2222, "admin")]
    assert {each.password for each in machines} == {SecretRef("rack-1.password")}
    both = found["both"]
    assert both.parts[0].machines == machines
    assert both.parts[1].cloud is not None
    assert both.parts[1].cloud.template.min_ram == 16 << 30
    assert found["yard"].kind is LocationKind.POOL


def test_a_blueprint_names_one(tmp_path: Path) -> None:
    known = named(tmp_path, TEXT)
    written = pool("location: [ireland, {ireland: {minRam: 4g, securityGroups: [a]}}, rack-1]").location
    assert written is not None
    first, second, third = settle(written, known).parts
    assert first == known["ireland"]
    assert second.cloud is not None
    assert (second.cloud.template.min_ram, second.cloud.template.security_groups, second.cloud.template.inbound_ports) == (
        4 << 30,
        ("a",),
        (22, 80),
    )
    assert third == known["rack-1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("irland", "location 'irland' is not in the settings (known are ireland); write [locations.irland] in the daemon's clocker.toml"),
        ("yard", "is the docker cloud yard, where no hosts come from"),
        ("rack-1:(minRam=1g)", "is of machines that exist, so it takes no options; remove min_ram"),
    ],
)
def test_names_that_cannot_be_put_in(tmp_path: Path, text: str, words: str) -> None:
    written = pool(f"location: {text}").location
    assert written is not None
    with pytest.raises(BadRequest) as caught:
        settle(written, named(tmp_path, TEXT))
    assert words in str(caught.value)


def test_clouds_that_can_make_no_machines_and_images_named_later(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, '[locations.a]\nlocation = ["localhost", "libcloud:gce:west:(osFamily=debian)"]\n')
    assert told.startswith(f"{tmp_path / 'clocker.toml'}:2:1: `libcloud:gce:west` can make no machines: its driver needs a project")
    assert named(tmp_path, '[locations.a]\nlocation = "libcloud:digitalocean:ams3"\n')["a"].cloud


def test_all_faults_with_their_lines(tmp_path: Path) -> None:
    text = """\
[locations.a]
location = "libcloud:ec3:eu"

[locations.b]
minRam = "8g"
[locations.c]
location = "libcloud:ec2:eu"
minRam = "8q"
minCors = 2

[locations.d]
location = "e"
[locations.e]
location = "d"
[locations.f]
location = "libcloud:ec2:eu:(minRam=1g)"
minDisk = 3
[locations.g]
credential_file = "/nowhere/at/all"
"""
    found = faults(tmp_path, text)
    place = f"{tmp_path / 'clocker.toml'}"
    for line, words in [
        (2, "`ec3` is not a cloud that libcloud knows"),
        (4, "[locations.b] has no location"),
        (8, "write a size such as 512m"),
        (9, "did you mean `minCores`"),
        (12, "leads to itself"),
        (14, "leads to itself"),
        (16, "options in two places"),
        (19, "credential_file of [locations.g] (/nowhere/at/all): cannot be read"),
    ]:
        assert any(each.startswith(f"{place}:{line}:") and words in each for each in found), (line, words, found)

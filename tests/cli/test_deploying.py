"""deploy and plan: faults with positions and without a daemon, files uploaded, changes as an exit code."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from clocker_actors.cli import main
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.specs import Blueprint
from clocker_actors.store.codec import convert
from tests.admin.house import House
from tests.cli.conftest import Clocker

GOOD = "location: cloud\nservices:\n- type: docker:nginx:1.25\n  id: web\n"
CLOUD = "- type: docker-cloud\n  id: cloud\n  hosts:\n  - name: one\n    engine: tcp://10.0.0.1:2375\n"


def test_faults_are_told_all_at_once_with_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("services:\n- type: docker:nginx\n  id: a b\n- type: dokcer\n")
    for command in ("deploy", "plan"):
        assert main([command, str(path)]) == 2
        said = capsys.readouterr()
        lines = said.err.splitlines()
        assert len(lines) == 2
        assert lines[0].startswith(f"{path}:3:")
        assert lines[1].startswith(f"{path}:4:")


@pytest.mark.real_loop
async def test_a_blueprint_is_deployed(house: House, clocker: Clocker, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(f"name: mine\n{GOOD}")
    ran = await clocker("deploy", str(path))
    assert (ran.code, ran.out) == (0, "")
    assert f"deploy of {path}: done" in ran.said
    blueprint = convert(Blueprint, house.invoked[0].arguments["blueprint"])
    assert [service.id for service in blueprint.applications[0].services] == ["web"]


@pytest.mark.real_loop
async def test_build_contexts_are_uploaded(house: House, clocker: Clocker, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "Dockerfile").write_text("FROM scratch\n")
    path = tmp_path / "shop.yaml"
    path.write_text("name: mine\nservices:\n- type: container\n  id: web\n  brooklyn.config:\n    build: ./site\n")
    ran = await clocker("deploy", str(path))
    assert ran.code == 0, ran.err
    service = convert(Blueprint, house.invoked[0].arguments["blueprint"]).applications[0].services[0]
    assert service.container is not None
    assert service.container.image.build is not None
    content = await house.context.blobs.get(service.container.image.build.context)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == ["Dockerfile"]


@pytest.mark.real_loop
async def test_a_plan_is_shown_and_its_changes_are_an_exit_code(house: House, clocker: Clocker, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD + CLOUD)
    ran = await clocker("plan", str(path))
    assert ran.code == 0, ran.err
    assert "+ docker-cloud cloud" in ran.out
    assert "2 to create, 0 to update, 0 to replace, 0 to remove" in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    assert (await clocker("plan", str(path), "--exit-code")).code == 4
    told = await clocker("plan", str(path), "--exit-code", "--json")
    assert (told.code, json.loads(told.out)["changes"]) == (4, True)
    assert not house.invoked


@pytest.mark.real_loop
async def test_a_plan_under_a_name_that_nothing_can_have_is_bad_usage(house: House, clocker: Clocker, tmp_path: Path) -> None:
    path = tmp_path / "root.yaml"
    path.write_text(GOOD + CLOUD)
    ran = await clocker("plan", str(path))
    assert (ran.code, ran.out) == (2, "")
    assert "root is the name of the management plane itself: give this application" in ran.said


@pytest.mark.real_loop
async def test_a_plan_without_room_exits_1_and_says_why(house: House, clocker: Clocker, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(f"{GOOD}{CLOUD}  strategies:\n  - MaxContainers: {{maxContainers: 0}}\n")
    ran = await clocker("plan", str(path))
    assert ran.code == 1, ran.err
    assert "shop/web finds no host" in ran.said
    assert "MaxContainers" in ran.said


@pytest.mark.real_loop
async def test_members_that_find_no_host_for_one_reason_are_told_of_once(house: House, clocker: Clocker, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    members = "- type: cluster\n  id: many\n  initialSize: 9\n  memberSpec:\n    type: docker:nginx:1.25\n"
    path.write_text(f"{GOOD}{members}{CLOUD}  strategies:\n  - MaxContainers: {{maxContainers: 4}}\n")
    ran = await clocker("plan", str(path))
    assert ran.code == 1
    assert ran.said.count("find no host") == 1
    assert "6 of 9 members of shop/many find no host: 1 of 1 host refused: 1 by MaxContainers" in ran.said
    assert "what would help: 1 container less on one" in ran.said


@pytest.mark.real_loop
async def test_a_failed_deploy_says_which_application_to_look_at(house: House, clocker: Clocker, tmp_path: Path) -> None:
    house.outcome = ActivityState.FAILED
    path = tmp_path / "shop.yaml"
    path.write_text(f"name: mine\n{GOOD}")
    ran = await clocker("deploy", str(path))
    assert ran.code == 1
    assert "`clocker explain mine` tells more" in ran.said

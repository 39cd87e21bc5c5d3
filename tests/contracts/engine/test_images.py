"""Are images known, built, and faults of a build told with its last words? And volumes, made and removed?"""

from dataclasses import replace

import pytest

from clocker_actors.errors import ClockerError, EngineFault
from clocker_actors.model.specs import BuildSpec, VolumeKind, VolumeSpec
from tests.contracts.engine.lab import LABEL, Lab, engine_only, packed

DOORS = ("docker-unix",)  # what is asked here does not depend on the door


async def test_what_the_engine_has(lab: Lab) -> None:
    found = await lab.engine.image(lab.image)
    assert found is not None
    assert (found.id.startswith("sha256:"), found.health_interval) == (True, None)
    assert await lab.engine.image("clocker/missing:1") is None


async def test_a_build_gives_an_image_that_runs(lab: Lab) -> None:
    spec = BuildSpec("", dockerfile="Imagefile", arguments={"WORD": "x"})
    text = f"FROM {lab.image}\nARG WORD\nCOPY greeting /greeting\nHEALTHCHECK --interval=7s CMD true\n"
    await lab.engine.build("clocker/built:1", spec, packed(text, "Imagefile"), {LABEL: "test"})
    found = await lab.engine.image("clocker/built:1")
    assert found is not None
    assert found.health_interval == 7.0


async def test_built_images_are_found_by_label_and_removed_by_name(lab: Lab) -> None:
    for number in (1, 2):
        text = f"FROM {lab.image}\nENV number={number}\nRUN true\n"
        await lab.engine.build(f"clocker/gone:{number}", BuildSpec(""), packed(text), {LABEL: "going", "number": str(number)})
    listed = await lab.engine.images({LABEL: "going"})
    assert sorted(name for image in listed for name in image.names) == ["clocker/gone:1", "clocker/gone:2"]
    assert [image.names for image in await lab.engine.images({LABEL: "going", "number": "2"})] == [("clocker/gone:2",)]
    assert not await lab.engine.images({LABEL: "other"})
    for _ in range(2):
        await lab.engine.remove_image("clocker/gone:1")
        await lab.engine.remove_image("clocker/gone:2")
    assert not await lab.engine.images({LABEL: "going"})
    assert await lab.engine.image(lab.image), "what it was built on stays"


@pytest.mark.parametrize("runs", [True, False])
async def test_an_image_with_containers_is_not_removed(lab: Lab, runs: bool) -> None:
    await lab.engine.build("clocker/gone:1", BuildSpec(""), packed(f"FROM {lab.image}\n"), {LABEL: "going"})
    wanted = replace(lab.request(), image="clocker/gone:1")
    identity = await (lab.run(wanted) if runs else lab.engine.create(wanted))
    with pytest.raises(EngineFault) as refusal:
        await lab.engine.remove_image("clocker/gone:1")
    assert refusal.value.details["status"] == "409"
    assert await lab.engine.image("clocker/gone:1")
    await lab.engine.remove(identity)
    await lab.engine.remove_image("clocker/gone:1")
    assert await lab.engine.image("clocker/gone:1") is None


async def test_a_context_without_its_dockerfile(lab: Lab) -> None:
    with pytest.raises(EngineFault, match="Dockerfile"):
        await lab.engine.build("clocker/never:1", BuildSpec("", "Dockerfile"), packed("FROM scratch\n", "Other"), {})


@engine_only
async def test_a_failing_step_tells_its_last_words(lab: Lab) -> None:
    text = f"FROM {lab.image}\nRUN echo about to break && exit 9\n"
    with pytest.raises(EngineFault) as refusal:
        await lab.engine.build("clocker/never:1", BuildSpec(""), packed(text), {})
    assert "returned a non-zero code: 9" in str(refusal.value)
    assert "about to break" in str(refusal.value)
    assert await lab.engine.image("clocker/never:1") is None


async def test_a_base_that_cannot_be_had(lab: Lab) -> None:
    with pytest.raises(ClockerError, match="missing"):
        await lab.engine.build("clocker/never:1", BuildSpec(""), packed("FROM clocker/missing:1\n"), {})


async def test_volumes_come_and_go(lab: Lab) -> None:
    for _ in range(2):
        await lab.engine.ensure_volume("kept", {LABEL: "test"})
    assert list(await lab.engine.volumes({LABEL: "test"})) == ["kept"]
    assert list(await lab.engine.volumes({LABEL: "other"})) == []
    wanted = lab.request(volumes=(VolumeSpec(VolumeKind.VOLUME, "data", "/data"),))
    wanted = type(wanted)(wanted.name, wanted.image, wanted.spec, wanted.labels, volume_names={"data": "kept"})
    identity = await lab.engine.create(wanted)
    with pytest.raises(EngineFault):
        await lab.engine.remove_volume("kept")
    await lab.engine.remove(identity)
    for _ in range(2):
        await lab.engine.remove_volume("kept")
    assert list(await lab.engine.volumes({})) == []

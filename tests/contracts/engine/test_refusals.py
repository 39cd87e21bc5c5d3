"""Is each refusal an error of its own kind, saying what, where, and one thing to do?"""

from collections.abc import Awaitable

import pytest

from clocker_actors.errors import EngineFault, ImageNotFound, NameConflict, NotFound, PortTaken
from clocker_actors.model.containers import ContainerRequest, EngineState
from clocker_actors.model.specs import ContainerSpec, ImageSpec, PortSpec, Resources
from tests.bed.image import WEB_PORT
from tests.contracts.engine.lab import Lab

DOORS = ("docker-unix",)  # what is asked here does not depend on the door

ABSENT = "clocker/missing:1"


def _told(error: EngineFault | NotFound, what: str, lab: Lab) -> None:
    """The text names the thing, the engine, and (after the last `;` or `:`) something to do."""
    text = str(error)
    assert what in text
    assert error.details["engine"] in text
    assert any(mark in text for mark in (";", ": "))


async def test_an_image_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(ImageNotFound) as refusal:
        await lab.engine.create(ContainerRequest("c", ABSENT, ContainerSpec(ImageSpec(ABSENT)), {}))
    _told(refusal.value, ABSENT, lab)
    assert refusal.value.details["status"] == "404"
    assert refusal.value.details["operation"] == "create"


async def test_an_image_that_cannot_be_pulled(lab: Lab) -> None:
    with pytest.raises(ImageNotFound):
        await lab.engine.pull(ABSENT)


async def test_a_name_that_is_taken_tells_by_whom(lab: Lab) -> None:
    wanted = lab.request()
    identity = await lab.engine.create(wanted)
    with pytest.raises(NameConflict) as refusal:
        await lab.engine.create(wanted)
    assert refusal.value.details["existing"] == identity
    _told(refusal.value, wanted.name, lab)


async def test_a_port_that_is_taken_leaves_the_container_created(lab: Lab) -> None:
    ports = (PortSpec(WEB_PORT),)
    await lab.run(lab.request(port=20_200, ports=ports))
    late = await lab.engine.create(lab.request(port=20_200, ports=ports))
    with pytest.raises(PortTaken) as refusal:
        await lab.engine.start(late)
    _told(refusal.value, "20200", lab)
    left = await lab.engine.inspect(late)
    assert (left.state, left.exit_code) == (EngineState.CREATED, 128)


async def test_a_container_that_is_not_there(lab: Lab) -> None:
    engine = lab.engine
    calls: list[Awaitable[object]] = [
        engine.inspect("nobody"),
        engine.start("nobody"),
        engine.stop("nobody", 1.0),
        engine.kill("nobody"),
        engine.update("nobody", Resources(cpus=1.0)),
        engine.execute("nobody", ["true"], 1.0),
        anext(aiter(engine.logs("nobody", follow=False, tail=1))),
    ]
    for call in calls:
        with pytest.raises(NotFound) as refusal:
            await call
        _told(refusal.value, "nobody", lab)


async def test_a_command_that_is_not_in_the_image(lab: Lab) -> None:
    identity = await lab.engine.create(lab.request(command=("no-such-program",)))
    with pytest.raises(EngineFault) as refusal:
        await lab.engine.start(identity)
    _told(refusal.value, "", lab)
    assert (await lab.engine.inspect(identity)).state is EngineState.CREATED


@pytest.mark.parametrize("resources", [Resources(memory=1 << 20), Resources(cpus=4096.0)])
async def test_resources_out_of_range(lab: Lab, resources: Resources) -> None:
    with pytest.raises(EngineFault) as refusal:
        await lab.engine.create(lab.request(resources=resources))
    assert refusal.value.details["status"] == "400"


async def test_every_call_is_reported_with_its_outcome(lab: Lab) -> None:
    with pytest.raises(NotFound):
        await lab.engine.inspect("nobody")
    await lab.engine.list({})
    assert [line for line in lab.calls.lines if line[0] in ("inspect", "list")] == [("inspect", "NotFound"), ("list", "ok")]

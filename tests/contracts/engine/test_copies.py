"""Does an image that one engine gives come into another whole: name, labels, in pieces, and nothing at all if it breaks off?"""

from collections.abc import AsyncIterator

import pytest

from clocker_actors.errors import ClockerError, EngineFault, EngineUnavailable, ImageNotFound
from clocker_actors.model.specs import BuildSpec
from tests.contracts.engine.lab import LABEL, Lab, live, packed

DOORS = ("docker-unix", "docker-ssh")
NAME = "clocker/copied:1"


async def built(lab: Lab) -> None:
    await lab.engine.build(NAME, BuildSpec(""), packed(f"FROM {lab.image}\nCOPY greeting /greeting\n"), {LABEL: "copied"})


async def pieces(*given: bytes, then: ClockerError | None = None) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece
    if then is not None:
        raise then


@live
async def test_what_one_engine_gives_another_takes(lab: Lab) -> None:
    await built(lab)
    taken = [piece async for piece in lab.engine.save_image(NAME)]
    assert len(taken) > 1
    assert max(map(len, taken)) <= 128 * 1024
    await lab.engine.remove_image(NAME)
    for _ in range(2):
        await lab.engine.load_image(pieces(*taken))
        assert [image.names for image in await lab.engine.images({LABEL: "copied"})] == [(NAME,)]
    if lab.kind != "simulated":
        identity = await lab.run(lab.request(name="copied"))
        assert identity
    await lab.engine.remove_image(NAME)


@live
async def test_one_that_breaks_off_leaves_nothing(lab: Lab) -> None:
    await built(lab)
    taken = b"".join([piece async for piece in lab.engine.save_image(NAME)])
    await lab.engine.remove_image(NAME)
    with pytest.raises(EngineFault):
        await lab.engine.load_image(pieces(taken[: len(taken) // 2]))
    away = EngineUnavailable("the other engine went away", retry_after=1.0)
    with pytest.raises(EngineUnavailable, match="the other engine went away"):
        await lab.engine.load_image(pieces(taken[: len(taken) // 2], then=away))
    assert await lab.engine.image(NAME) is None
    await lab.engine.ping()


@live
async def test_what_is_not_there_cannot_be_given(lab: Lab) -> None:
    with pytest.raises(ImageNotFound, match="missing"):
        await anext(aiter(lab.engine.save_image("clocker/missing:1")))
    with pytest.raises(ImageNotFound, match="missing"):
        await lab.engine.tag("clocker/missing:1", "other/name:2")


@live
async def test_a_second_name(lab: Lab) -> None:
    await built(lab)
    await lab.engine.tag(NAME, "10.0.0.1:5000/team/copied:2")
    assert await lab.engine.image("10.0.0.1:5000/team/copied:2") == await lab.engine.image(NAME)
    for name in (NAME, "10.0.0.1:5000/team/copied:2"):
        await lab.engine.remove_image(name)
    assert await lab.engine.image(NAME) is None

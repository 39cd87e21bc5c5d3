"""Is a pull that a registry refuses told apart from an image that is not there, with what, where, and one thing to do?"""

from contextlib import AsyncExitStack

import pytest

from clocker_actors.errors import EngineFault, ImageNotFound, PullDenied
from tests.bed.registry import PORT, Mood, refusing
from tests.contracts.engine.lab import Lab, engine_only

DOORS = ("docker-unix",)  # what is asked here does not depend on the door

REFUSALS = [
    (Mood.PASSWORD, PullDenied, "log the engine in"),
    (Mood.TOKEN, PullDenied, "log the engine in"),
    (Mood.FORBIDDEN, PullDenied, "log the engine in"),
    (Mood.ABSENT, ImageNotFound, "check name and tag"),
]


@engine_only
@pytest.mark.parametrize(("mood", "kind_of_error", "advice"), REFUSALS)
async def test_a_refused_pull(lab: Lab, mood: Mood, kind_of_error: type[EngineFault], advice: str) -> None:
    reference = f"{lab.gateway}:{PORT}/team/app:1"
    async with AsyncExitStack() as stack:
        if not lab.played:
            await stack.enter_async_context(refusing(lab.gateway, mood))
        with pytest.raises(EngineFault) as refusal:
            await lab.engine.pull(reference)
        assert await lab.engine.image(reference) is None
    assert type(refusal.value) is kind_of_error
    text = str(refusal.value)
    assert reference in text
    assert refusal.value.details["engine"] in text
    assert advice in text.rpartition(";")[2]

"""Is a container that only has the name of a lease left alone, whether it runs or not?"""

import pytest

from clocker_actors.drivers.docker import engine
from clocker_actors.drivers.docker.link import Call
from clocker_actors.errors import Conflict, NameConflict
from clocker_actors.model.containers import EngineState, ImageInfo, Observed
from clocker_actors.model.identity import LABEL_LEASE, LABEL_PLANE

OURS = {LABEL_PLANE: "main", LABEL_LEASE: "1"}


class Told:
    """A link to an engine that has a container of that name until it is removed."""

    where = "unix:///e.sock"

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def tell(self, call: Call) -> None:
        self.calls.append(call.operation)
        if call.operation == "lease" and "remove" not in self.calls:
            raise NameConflict("taken", status=409)


class Engine(engine.DockerEngine):
    """Has the image, and one container."""

    def __init__(self, there: Observed) -> None:
        self.told = Told()
        self._link = self.told  # type: ignore[assignment]
        self.there = there

    async def image(self, reference: str) -> ImageInfo | None:
        return ImageInfo(reference)

    async def inspect(self, container: str) -> Observed:
        return self.there


def there(state: EngineState, labels: dict[str, str]) -> Observed:
    return Observed("i", "web.lease", "x", state, labels)


@pytest.mark.parametrize("state", [EngineState.RUNNING, EngineState.CREATED, EngineState.EXITED])
@pytest.mark.parametrize("labels", [{}, {LABEL_PLANE: "main"}, {LABEL_PLANE: "other", LABEL_LEASE: "1"}])
async def test_a_foreign_one_is_a_conflict(state: EngineState, labels: dict[str, str]) -> None:
    found = Engine(there(state, labels))
    with pytest.raises(Conflict, match=r"web\.lease on engine unix:///e\.sock .* remove it by hand"):
        await found.lease("web.lease", OURS, 10.0)
    assert found.told.calls == ["lease"]


@pytest.mark.parametrize(("state", "calls"), [(EngineState.RUNNING, ["lease"]), (EngineState.EXITED, ["lease", "remove", "lease"])])
async def test_ours_is_adopted_while_it_lives(state: EngineState, calls: list[str]) -> None:
    found = Engine(there(state, {**OURS, "more": "1"}))
    await found.lease("web.lease", OURS, 10.0)
    assert found.told.calls == calls

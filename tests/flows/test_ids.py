"""Do ids never run out, however fast they are taken?"""

from pathlib import Path

from clocker_actors.entities.root import RESERVE
from clocker_actors.kernel import Actor
from clocker_actors.model.identity import Ids
from tests.flows.support import managed


class Greedy(Actor):
    """Takes some ids one with each message, faster than any actor that does something with it."""

    def __init__(self, ids: Ids, taken: list[str]) -> None:
        super().__init__()
        self._ids, self._taken = ids, taken

    def on_receive(self, message: object) -> None:
        sum(range(300))  # some microseconds: a placement takes ten times as long
        self._taken.append(self._ids.question())
        if len(self._taken) < 2 * RESERVE:
            self.tell(self.id, message)


async def test_ids_are_reserved_in_time(tmp_path: Path) -> None:
    async with managed(tmp_path / "s") as driven:
        ids, taken = driven.manager.ids, list[str]()
        driven.manager.kernel.spawn("greedy", lambda: Greedy(ids, taken))
        driven.manager.kernel.tell("greedy", "go")
        await driven.until(lambda: len(taken) >= 2 * RESERVE, 60)
        assert len(set(taken)) == len(taken) and not driven.gone("root")

"""Whatever happens to a tree of actors: does every asker hear, and is nothing left behind?"""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.errors import ClockerError
from clocker_actors.kernel import Actor, Kernel, RestartBudget, Stopped, VirtualLoop
from tests.kernel.probe import CRASH, Do, Probe

NAMES = ("r", "r/a", "r/b", "r/a/x", "r/a/y")
DEADLINE = 20.0


def children_of(name: str) -> list[str]:
    return [child for child in NAMES if child.startswith(f"{name}/") and child.count("/") == name.count("/") + 1]


class Node(Probe):
    """Spawns its children again when they stop."""

    def __init__(self, name: str) -> None:
        super().__init__([], name=name)

    def on_start(self) -> None:
        for child in children_of(self.name):
            self.spawn(child, lambda child=child: Node(child), RestartBudget(1, 5.0))  # type: ignore[misc]

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Stopped):
            self.after(f"again {message.id}", 1.0, Do(lambda node: node.on_start()))
        return super().on_receive(message)


async def slow(seconds: float) -> None:
    try:
        await asyncio.sleep(seconds)
    finally:
        await asyncio.sleep(0.3)


def busy(node: Actor) -> None:
    if not node._cell.errands:
        node.work("slow", slow, 3.0, timeout=2.0)


STEPS = {
    "crash": CRASH,
    "work": Do(busy),
    "defer": Do(lambda node: node.defer()),
    "stop": Do(lambda node: node.stop_self() if node.parent else None),
    "request": Do(lambda node: node.request("r/a/x", Do(lambda other: other.defer()), 2.0)),
    "timer": Do(lambda node: node.after("t", 1.0, "tick")),
    "say": "hello",
}
PLAN = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(NAMES), st.sampled_from([0.0, 0.0, 0.5, 2.0])), max_size=25)


async def live(plan: list[tuple[str, str, float]]) -> tuple[int, list[str]]:
    kernel = Kernel()
    kernel.spawn("r", lambda: Node("r"), RestartBudget(1, 5.0))
    asking: list[asyncio.Task[Any]] = []
    for step, name, pause in plan:
        asking.append(asyncio.create_task(kernel.ask(name, STEPS[step], timeout=DEADLINE)))
        if pause:
            await asyncio.sleep(pause)
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert not [answer for answer in answers if isinstance(answer, BaseException) and not isinstance(answer, ClockerError)]
    await asyncio.sleep(120.0)
    alive = [name for name in NAMES if kernel.alive(name)]
    for cell in kernel.queue.cells.values():
        assert (cell.depth, cell.waiting or {}) == (0, {})
    await kernel.stop()
    assert (kernel.dump(), kernel.tasks, kernel.on_fire, len(kernel.timers)) == ([], {}, {}, 0)
    assert (kernel.topics._listeners, kernel.topics._subscribed) == ({}, {})
    return len(asking), alive


@settings(max_examples=60, deadline=None)
@given(PLAN)
def test_everyone_hears_the_tree_grows_back_and_nothing_is_left(plan: list[tuple[str, str, float]]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        asked, alive = runner.run(live(plan))
    assert asked == len(plan)
    assert alive == list(NAMES)

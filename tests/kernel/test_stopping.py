"""Does stopping end everything, in order, and in time?"""

import asyncio

import pytest

from clocker_actors.errors import ActorDead, Conflict, NotFound
from clocker_actors.kernel import Kernel, Started, Stopped, WorkDone
from tests.kernel.probe import Do, Log, Probe, do, probe


async def stubborn(seconds: float) -> None:
    """Takes its time to unwind, as a call to an engine may."""
    try:
        await asyncio.sleep(1000)
    finally:
        await asyncio.sleep(seconds)


async def test_children_stop_before_their_parent_the_newest_first(kernel: Kernel) -> None:
    order: Log = []

    def start(parent: Probe) -> None:
        for name in ("one", "two"):
            parent.spawn(name, lambda name=name: Probe(order, name=name))  # type: ignore[misc]

    log = await probe(kernel, "root", lambda root: root.spawn("p", lambda: Probe(order, start, "p")))
    await kernel.settle()
    order.clear()
    await do(kernel, "root", lambda root: root.stop_child("p"))
    await kernel.settle()
    assert order == ["two stopped", "one stopped", "p stopped"]
    assert log == [Started("p"), Stopped("p")]
    assert [entry.id for entry in kernel.dump()] == ["root"]


async def test_messages_that_waited_are_handled_first_and_later_ones_are_dead_letters(kernel: Kernel) -> None:
    log = await probe(kernel, "a")
    kernel.tell("a", 1)
    kernel.tell("a", Do(lambda actor: actor.stop_self()))
    kernel.tell("a", 2)
    await kernel.settle()
    kernel.tell("a", 3)
    await kernel.settle()
    assert log == [1, 2]
    assert kernel.counters.dead_letters == 1


async def test_askers_still_waiting_are_told(kernel: Kernel) -> None:
    await probe(kernel, "a")
    owed = asyncio.create_task(kernel.ask("a", Do(lambda actor: actor.tokens.append(actor.defer())), timeout=60))
    await asyncio.sleep(0)
    kernel.stop_actor("a")
    behind = asyncio.create_task(kernel.ask("a", "behind the stop", timeout=60))
    with pytest.raises(ActorDead):
        await owed
    with pytest.raises(ActorDead):
        await behind
    assert kernel.now() == kernel.door.stamp


async def test_stopped_comes_when_the_works_have_unwound(kernel: Kernel) -> None:
    log = await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([])))
    await do(kernel, "c", lambda child: child.work("w", stubborn, 2, timeout=60))
    await asyncio.sleep(1)
    began = kernel.now()
    await do(kernel, "p", lambda parent: parent.stop_child("c"))
    await asyncio.sleep(1)
    assert log == [Started("c")]
    assert not kernel.alive("c")
    await asyncio.sleep(1.5)
    assert log == [Started("c"), Stopped("c")]
    assert kernel.now() - began == pytest.approx(2.5)


async def test_stopped_comes_at_the_deadline_at_the_latest(kernel: Kernel) -> None:
    log = await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([])))
    await do(kernel, "c", lambda child: child.work("w", stubborn, 50, timeout=60))
    await asyncio.sleep(1)
    await do(kernel, "p", lambda parent: parent.stop_child("c", deadline=3))
    await asyncio.sleep(3.1)
    assert log == [Started("c"), Stopped("c")]
    await asyncio.sleep(60)


async def test_a_child_spawned_again_while_it_stops_follows_after(kernel: Kernel) -> None:
    second: Log = []
    log = await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([])))
    await do(kernel, "c", lambda child: child.work("w", stubborn, 2, timeout=60))
    await asyncio.sleep(1)
    await do(kernel, "p", lambda parent: parent.stop_child("c"))
    await do(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe(second)))
    await asyncio.sleep(3)
    assert log == [Started("c"), Stopped("c"), Started("c")]
    assert await kernel.ask("c", 1, timeout=1) == 1
    assert second == [1]


async def test_who_is_stopping_begins_nothing_new(kernel: Kernel) -> None:
    faults: Log = []

    class Busy(Probe):
        def on_stop(self) -> None:
            for step in (
                lambda: self.work("w", asyncio.sleep, 1, timeout=2),
                lambda: self.spawn("late", lambda: Probe([])),
                lambda: self.after("t", 1, "tick"),
            ):
                with pytest.raises(Conflict) as raised:
                    step()
                faults.append(str(raised.value).split(":")[0])
            self.tell("b", "bye")

    heard = await probe(kernel, "b")
    kernel.spawn("a", lambda: Busy([]))
    kernel.stop_actor("a")
    await kernel.settle()
    assert faults == [
        "a is stopping and cannot begin work 'w'",
        "a is stopping and cannot spawn late",
        "a is stopping and cannot arm timer 't'",
    ]
    assert heard == ["bye"]


async def test_only_a_parent_stops_a_child(kernel: Kernel) -> None:
    await probe(kernel, "a")
    with pytest.raises(NotFound, match="a has no child b; its children: none"):
        await do(kernel, "a", lambda actor: actor.stop_child("b"))


async def test_the_kernel_stops_all_roots_and_leaves_no_task(kernel: Kernel) -> None:
    order: Log = []
    for name in ("first", "second"):
        kernel.spawn(name, lambda name=name: Probe(order, name=name))  # type: ignore[misc]
    kernel.spawn("burning", lambda: Probe([], lambda actor: 1 / 0))
    await do(kernel, "first", lambda actor: actor.work("w", stubborn, 1, timeout=60))
    await kernel.stop(deadline=5)
    assert order == ["second stopped", "first stopped"]
    assert (kernel.dump(), kernel.tasks, kernel.on_fire) == ([], {}, {})
    with pytest.raises(ActorDead):
        await kernel.ask("first", 1, timeout=1)
    with pytest.raises(Conflict, match="the kernel is stopping"):
        kernel.spawn("late", lambda: Probe([]))


async def test_the_kernel_stops_by_force_at_its_deadline(kernel: Kernel) -> None:
    await probe(kernel, "a")
    await do(kernel, "a", lambda actor: actor.work("w", stubborn, 30, timeout=60))
    await asyncio.sleep(1)
    began = kernel.now()
    await kernel.stop(deadline=4)
    assert kernel.now() - began <= 4.2
    assert kernel.dump() == []
    await asyncio.sleep(60)


async def test_the_work_of_a_dead_actor_tells_nobody(kernel: Kernel) -> None:
    log = await probe(kernel, "a")
    await do(kernel, "a", lambda actor: actor.work("w", asyncio.sleep, 2, "done", timeout=5))
    kernel.stop_actor("a")
    await asyncio.sleep(3)
    assert WorkDone("w", "done") not in log

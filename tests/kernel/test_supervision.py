"""Who restarts whom, what survives it, and what happens when it does not help?"""

import asyncio
from itertools import count, pairwise

import pytest

from clocker_actors.errors import ActorDead, ClockerError, Conflict
from clocker_actors.kernel import (
    Actor,
    ChildRestarted,
    Escalated,
    Kernel,
    RestartBudget,
    Started,
    StartFailed,
    Stopped,
)
from tests.kernel.probe import CRASH, NO_RESTARTS, Do, Log, Note, Probe, do, probe


def types(log: Log) -> list[str]:
    return [type(message).__name__ for message in log]


async def test_the_parent_hears_that_its_child_started(kernel: Kernel) -> None:
    log = await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([])))
    assert log == [Started("c")]
    assert await do(kernel, "p", lambda parent: (parent.children, parent.parent)) == (("c",), None)
    assert await do(kernel, "c", lambda child: (child.id, child.parent)) == ("c", "p")


@pytest.mark.parametrize("fault", ["factory", "on_start", "ours", "not an actor"])
async def test_the_parent_hears_that_its_child_could_not_start(kernel: Kernel, fault: str) -> None:
    def factory() -> Actor:
        if fault == "factory":
            raise LookupError("boom")
        if fault == "not an actor":
            return 5  # type: ignore[return-value]

        def start(child: Probe) -> None:
            raise ClockerError("boom") if fault == "ours" else LookupError("boom")

        return Probe([], start)

    log = await probe(kernel, "p", lambda parent: parent.spawn("c", factory))
    assert types(log) == ["StartFailed"]
    assert isinstance(log[0], StartFailed)
    assert log[0].id == "c"
    assert not kernel.alive("c")
    assert await do(kernel, "p", lambda parent: parent.children) == ()


async def test_a_crash_keeps_waiting_messages_subscriptions_and_address(kernel: Kernel) -> None:
    log: Log = []
    kernel.spawn("publisher", lambda: Probe([]))
    kernel.spawn("a", lambda: Probe(log))
    await do(kernel, "a", lambda actor: actor.subscribe("publisher", "cpu"))
    ref = kernel.ref("a")
    for message in (1, CRASH, 2, 3):
        ref.tell(message)
    await kernel.settle()
    await do(kernel, "publisher", lambda actor: actor.publish("cpu", "reading"))
    await kernel.settle()
    assert log == [1, 2, 3, "reading"]


async def test_a_crash_ends_works_timers_requests_and_owed_answers_of_the_old_behaviour(kernel: Kernel) -> None:
    log = await probe(kernel, "a")
    await probe(kernel, "silent")

    def begin(actor: Probe) -> None:
        actor.work("sleep", asyncio.sleep, 3, timeout=5)
        actor.after("tick", 3, "tick")
        actor.request("silent", Do(lambda silent: silent.defer()), 3)
        actor.after("now", 0, "old timer")

    await do(kernel, "a", begin)
    asking = asyncio.create_task(kernel.ask("a", Do(lambda actor: actor.tokens.append(actor.defer())), timeout=60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    began = kernel.now()
    kernel.tell("a", CRASH)
    with pytest.raises(ActorDead, match="a crashed or stopped before it answered"):
        await asking
    assert kernel.now() == began
    await asyncio.sleep(10)
    assert [message for message in log if message != "old timer"] == []
    assert not kernel.tasks


async def test_a_fresh_behaviour_keeps_the_children_it_spawns_again_and_loses_the_others(kernel: Kernel) -> None:
    runs = count()
    log: Log = []
    lives: Log = []

    def start(parent: Probe) -> None:
        names = ("x", "y", "z") if next(runs) == 0 else ("z", "new", "x")
        for name in names:
            parent.spawn(name, lambda name=name: Probe(lives, name=name))  # type: ignore[misc]

    kernel.spawn("p", lambda: Probe(log, start))
    await kernel.settle()
    await do(kernel, "x", lambda child: child.tokens.append(7))
    kernel.tell("p", CRASH)
    await kernel.settle()
    assert await do(kernel, "x", lambda child: child.tokens) == [7], "the very same child"
    assert await do(kernel, "p", lambda parent: parent.children) == ("x", "z", "new")
    assert lives == ["y stopped"]
    assert log == [Started("x"), Started("y"), Started("z"), Started("new"), Stopped("y")]


async def test_the_parent_hears_of_a_restart_and_siblings_do_not(kernel: Kernel) -> None:
    sibling: Log = []

    def start(parent: Probe) -> None:
        parent.spawn("c", lambda: Probe([]))
        parent.spawn("s", lambda: Probe(sibling))

    log = await probe(kernel, "p", start)
    kernel.tell("c", CRASH)
    await kernel.settle()
    assert types(log) == ["Started", "Started", "ChildRestarted"]
    assert isinstance(log[2], ChildRestarted)
    assert (log[2].id, log[2].failure.kind, log[2].failure.message) == ("c", "LookupError", "boom")
    assert sibling == []


async def test_crashes_outside_the_window_are_forgotten(kernel: Kernel) -> None:
    await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([]), RestartBudget(1, 10.0)))
    for _ in range(5):
        kernel.tell("c", CRASH)
        await asyncio.sleep(11)
    assert (kernel.counters.restarts, kernel.counters.escalations) == (5, 0)


async def test_over_the_budget_the_parent_is_taken_down_in_reverse_order_and_restarted(kernel: Kernel) -> None:
    order: Log = []

    def start(parent: Probe) -> None:
        parent.spawn("one", lambda: Probe(order, lambda one: one.spawn("below", lambda: Probe(order, name="below")), "one"))
        parent.spawn("bad", lambda: Probe(order, name="bad"), NO_RESTARTS)
        parent.spawn("two", lambda: Probe(order, name="two"))

    root_log = await probe(kernel, "root", lambda root: root.spawn("p", lambda: Probe(order, start, "p")))
    await kernel.settle()
    order.clear()
    kernel.tell("bad", CRASH)
    await kernel.settle()
    stops = [entry for entry in order if isinstance(entry, str)]
    assert stops == ["two stopped", "below stopped", "one stopped"], "a crashed behaviour has no on_stop"
    notices = [entry[1] for entry in order if isinstance(entry, tuple) and entry[0] == "p"]
    assert types(notices) == ["Escalated", "Started", "Started", "Started"]
    assert [notice.id for notice in notices if isinstance(notice, Escalated)] == ["bad"]
    assert types(root_log) == ["Started", "ChildRestarted"]
    assert all(kernel.alive(name) for name in ("one", "below", "bad", "two"))


async def test_others_still_hear_the_children_that_came_back_with_their_parent(kernel: Kernel) -> None:
    heard: Log = []
    kernel.spawn("recorder", lambda: Probe(heard, lambda recorder: recorder.subscribe("good", "*")))

    def start(parent: Probe) -> None:
        parent.spawn("good", lambda: Probe([]))
        parent.spawn("bad", lambda: Probe([]), NO_RESTARTS)

    await probe(kernel, "p", start)
    kernel.tell("bad", CRASH)
    await kernel.settle()
    await do(kernel, "good", lambda good: good.publish("cpu", 5))
    await kernel.settle()
    assert heard == [5]


async def test_a_root_over_its_budget_is_on_fire_and_tried_again_with_growing_pauses(kernel: Kernel) -> None:
    starts: list[float] = []
    log: Log = []

    def start(actor: Probe) -> None:
        starts.append(actor.now)
        if 1 < len(starts) < 10:
            raise LookupError("still burning")

    kernel.spawn("r", lambda: Probe(log, start), NO_RESTARTS)
    await kernel.settle()
    kernel.tell("r", CRASH)
    await kernel.settle()
    assert kernel.on_fire["r"].kind == "LookupError"
    assert not kernel.alive("r")
    kernel.tell("r", "lost")
    await asyncio.sleep(400)
    pauses = [round(later - earlier) for earlier, later in pairwise(starts)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert kernel.on_fire == {}
    assert await kernel.ask("r", "back", timeout=1) == "back"
    assert log == ["back"]


async def test_a_root_that_cannot_start_is_on_fire_too_and_its_subtree_is_stopped(kernel: Kernel) -> None:
    stops: Log = []

    def start(actor: Probe) -> None:
        actor.spawn("c", lambda: Probe(stops, name="c"))
        raise LookupError("no")

    kernel.spawn("r", lambda: Probe([], start))
    await kernel.settle()
    assert list(kernel.on_fire) == ["r"]
    assert not kernel.alive("c")


async def test_an_escalation_may_climb_to_the_root(kernel: Kernel) -> None:
    def middle(actor: Probe) -> None:
        actor.spawn("c", lambda: Probe([]), NO_RESTARTS)

    await probe(kernel, "r", lambda root: root.spawn("m", lambda: Probe([], middle), NO_RESTARTS))
    log = await probe(kernel, "neighbour")
    kernel.tell("c", CRASH)
    kernel.tell("neighbour", "still here")
    await kernel.settle()
    assert kernel.counters.escalations == 2
    assert all(kernel.alive(name) for name in ("r", "m", "c"))
    assert log == ["still here"]


async def test_an_id_has_one_owner(kernel: Kernel) -> None:
    await probe(kernel, "a")
    await probe(kernel, "b", lambda parent: parent.spawn("c", lambda: Probe([])))
    with pytest.raises(Conflict, match="c is a child of b already"):
        await do(kernel, "a", lambda actor: actor.spawn("c", lambda: Probe([])))
    with pytest.raises(Conflict, match="a is a root already"):
        kernel.spawn("a", lambda: Probe([]))


async def test_a_behaviour_has_no_kernel_in_its_constructor(kernel: Kernel) -> None:
    class Eager(Actor):
        def __init__(self) -> None:
            super().__init__()
            self.tell("a", Note("too early"))

    log = await probe(kernel, "p", lambda parent: parent.spawn("e", Eager))
    assert "Eager has no kernel yet in __init__: do that in on_start" in log[0].failure.message


async def test_a_raising_on_failure_or_on_stop_hurts_nobody(kernel: Kernel) -> None:
    class Clumsy(Probe):
        def on_failure(self, *error: object) -> None:
            self.log.append("failing")
            raise LookupError("in on_failure")

        def on_stop(self) -> None:
            raise LookupError("in on_stop")

    seen: Log = []
    log = await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Clumsy(seen)))
    kernel.tell("c", CRASH)
    await kernel.settle()
    await do(kernel, "p", lambda parent: parent.stop_child("c"))
    await kernel.settle()
    assert seen == ["failing"]
    assert types(log) == ["Started", "ChildRestarted", "Stopped"]

"""Can one see what every actor does, and what the kernel has done?"""

import asyncio
from dataclasses import replace

from clocker_actors.kernel import ActorDump, Kernel
from tests.kernel.probe import CRASH, Do, Note, Probe, do, probe


async def test_the_dump_says_what_every_actor_does(kernel: Kernel) -> None:
    await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([])))

    def begin(actor: Probe) -> None:
        actor.work("pull", asyncio.sleep, 50, timeout=60)
        actor.after("tick", 60, "tick")
        actor.request("p", Do(lambda parent: parent.defer()), 50)

    kernel.tell("c", CRASH)
    await do(kernel, "c", begin)
    await asyncio.sleep(3)
    for _ in range(4):
        kernel.queue.post("c", Note(1))
    parent, child = kernel.dump()
    assert (parent.id, parent.children, parent.owed) == ("p", 1, 1)
    [(name, seconds)] = child.works
    assert (name, round(seconds, 3)) == ("pull", 3.0)
    assert replace(child, works=()) == ActorDump(
        id="c",
        kind="Probe",
        parent="p",
        state="running",
        inbox=4,
        current=None,
        works=(),
        timers=("tick",),
        requests=1,
        owed=0,
        children=0,
        restarts=1,
    )


async def test_a_dump_made_within_a_handler_says_which_message_it_is(kernel: Kernel) -> None:
    """As one made on a signal would be."""
    await probe(kernel)
    await probe(kernel, "b")
    dump = await do(kernel, "a", lambda actor: kernel.dump())
    assert [(entry.id, entry.current) for entry in dump] == [("a", "Do"), ("b", None)]


async def test_counters_add_up(kernel: Kernel) -> None:
    await probe(kernel)
    for number in range(10):
        await kernel.ask("a", number, timeout=1)
    kernel.tell("nobody", 1)
    await kernel.settle()
    counters = kernel.counters
    assert (counters.spawned, counters.dead_letters, counters.admitted) == (1, 1, 12)
    times = counters.handler_time["Probe"]
    assert times.count == 11, "its start and ten messages"
    assert sum(times.buckets) == times.count


async def test_an_actor_on_fire_shows_in_the_dump(kernel: Kernel) -> None:
    kernel.spawn("r", lambda: Probe([], lambda actor: 1 / 0))
    await kernel.settle()
    assert [(entry.id, entry.state) for entry in kernel.dump()] == [("r", "on-fire")]

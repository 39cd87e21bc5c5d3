"""What the kernel costs: a message, a question, an idle actor, a turn on the loop.

Peers run in the same process and the same run, in turns with ours, because figures of this machine mean little from one minute to the
next; ratios mean more.
"""

import asyncio
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pykka

from clocker_actors.kernel import Actor, Kernel

ROUNDS = 5
TELLS = 50_000
ASKS = 5_000
TURNS = 20
PYKKA_TELLS = 10_000
PYKKA_ASKS = 1_000
IDLE_ACTORS = 10_000
STALL_ACTORS = 10_000
STALL_MESSAGES = 64
STALL_GOAL_MS = 20.0
IDLE_GOAL_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `ratio` is ours to the peer's, `goal` says in words what was to be reached."""

    what: str
    mark: str
    ours: str
    peer: str
    ratio: str
    goal: str
    met: bool


@dataclass(frozen=True, slots=True)
class Expect:
    """So many messages come; say when they are there."""

    count: int
    done: Callable[[], None]


class Sink(Actor):
    """Takes messages and says when it had all of them."""

    left = 0
    done: Callable[[], None] | None = None

    def on_receive(self, message: Any) -> Any:
        if type(message) is Expect:
            self.left, self.done = message.count, message.done
            return None
        self.left -= 1
        if not self.left and self.done is not None:
            self.done()
        return message


class Source(Actor):
    """Sends the sink so many messages in one handler."""

    def on_receive(self, message: Any) -> None:
        tell = self.tell
        for _ in range(message):
            tell("sink", message)


class PykkaSink(pykka.ThreadingActor):
    """The same on Pykka's own runtime."""

    def on_receive(self, message: Any) -> Any:
        return message


async def _round_trips(count: int) -> float:
    """Seconds for so many futures set by a callback and awaited: the least that an answer on this loop can cost."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(count):
        future: asyncio.Future[None] = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future
    return time.perf_counter() - began


async def _tells(kernel: Kernel, count: int) -> float:
    """Seconds for so many messages of one actor to another, sent and handled."""
    done = asyncio.Event()
    kernel.tell("sink", Expect(count, done.set))
    await kernel.settle()
    began = time.perf_counter()
    kernel.tell("source", count)
    await done.wait()
    return time.perf_counter() - began


async def _asks(kernel: Kernel, count: int) -> float:
    """Seconds for so many questions, one after the other, each with its timeout."""
    sink = kernel.ref("sink")
    began = time.perf_counter()
    for number in range(count):
        await sink.ask(number, timeout=5.0)
    return time.perf_counter() - began


async def _one_round() -> tuple[float, float, float]:
    """Round trips, tells and asks a second, taken in short turns so that whatever disturbs the machine disturbs all three."""
    kernel = Kernel(warn_depth=10 * TELLS)
    kernel.spawn("sink", Sink)
    kernel.spawn("source", Source)
    await kernel.settle()
    bare = tells = asks = 0.0
    for _ in range(TURNS):
        bare += await _round_trips(ASKS // TURNS)
        asks += await _asks(kernel, ASKS // TURNS)
        tells += await _tells(kernel, TELLS // TURNS)
    await kernel.stop()
    return ASKS / bare, TELLS / tells, ASKS / asks


def _pykka_tells(count: int) -> float:
    ref = PykkaSink.start()
    began = time.perf_counter()
    for number in range(count):
        ref.tell(number)
    ref.ask("all handled?")
    took = time.perf_counter() - began
    ref.stop()
    return count / took


def _pykka_asks(count: int) -> float:
    ref = PykkaSink.start()
    began = time.perf_counter()
    for number in range(count):
        ref.ask(number)
    took = time.perf_counter() - began
    ref.stop()
    return count / took


def tell_and_ask() -> list[Row]:
    """Messages and questions a second between one pair of actors, beside a bare future round trip and Pykka's threads."""
    bare: list[float] = []
    tells: list[float] = []
    asks: list[float] = []
    pykka_tells: list[float] = []
    pykka_asks: list[float] = []
    for _ in range(ROUNDS):
        for figures, figure in zip((bare, tells, asks), asyncio.run(_one_round()), strict=True):
            figures.append(figure)
        pykka_tells.append(_pykka_tells(PYKKA_TELLS))
        pykka_asks.append(_pykka_asks(PYKKA_ASKS))
    mark = statistics.median(bare)
    rows = []
    for what, ours, threads, factor in (("tell", tells, pykka_tells, 2.0), ("ask", asks, pykka_asks, 0.4)):
        mine, theirs = statistics.median(ours), statistics.median(threads)
        rows.append(
            Row(
                what=f"{what}, one actor pair",
                mark="bare call_soon + future round trip",
                ours=f"{mine / 1000:,.0f} k/s",
                peer=f"{mark / 1000:,.0f} k/s",
                ratio=f"{mine / mark:.2f}",
                goal=f">= {factor:g} x the bare round trip",
                met=mine >= factor * mark,
            )
        )
        rows.append(
            Row(
                what=f"{what}, one actor pair",
                mark="Pykka ThreadingActor",
                ours=f"{mine / 1000:,.0f} k/s",
                peer=f"{theirs / 1000:,.0f} k/s",
                ratio=f"{mine / theirs:.1f}",
                goal="shown",
                met=True,
            )
        )
    return rows


async def _longest_stall(actors: int, messages: int) -> tuple[float, float]:
    """Milliseconds between two turns of a callback that always wants the next one, while everything waiting is handled.

    The second figure counts only the time this thread had the processor: what others of the machine took is not ours.
    """
    kernel = Kernel(warn_depth=10**9)
    for number in range(actors):
        kernel.spawn(str(number), Sink)
    await kernel.settle()
    post = kernel.queue.post
    for message in range(messages):
        for number in range(actors):
            post(str(number), message)
    longest, last = 0.0, time.perf_counter()
    busiest, worked = 0.0, time.thread_time()
    while not kernel.idle():
        await asyncio.sleep(0)
        now, work = time.perf_counter(), time.thread_time()
        longest, last = max(longest, now - last), now
        busiest, worked = max(busiest, work - worked), work
    await kernel.stop(deadline=60.0)
    return longest * 1000, busiest * 1000


def loop_stall() -> list[Row]:
    """The longest time the loop is held while a great many messages wait."""
    gc.collect()
    rounds = [asyncio.run(_longest_stall(STALL_ACTORS, STALL_MESSAGES)) for _ in range(ROUNDS)]
    stall = statistics.median(longest for longest, _ in rounds)
    busy = statistics.median(busiest for _, busiest in rounds)
    return [
        Row(
            what=f"longest loop stall, {STALL_ACTORS:,} actors x {STALL_MESSAGES} waiting messages",
            mark="none",
            ours=f"{stall:.1f} ms ({busy:.1f} ms of it on the processor)",
            peer="",
            ratio="",
            goal=f"<= {STALL_GOAL_MS:g} ms",
            met=stall <= STALL_GOAL_MS,
        )
    ]


async def _idle_bytes(actors: int) -> float:
    kernel = Kernel()
    ids = [f"actor/{number}" for number in range(actors)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for actor_id in ids:
        kernel.spawn(actor_id, Sink)
    await kernel.settle()
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    await kernel.stop(deadline=60.0)
    return used / actors


def _pykka_idle_bytes(actors: int) -> float:
    """Without its thread's stack, which the allocator does not see."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    refs = [PykkaSink.start() for _ in range(actors)]
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for ref in refs:
        ref.stop()
    return used / actors


async def _task_bytes(tasks: int) -> float:
    async def idle(inbox: "asyncio.Queue[object]") -> None:
        await inbox.get()

    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    running = [asyncio.create_task(idle(asyncio.Queue())) for _ in range(tasks)]
    await asyncio.sleep(0)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return used / tasks


def idle_memory() -> list[Row]:
    """Bytes of an actor that waits, beside a Pykka actor and an asyncio task with a queue."""
    ours = asyncio.run(_idle_bytes(IDLE_ACTORS))
    rows = []
    for mark, peer in (
        ("Pykka ThreadingActor (and a thread)", _pykka_idle_bytes(100)),
        ("asyncio task + queue", asyncio.run(_task_bytes(1000))),
    ):
        rows.append(
            Row(
                what="memory of an idle actor",
                mark=mark,
                ours=f"{ours:,.0f} B",
                peer=f"{peer:,.0f} B",
                ratio=f"{ours / peer:.2f}",
                goal=f"<= {IDLE_GOAL_BYTES} B",
                met=ours <= IDLE_GOAL_BYTES,
            )
        )
    return rows


REPORTS: tuple[Callable[[], list[Row]], ...] = (tell_and_ask, loop_stall, idle_memory)


def main() -> None:
    """Print this room's rows."""
    for report in REPORTS:
        for row in report():
            sys.stdout.write(
                f"{row.what} | {row.mark} | ours {row.ours} | peer {row.peer} | {row.ratio} | {row.goal} | "
                f"{'met' if row.met else 'MISSED'}\n"
            )


if __name__ == "__main__":
    main()

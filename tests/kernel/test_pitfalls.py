"""Thirteen ways in which Pykka's classes on an event loop go wrong; none of them may happen here."""

import asyncio
import logging
import time
from contextvars import ContextVar
from dataclasses import FrozenInstanceError, fields

import pykka
import pytest

from clocker_actors.errors import AskTimedOut, Refused
from clocker_actors.kernel import Kernel, current, messages
from clocker_actors.kernel.reply import Reply
from tests.kernel.probe import CRASH, Do, Log, Note, Probe, do, probe

AMBIENT: ContextVar[str] = ContextVar("AMBIENT", default="nothing")


async def test_1_a_late_reply_hurts_nobody(kernel: Kernel) -> None:
    log = await probe(kernel)

    def answer_late(actor: Probe) -> None:
        actor.tokens.append(actor.defer())
        actor.after("answer", 5, Do(lambda actor: actor.answer(actor.tokens.pop(0), "late")))

    with pytest.raises(AskTimedOut):
        await kernel.ask("a", Do(answer_late), timeout=1)
    gone = asyncio.create_task(kernel.ask("a", Do(answer_late), timeout=60))
    await asyncio.sleep(1)
    gone.cancel()
    await asyncio.sleep(10)
    assert await kernel.ask("a", "still here", timeout=1) == "still here"
    assert (log, kernel.counters.crashes) == (["still here"], 0)


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
async def test_2_a_base_exception_fells_this_actor_only(kernel: Kernel, error: type[BaseException]) -> None:
    def cancelled(actor: Probe) -> None:
        raise error

    log, neighbour = await probe(kernel, "a"), await probe(kernel, "b")
    kernel.tell("a", Do(cancelled))
    for name in "ab":
        kernel.tell(name, "after")
    await kernel.settle()
    assert (log, neighbour, kernel.counters.restarts) == (["after"], ["after"], 1)


async def test_3_telling_the_dead_is_no_error_in_the_sender(kernel: Kernel) -> None:
    log = await probe(kernel)

    def tell_the_dead(actor: Probe) -> None:
        actor.tell("dead", 1)
        actor.log.append("went on")

    await do(kernel, "a", tell_the_dead)
    assert (log, kernel.counters.dead_letters) == (["went on"], 1)


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("ours", [True, False])
async def test_4_the_kind_of_error_decides_and_not_whether_it_was_asked(kernel: Kernel, asked: bool, ours: bool) -> None:
    def fail(actor: Probe) -> None:
        raise Refused("no") if ours else LookupError("no")

    await probe(kernel)
    if asked:
        with pytest.raises(Exception, match="no"):
            await do(kernel, "a", fail)
    else:
        kernel.tell("a", Do(fail))
        await kernel.settle()
    assert kernel.counters.restarts == (0 if ours else 1)


async def test_5_a_failing_start_is_told_to_the_parent(kernel: Kernel) -> None:
    log = await probe(kernel, "p", lambda parent: parent.spawn("c", lambda: Probe([], lambda child: 1 / 0)))
    assert [(type(notice).__name__, notice.id, notice.failure.kind) for notice in log] == [("StartFailed", "c", "ZeroDivisionError")]


async def test_6_an_address_hears_after_a_restart(kernel: Kernel) -> None:
    log = await probe(kernel)
    ref = kernel.ref("a")
    ref.tell(CRASH)
    await kernel.settle()
    for number in range(5):
        ref.tell(number)
    await kernel.settle()
    assert log == [0, 1, 2, 3, 4]


async def test_7_nothing_blocks_the_loop(kernel: Kernel) -> None:
    reply = Reply(asyncio.get_running_loop())
    with pytest.raises(RuntimeError, match="`await` the reply"):
        reply.get()
    with pytest.raises(RuntimeError, match="hooks block the loop"):
        reply.set_get_hook(lambda timeout: None)
    with pytest.raises(RuntimeError, match="hooks block the loop"):
        reply.map(str)
    await probe(kernel)
    asking = kernel.ref("a").ask(1, timeout=1)
    assert asyncio.iscoroutine(asking)
    assert await asking == 1
    kernel.ref("a").stop()
    await kernel.settle()
    assert not kernel.alive("a")
    with pytest.raises(TypeError, match="has no proxy"):
        kernel.ref("a").proxy()


async def test_8_a_wait_cycle_ends_and_shows_in_the_dump(kernel: Kernel) -> None:
    """A and B each ask the other before they answer."""
    logs = {name: await probe(kernel, name) for name in "ab"}

    def wait_for(other: str) -> Do:
        def step(actor: Probe) -> None:
            actor.defer()
            actor.request(other, Note("?"), 5)

        return Do(step)

    def ask_round(actor: Probe) -> None:
        actor.request("b", wait_for("a"), 5)

    await do(kernel, "a", ask_round)
    await asyncio.sleep(1)
    assert {entry.id: (entry.requests, entry.owed) for entry in kernel.dump()} == {"a": (1, 0), "b": (0, 1)}
    await asyncio.sleep(10)
    assert [type(message).__name__ for message in logs["a"]] == ["Note", "TimedOut"]


async def test_9_no_context_leaks_from_sender_to_receiver(kernel: Kernel) -> None:
    seen: Log = []

    def look(actor: Probe) -> None:
        now = current.get()
        assert now is not None
        seen.append((now.actor_id, now.message_type, AMBIENT.get()))
        actor.work("w", look_later, timeout=5)

    async def look_later() -> None:
        now = current.get()
        assert now is not None
        seen.append((now.actor_id, now.message_type, AMBIENT.get()))

    await probe(kernel, "a")
    await probe(kernel, "b")
    AMBIENT.set("the sender's")
    await do(kernel, "a", lambda actor: actor.tell("b", Do(look)))
    await asyncio.sleep(1)
    assert seen == [("b", "Do", "nothing")] * 2
    assert current.get() is None


async def test_10_an_inbox_is_unbounded_but_watched(caplog: pytest.LogCaptureFixture) -> None:
    kernel = Kernel(warn_depth=100)
    log = await probe(kernel)
    caplog.set_level(logging.WARNING)
    for number in range(150):
        kernel.queue.post("a", number)
    assert kernel.dump()[0].inbox == 150
    assert "a has 100 messages waiting" in caplog.text
    await kernel.stop()
    assert log == list(range(150))


async def test_11_a_timeout_is_a_timeout_error(kernel: Kernel) -> None:
    await probe(kernel)
    with pytest.raises(TimeoutError) as raised:
        await kernel.ask("a", Do(lambda actor: actor.defer()), timeout=1)
    assert not isinstance(raised.value, pykka.Timeout)
    assert raised.value.details == {"actor": "a"}  # type: ignore[attr-defined]


def test_12_messages_of_two_kinds_are_never_equal_and_never_changed() -> None:
    started: object = messages.Started("a")
    assert started != messages.Stopped("a")
    for kind in messages.Notice.__args__:
        assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)
        message = kind(*("x" for _ in fields(kind)))
        with pytest.raises(FrozenInstanceError):
            setattr(message, fields(kind)[0].name, "changed")


async def test_13_ask_within_an_ask_that_is_cancelled_ends_the_waiting_never_the_effect(kernel: Kernel) -> None:
    """The private names are in the contract test; the last trap is thinking that a cancelled ask was not handled."""
    log = await probe(kernel)
    asking = asyncio.create_task(kernel.ask("a", "effect", timeout=5))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await kernel.settle()
    assert log == ["effect"]


@pytest.mark.real_loop
async def test_awaiting_an_answer_leaves_the_loop_free(kernel: Kernel) -> None:
    await probe(kernel)
    await do(kernel, "a", lambda actor: actor.work("nap", asyncio.sleep, 0.1, timeout=1))
    beats = 0
    end = time.perf_counter() + 0.1
    while time.perf_counter() < end:
        await asyncio.sleep(0.01)
        beats += 1
    assert beats >= 4

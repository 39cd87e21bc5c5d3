"""Do messages arrive, in order, and does every asker get an answer?"""

import asyncio

import pytest

from clocker_actors.errors import ActorDead, AskTimedOut, BadRequest, Conflict, Refused
from clocker_actors.kernel import Actor, Answered, Kernel, Ref, RequestFailed, TimedOut
from tests.kernel.probe import CRASH, Do, Log, Note, Probe, do, probe


async def test_messages_of_all_senders_are_handled_in_the_order_sent(kernel: Kernel) -> None:
    log: Log = []
    for name in "ab":
        kernel.spawn(name, lambda name=name: Probe(log, name=name))  # type: ignore[misc]
    for number in range(3):
        kernel.tell("a", number)
        kernel.tell("b", number)
    await kernel.settle()
    assert log == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]


async def test_an_ask_is_answered_with_what_the_handler_returns(kernel: Kernel) -> None:
    await probe(kernel)
    assert await kernel.ref("a").ask(Note(1), timeout=1) == Note(1)


async def test_an_error_of_ours_answers_the_asker_and_the_actor_lives_on(kernel: Kernel) -> None:
    await probe(kernel)

    def refuse(actor: Probe) -> None:
        raise Refused("not today", reason="x")

    with pytest.raises(Refused, match="not today"):
        await do(kernel, "a", refuse)
    kernel.tell("a", Do(refuse))
    assert await kernel.ask("a", 1, timeout=1) == 1
    assert (kernel.counters.refused, kernel.counters.crashes) == (2, 0)


async def test_any_other_error_answers_the_asker_and_crashes_the_actor(kernel: Kernel) -> None:
    await probe(kernel)
    with pytest.raises(ActorDead, match=r"a crashed on Do: LookupError: boom"):
        await kernel.ask("a", CRASH, timeout=1)
    assert kernel.counters.restarts == 1


async def test_asking_nobody_fails_at_once_and_telling_nobody_is_counted(kernel: Kernel) -> None:
    before = kernel.now()
    with pytest.raises(ActorDead, match="nobody is not there to answer Note"):
        await kernel.ask("nobody", Note(1), timeout=9)
    kernel.tell("nobody", Note(1))
    await kernel.settle()
    assert kernel.counters.dead_letters == 2
    assert kernel.now() == before


async def test_an_ask_times_out_with_an_error_that_is_a_timeout_error(kernel: Kernel) -> None:
    await probe(kernel)
    with pytest.raises(TimeoutError, match="a did not answer Do in 3 s") as raised:
        await kernel.ask("a", Do(lambda actor: actor.defer()), timeout=3)
    assert isinstance(raised.value, AskTimedOut)


async def test_a_deferred_ask_is_answered_later(kernel: Kernel) -> None:
    await probe(kernel)
    asking = asyncio.create_task(kernel.ask("a", Do(lambda actor: actor.tokens.append(actor.defer())), timeout=5))
    await asyncio.sleep(1)
    await do(kernel, "a", lambda actor: actor.answer(actor.tokens[0], "late"))
    assert await asking == "late"
    await do(kernel, "a", lambda actor: actor.answer(actor.tokens[0], "again"))


async def test_a_deferred_ask_is_refused_later(kernel: Kernel) -> None:
    await probe(kernel)
    asking = asyncio.create_task(kernel.ask("a", Do(lambda actor: actor.tokens.append(actor.defer())), timeout=5))
    await asyncio.sleep(1)
    await do(kernel, "a", lambda actor: actor.refuse(actor.tokens[0], Conflict("no")))
    with pytest.raises(Conflict, match="no"):
        await asking


async def test_a_deferred_ask_whose_handler_then_refuses_is_refused(kernel: Kernel) -> None:
    await probe(kernel)

    def both(actor: Probe) -> None:
        actor.defer()
        raise Refused("changed my mind")

    with pytest.raises(Refused):
        await do(kernel, "a", both)
    assert kernel.dump()[0].owed == 0


async def test_a_token_for_a_tell_leads_nowhere(kernel: Kernel) -> None:
    log = await probe(kernel)
    kernel.tell("a", Do(lambda actor: actor.answer(actor.defer(), 1)))
    kernel.tell("a", 2)
    await kernel.settle()
    assert log == [2]


@pytest.mark.parametrize("asked", ["b", "gone"])
async def test_a_request_gets_exactly_one_message_back(kernel: Kernel, asked: str) -> None:
    log = await probe(kernel, "a")
    await probe(kernel, "b")
    number = await do(kernel, "a", lambda actor: actor.request(asked, Note("?"), 5))
    await asyncio.sleep(10)
    if asked == "b":
        assert log == [Answered(number, Note("?"))]
    else:
        assert [(type(message), message.failure.kind) for message in log] == [(RequestFailed, "ActorDead")]


async def test_a_request_that_is_not_answered_times_out_and_the_late_answer_is_dropped(kernel: Kernel) -> None:
    log = await probe(kernel, "a")
    await probe(kernel, "b")
    number = await do(kernel, "a", lambda actor: actor.request("b", Do(lambda actor: actor.tokens.append(actor.defer())), 5))
    await asyncio.sleep(5.5)
    assert log == [TimedOut(number)]
    await do(kernel, "b", lambda actor: actor.answer(actor.tokens[0], "late"))
    await kernel.settle()
    assert log == [TimedOut(number)]


async def test_a_refused_request_carries_the_failure_as_a_value(kernel: Kernel) -> None:
    log = await probe(kernel, "a")
    kernel.spawn("plain", Actor)
    await do(kernel, "a", lambda actor: actor.request("plain", Note(1), 5))
    await kernel.settle()
    assert log[0].failure.kind == BadRequest.__name__
    assert "plain (Actor) takes no Note" in log[0].failure.message


async def test_another_thread_tells_by_the_threadsafe_way(kernel: Kernel) -> None:
    log = await probe(kernel)
    await asyncio.to_thread(kernel.tell_threadsafe, "a", "hello")
    await asyncio.sleep(0)
    await kernel.settle()
    assert log == ["hello"]


async def test_a_ref_may_be_held_before_its_actor_exists(kernel: Kernel) -> None:
    ref = kernel.ref("a")
    assert not ref.is_alive()
    log = await probe(kernel)
    ref.tell("hello")
    await kernel.settle()
    assert (log, ref.is_alive()) == (["hello"], True)
    assert ref == Ref(kernel, "a")
    assert len({ref, Ref(kernel, "a")}) == 1


async def test_what_happens_to_a_handler_that_is_asynchronous(kernel: Kernel) -> None:
    class Wrong(Actor):
        async def on_receive(self, message: object) -> object:
            return message

    kernel.spawn("w", Wrong)
    with pytest.raises(ActorDead, match=r"handlers must not be: use work\(\)"):
        await kernel.ask("w", 1, timeout=1)

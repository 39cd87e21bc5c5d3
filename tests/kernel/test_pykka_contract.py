"""Do the parts of Pykka we stand on still look as they did? Fails loudly when they move."""

import inspect
from collections.abc import Callable
from importlib.metadata import version

import pykka
import pytest
from pykka import _envelope

from clocker_actors.kernel import Actor, Ref
from clocker_actors.kernel.reply import Reply


def test_the_version_is_the_one_we_know() -> None:
    assert tuple(int(part) for part in version("pykka").split(".")[:2]) >= (4, 5)
    assert version("pykka").startswith("4.")


def test_an_envelope_holds_a_message_and_whom_to_answer() -> None:
    assert list(inspect.signature(_envelope.Envelope).parameters) == ["message", "reply_to"]
    assert _envelope.Envelope.__slots__ == ["message", "reply_to"]


@pytest.mark.parametrize("hook", ["on_start", "on_receive", "on_stop", "on_failure"])
def test_the_hooks_are_there_and_synchronous(hook: str) -> None:
    assert not inspect.iscoroutinefunction(getattr(pykka.Actor, hook))


def test_on_failure_takes_what_sys_exc_info_gives() -> None:
    parameters = list(inspect.signature(pykka.Actor.on_failure).parameters)
    assert parameters == ["self", "exception_type", "exception_value", "traceback"]


@pytest.mark.parametrize("name", ["_create_actor_inbox", "_create_future", "_start_actor_loop", "start", "stop", "actor_ref", "on_receive"])
def test_what_we_override_is_still_there(name: str) -> None:
    assert hasattr(pykka.Actor, name)
    assert name in vars(Actor)


def test_nothing_abstract_is_left_and_nothing_new_is_abstract() -> None:
    assert pykka.Actor.__abstractmethods__ == {"_create_actor_inbox", "_create_future", "_start_actor_loop"}
    assert Actor.__abstractmethods__ == frozenset()


def test_ours_are_pykkas_actors_refs_and_futures() -> None:
    assert issubclass(Actor, pykka.Actor)
    assert issubclass(Ref, pykka.ActorRef)
    assert issubclass(Reply, pykka.Future)


@pytest.mark.parametrize("call", [Actor.start, Actor._create_actor_inbox, lambda: Actor()._start_actor_loop()])
def test_pykkas_own_runtime_is_not_entered_by_accident(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()


def test_the_registry_stays_empty() -> None:
    assert [ref for ref in pykka.ActorRegistry.get_all() if isinstance(ref, Ref)] == []


async def test_replies_and_refs_of_an_actor_are_ours(kernel: object) -> None:
    from clocker_actors.kernel import Kernel
    from tests.kernel.probe import do, probe

    assert isinstance(kernel, Kernel)
    await probe(kernel)
    assert isinstance(Actor._create_future(), Reply)
    assert await do(kernel, "a", lambda actor: actor.actor_ref) == kernel.ref("a")
    assert await do(kernel, "a", lambda actor: actor.actor_urn) == "a"
    reply = Reply(kernel.loop)
    try:
        raise LookupError("x")
    except LookupError:
        reply.set_exception()
    with pytest.raises(LookupError, match="x"):
        await reply
    await do(kernel, "a", lambda actor: actor.stop())
    await kernel.settle()
    assert not kernel.alive("a")

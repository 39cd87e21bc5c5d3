"""What a parent orders of its children, and what it knows of them."""

from clocker_actors.entities.services.brood import Brood
from clocker_actors.model.identity import SYSTEM, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import ChildChanged, Invoke

A, B = Uid("m1"), Uid("m2")


class Parent:
    """Keeps what it tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def tell(self, target_id: str, message: object) -> None:
        assert isinstance(message, Invoke)
        self.told.append((target_id, message.effector))


def test_an_order_is_told_once_until_it_changes_or_is_reset() -> None:
    parent = Parent()
    brood = Brood(parent)
    brood.order((A, B), "start", SYSTEM)
    brood.order((A, B), "start", SYSTEM)
    brood.order((A,), "stop", SYSTEM)
    brood.order((A,), "start", SYSTEM)
    assert parent.told == [(A, "start"), (B, "start"), (A, "stop"), (A, "start")]
    brood.reset_orders()
    brood.order((B,), "start", SYSTEM)
    assert parent.told[-1] == (B, "start") and len(parent.told) == 5


def test_children_that_have_not_spoken_are_not_stopped() -> None:
    brood = Brood(Parent())
    brood.heard(ChildChanged(A, Lifecycle.STOPPED, up=False))
    assert brood.stopped((A,)) and not brood.stopped((A, B)) and brood.stopped(())
    brood.forget(A)
    assert not brood.stopped((A,))


def test_words_say_each_problem_once() -> None:
    brood = Brood(Parent())
    brood.heard(ChildChanged(A, Lifecycle.ON_FIRE, up=False, problems={"container": "no image", "start": "no image", "health": "bad"}))
    assert brood.words((A, B), {A: "web"}, lambda said: not said.up) == "web: no image; bad"

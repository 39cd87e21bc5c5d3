"""A fault of ours, to be put into any actor of a story."""

from dataclasses import dataclass

import pytest

from clocker_actors.kernel import Actor


@dataclass(frozen=True)
class Poison:
    """Whoever handles it has a fault."""


def faulty(monkeypatch: pytest.MonkeyPatch, kind: type[Actor]) -> None:
    """Have actors of this class crash on `Poison`."""
    handle = kind.on_receive

    def on_receive(self: Actor, message: object) -> object:
        if isinstance(message, Poison):
            raise ZeroDivisionError("a fault of ours")
        return handle(self, message)

    monkeypatch.setattr(kind, "on_receive", on_receive)

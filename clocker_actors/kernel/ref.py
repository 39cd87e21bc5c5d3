"""The address of an actor.

It is an id that the kernel's directory turns into a cell each time, so it stays good over restarts, and may be held for an actor that
does not exist yet. Pykka's own reference belongs to one instance and goes deaf with it.
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

import pykka

if TYPE_CHECKING:
    from clocker_actors.kernel.kernel import Kernel


class Ref(pykka.ActorRef[Any]):
    """`tell` never raises; `ask` is awaited, by doors and tests only."""

    def __init__(self, kernel: "Kernel", actor_id: str) -> None:
        self._kernel = kernel
        self.id = actor_id
        self.actor_urn = actor_id

    def is_alive(self) -> bool:
        return self._kernel.alive(self.id)

    def tell(self, message: Any) -> None:
        self._kernel.tell(self.id, message)

    def ask(  # type: ignore[override]  # Pykka's blocks
        self, message: Any, timeout: float
    ) -> Coroutine[Any, Any, Any]:
        """To be awaited. Raises AskTimedOut after `timeout` seconds, ActorDead, or the error the actor refused with."""
        return self._kernel.ask(self.id, message, timeout)

    def stop(self, deadline: float = 5.0) -> None:  # type: ignore[override]  # Pykka's blocks
        """Have the kernel stop the actor and all below it, after the messages that wait now."""
        self._kernel.stop_actor(self.id, deadline)

    def proxy(self) -> NoReturn:
        raise TypeError(f"{self.id} has no proxy: send it messages")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.id == self.id and other._kernel is self._kernel

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Ref {self.id}>"

    __str__ = __repr__

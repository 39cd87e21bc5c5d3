"""An actor that does what a test tells it, and remembers what it was sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from clocker_actors.kernel import Actor, Kernel, RestartBudget

Log = list[Any]


@dataclass(frozen=True, slots=True)
class Do:
    """Run this in the handler; what it returns is the answer."""

    step: Callable[["Probe"], object]


@dataclass(frozen=True, slots=True)
class Note:
    """A plain message."""

    text: object
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message that a newer one of the same sensor replaces."""

    SUPERSEDES: ClassVar[bool] = True
    sensor: str
    value: int

    def supersede_key(self) -> str:
        return self.sensor


class Probe(Actor):
    """Remembers messages in `log`, which may be shared by several so that their order shows."""

    def __init__(self, log: Log, on_start: Callable[["Probe"], object] | None = None, name: str = "") -> None:
        super().__init__()
        self.log = log
        self.starting = on_start
        self.name = name
        self.tokens: list[int] = []

    def on_start(self) -> None:
        if self.starting is not None:
            self.starting(self)

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Do):
            return message.step(self)
        self.log.append((self.name, message) if self.name else message)
        return message

    def on_stop(self) -> None:
        if self.name:
            self.log.append(f"{self.name} stopped")


def crash(probe: Probe) -> None:
    """A step that is a programming error."""
    raise LookupError("boom")


CRASH = Do(crash)
NO_RESTARTS = RestartBudget(0, 60.0)


async def do(kernel: Kernel, actor_id: str, step: Callable[[Probe], object]) -> Any:
    """Run a step in an actor and have its answer."""
    return await kernel.ask(actor_id, Do(step), timeout=5.0)


async def probe(kernel: Kernel, actor_id: str = "a", on_start: Callable[[Probe], object] | None = None) -> Log:
    """A running root probe; its log."""
    log: Log = []
    kernel.spawn(actor_id, lambda: Probe(log, on_start))
    await kernel.settle()
    return log

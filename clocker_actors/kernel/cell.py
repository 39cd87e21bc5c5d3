"""The place of one actor: what stays when its behaviour crashes and a fresh one takes over.

An address leads here, so it outlives the behaviour. Everything rarely used is None until needed, because there is a cell for every
container and every policy.
"""

import enum
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clocker_actors.kernel.actor import Actor
    from clocker_actors.kernel.counters import HandlerTime
    from clocker_actors.kernel.kernel import Kernel
    from clocker_actors.kernel.reply import Answerable


class State(enum.Enum):
    """Of a cell. STARTING -> RUNNING -> STOPPING -> STOPPED; a root may also go ON_FIRE and come back."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ON_FIRE = "on-fire"


@dataclass(frozen=True, slots=True)
class RestartBudget:
    """At most `restarts` restarts within `window` seconds; one more crash goes to the parent."""

    restarts: int = 3
    window: float = 60.0


Factory = Callable[[], "Actor"]
DEFAULT_BUDGET = RestartBudget(3, 60.0)


class Errand:
    """Something an actor waits for under a name: a timer, a request, a work. Its outcome counts only while it is `live`.

    Whatever outcome is on its way when the actor takes the errand back, or crashes, is dropped when it arrives.
    """

    __slots__ = ("cell", "key", "live")

    def __init__(self, cell: "Cell", key: tuple[str, Hashable]) -> None:
        self.cell = cell
        self.key = key
        self.live = True
        if cell.errands is None:
            cell.errands = {}
        cell.errands[key] = self

    def close(self) -> None:
        """It is over: its name is free again."""
        self.live = False
        if self.cell.errands is not None and self.cell.errands.get(self.key) is self:
            del self.cell.errands[self.key]

    def cancel(self) -> None:
        """Take it back without an outcome."""
        self.close()

    def received(self) -> None:
        """An outcome that is not the last one is about to be handled, or was superseded."""


class Ticket:
    """A message in the queue with something attached: the errand it ends or belongs to, or the key it may be superseded by."""

    __slots__ = ("errand", "last", "message", "supersede_key")

    def __init__(self, message: object, errand: Errand | None = None, *, last: bool = True) -> None:
        self.message = message
        self.errand = errand
        self.last = last
        self.supersede_key: Hashable | None = None

    def punch(self) -> bool:
        """The message is about to be handled; False when nobody waits for it any more."""
        errand = self.errand
        if errand is None:
            return True
        if not errand.live:
            return False
        if self.last:
            errand.close()
        else:
            errand.received()
        return True

    def replace(self, newer: "Ticket") -> None:
        """Carry the newer message in the place of the older one."""
        if self.errand is not None and self.errand.live:
            self.errand.received()
        self.message, self.errand = newer.message, newer.errand


class Control:
    """An order of the kernel to itself, queued like a message so that it keeps its place among them. `kind` and `deadline` say which, for a recording."""

    __slots__ = ("deadline", "kind", "run")

    def __init__(self, kind: str, run: Callable[[], None], deadline: float = 0.0) -> None:
        self.kind = kind
        self.run = run
        self.deadline = deadline


class Cell:
    """See the module."""

    __slots__ = (
        "accepts",
        "behaviour",
        "budget",
        "children",
        "crashes",
        "depth",
        "errands",
        "factory",
        "id",
        "kept",
        "kernel",
        "owed",
        "parent",
        "pause",
        "reply_to",
        "started_at",
        "state",
        "successor",
        "times",
        "waiting",
        "warn_at",
    )

    def __init__(self, kernel: "Kernel", actor_id: str, factory: Factory, budget: RestartBudget, parent: "Cell | None") -> None:
        self.kernel = kernel
        self.id = actor_id
        self.factory = factory
        self.budget = budget
        self.parent = parent
        self.state = State.STARTING
        self.accepts = True
        self.behaviour: Actor | None = None
        self.depth = 0
        self.warn_at = kernel.warn_depth
        self.started_at = 0.0
        self.pause = 0.0
        self.times: HandlerTime | None = None
        self.children: dict[str, Cell] | None = None
        self.kept: dict[str, None] | None = None
        self.crashes: deque[float] | None = None
        self.errands: dict[tuple[str, Hashable], Errand] | None = None
        self.waiting: dict[Hashable, Ticket] | None = None
        self.owed: dict[int, Answerable] | None = None
        self.reply_to: Answerable | None = None
        self.successor: tuple[Factory, RestartBudget] | None = None

    def errand(self, kind: str, name: Hashable) -> Errand | None:
        """The live errand of that kind and name."""
        return None if self.errands is None else self.errands.get((kind, name))

    def __repr__(self) -> str:
        return f"<Cell {self.id} {self.state.value}>"

"""What every actor does right now: the answer to "why does nothing happen?"."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clocker_actors.kernel.cell import Cell
from clocker_actors.kernel.work import Job

if TYPE_CHECKING:
    from clocker_actors.kernel.kernel import Kernel


@dataclass(frozen=True, slots=True)
class ActorDump:
    """One actor. `works` are (name, seconds it runs already); `current` is the type of the message being handled."""

    id: str
    kind: str
    parent: str | None
    state: str
    inbox: int
    current: str | None
    works: tuple[tuple[str, float], ...]
    timers: tuple[str, ...]
    requests: int
    owed: int
    children: int
    restarts: int


def dump(kernel: "Kernel") -> list[ActorDump]:
    """All actors in the order they were made."""
    return [_of(kernel, cell) for cell in kernel.queue.cells.values()]


def _of(kernel: "Kernel", cell: Cell) -> ActorDump:
    running = kernel.queue.running
    errands = tuple((cell.errands or {}).values())
    now = kernel.now()
    return ActorDump(
        id=cell.id,
        kind=type(cell.behaviour).__name__ if cell.behaviour is not None else "",
        parent=cell.parent.id if cell.parent is not None else None,
        state=cell.state.value,
        inbox=cell.depth,
        current=running.message_type if running is not None and running.actor_id == cell.id else None,
        works=tuple((errand.name, now - errand.began) for errand in errands if isinstance(errand, Job)),
        timers=tuple(str(errand.key[1]) for errand in errands if errand.key[0] == "timer"),
        requests=sum(errand.key[0] == "request" for errand in errands),
        owed=len(cell.owed or ()),
        children=len(cell.children or ()),
        restarts=len(cell.crashes or ()),
    )

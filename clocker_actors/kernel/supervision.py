"""The lives of actors: start, crash, restart, escalation, stop.

    spawn --> STARTING --on_start--> RUNNING --stop--> STOPPING --works unwound, or deadline--> STOPPED
                 |                      | crash
                 | raises               v
                 v               within the budget: a fresh behaviour in the same cell --> RUNNING
             StartFailed         over it: the subtree is stopped and the parent counts as crashed;
                                 at a root: ON_FIRE, kept stopped, tried again after 1, 2, 4 ... 60 s

All of it happens within the run queue, so every step is atomic. No error of an actor gets out of here.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from clocker_actors.errors import ActorDead, Conflict, Failure
from clocker_actors.kernel.actor import Actor
from clocker_actors.kernel.cell import Cell, Control, Factory, RestartBudget, State
from clocker_actors.kernel.context import Current, current
from clocker_actors.kernel.messages import ChildRestarted, Escalated, Started, StartFailed, Stopped

if TYPE_CHECKING:
    from clocker_actors.kernel.kernel import Kernel

logger = logging.getLogger("clocker.kernel")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
CALM = 60.0
"""Seconds a root must have lived since its last start for its pauses to begin small again."""


class Supervisor:
    """Of one kernel. `roots` are the cells without a parent, `on_fire` those of them that are kept stopped."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self.roots: dict[str, Cell] = {}
        self.on_fire: dict[str, Failure] = {}
        self.emptied: asyncio.Future[None] | None = None

    # Start

    def spawn(self, actor_id: str, factory: Factory, budget: RestartBudget, parent: Cell | None) -> None:
        """Register and queue the start; keep a live child of that parent; follow after one that is stopping."""
        there = self._kernel.queue.cells.get(actor_id)
        if parent is not None and parent.kept is not None:
            parent.kept[actor_id] = None
        if there is None:
            self._register(Cell(self._kernel, actor_id, factory, budget, parent))
        elif there.parent is not parent or (parent is None and there.accepts):
            owner = "a root" if there.parent is None else f"a child of {there.parent.id}"
            raise Conflict(f"{actor_id} is {owner} already: choose another id, or stop that one", actor=actor_id)
        elif there.state is State.STOPPING:
            there.successor = (factory, budget)
        else:
            there.factory, there.budget = factory, budget

    def _register(self, cell: Cell) -> None:
        self._kernel.queue.cells[cell.id] = cell
        self._kernel.counters.spawned += 1
        if cell.parent is None:
            self.roots[cell.id] = cell
        else:
            if cell.parent.children is None:
                cell.parent.children = {}
            cell.parent.children[cell.id] = cell
        self._order(cell, Control("start", lambda: self._start(cell)))

    def _start(self, cell: Cell) -> None:
        if cell.state is not State.STARTING:
            return
        error = self._bring_up(cell)
        if error is None:
            self._tell_parent(cell, Started(cell.id))
            return
        failure = Failure.of(error)
        if cell.parent is None:
            self._set_on_fire(cell, failure)
        else:
            self._take_down(cell)
            self._gone(cell, StartFailed(cell.id, failure))

    def _bring_up(self, cell: Cell) -> BaseException | None:
        """A fresh behaviour for the cell, its on_start run; or what went wrong."""
        try:
            current.set(Current(cell.id, None))
            cell.started_at = self._kernel.door.stamp
            actor = cell.factory()
            if not isinstance(actor, Actor):
                raise TypeError(f"the factory of {cell.id} made a {type(actor).__name__}, not an Actor")
            actor._cell = cell  # the kernel's half of the behaviour
            cell.times = self._kernel.counters.of_class(type(actor).__name__)
            cell.behaviour = actor
            actor.on_start()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # becomes a message to the parent
            logger.warning("%s could not start", cell.id, exc_info=error)
            self._clear(cell)
            cell.behaviour = None
            return error
        cell.state = State.RUNNING
        return None

    # Crash

    def crash(self, cell: Cell, error: BaseException) -> None:
        """A handler raised something that is not ours."""
        logger.error("%s crashed", cell.id, exc_info=error)
        self._kernel.counters.crashes += 1
        self._crash(cell, error, Failure.of(error))

    def _crash(self, cell: Cell, error: BaseException | None, failure: Failure) -> None:
        if error is not None and cell.behaviour is not None:
            self._guarded(cell, lambda actor: actor.on_failure(type(error), error, error.__traceback__))
        self._clear(cell)
        while self._may_restart(cell):
            fresh_error = self._restart(cell, failure)
            if fresh_error is None:
                return
            failure = Failure.of(fresh_error)
        self._escalate(cell, failure)

    def _may_restart(self, cell: Cell) -> bool:
        now = self._kernel.door.stamp
        crashes = cell.crashes
        if crashes is None:
            crashes = cell.crashes = deque()
        while crashes and crashes[0] <= now - cell.budget.window:
            crashes.popleft()
        crashes.append(now)
        return len(crashes) <= cell.budget.restarts

    def _restart(self, cell: Cell, failure: Failure) -> BaseException | None:
        before = tuple(cell.children or ())
        cell.kept = {}
        error = self._bring_up(cell)
        kept, cell.kept = cell.kept, None
        if error is not None:
            return error
        self._kernel.counters.restarts += 1
        for child_id in reversed(before):
            child = (cell.children or {}).get(child_id)
            if child is not None and child_id not in kept:
                self.ask_to_stop(child, 5.0)
        self._tell_parent(cell, ChildRestarted(cell.id, failure))
        return None

    def _escalate(self, cell: Cell, failure: Failure) -> None:
        parent = cell.parent
        cell.behaviour = None  # it crashed: no on_stop
        if parent is None:
            self._set_on_fire(cell, failure)
            return
        logger.error("%s crashed more than %d times in %g s", cell.id, cell.budget.restarts, cell.budget.window)
        self._kernel.counters.escalations += 1
        for sibling in reversed(tuple((parent.children or {}).values())):
            self._take_down(sibling)
            self._forget(sibling, keep_listeners=True)
        error = ActorDead(f"{cell.id} went over its restart budget: {failure.message}", actor=cell.id)
        self._crash(parent, error, failure)
        if parent.accepts:
            self._kernel.queue.put(parent, Escalated(cell.id, failure))

    # On fire

    def _set_on_fire(self, cell: Cell, failure: Failure) -> None:
        self._kernel.counters.fires += 1
        for child in reversed(tuple((cell.children or {}).values())):
            self._take_down(child)
            self._forget(child, keep_listeners=True)
        calm = self._kernel.door.stamp - cell.started_at > CALM
        cell.pause = FIRST_PAUSE if calm or not cell.pause else min(cell.pause * 2, LONGEST_PAUSE)
        cell.state = State.ON_FIRE
        cell.accepts = False
        self.on_fire[cell.id] = failure
        logger.error("%s is on fire, next try in %g s: %s", cell.id, cell.pause, failure.message)
        retry = Control("retry", lambda: self._retry(cell))
        self._kernel.timers.arm(cell.pause, lambda: self._kernel.door.bring(cell, retry))

    def _retry(self, cell: Cell) -> None:
        if cell.state is not State.ON_FIRE:
            return
        self.on_fire.pop(cell.id, None)
        cell.state = State.STARTING
        cell.accepts = True
        cell.crashes = None
        self._start(cell)

    # Stop

    def ask_to_stop(self, cell: Cell, deadline: float) -> None:
        """Stop it when the messages that wait for it now are handled; `deadline` seconds for its works to unwind."""
        self._order(cell, Control("stop", lambda: self.stop(cell, deadline), deadline))

    def stop(self, cell: Cell, deadline: float) -> None:
        """Now: the newest below first; then wait for the works of the subtree, and say Stopped."""
        if cell.state in (State.STOPPING, State.STOPPED):
            return
        below = dict.fromkeys(self._take_down(cell))
        tasks = [task for task, owner in self._kernel.tasks.items() if owner in below]
        # How far tasks have come is nothing that follows from messages.
        if not self._kernel.queue.witness("tasks", lambda: bool(tasks)):
            self._gone(cell, Stopped(cell.id))
            return
        bring = self._kernel.door.bring
        farewell = Control("gone", lambda: self._gone(cell, Stopped(cell.id)))
        timer = self._kernel.timers.arm(deadline, lambda: bring(cell, farewell))
        waiting = dict.fromkeys(tasks)

        def ended(task: asyncio.Task[None]) -> None:
            waiting.pop(task, None)
            if not waiting and timer.fire is not None:
                self._kernel.timers.cancel(timer)
                bring(cell, farewell)

        for task in tasks:
            task.add_done_callback(ended)

    def abandon(self, cell: Cell) -> None:
        """The deadline of the whole is over: it goes now, whatever still unwinds."""
        if cell.state is not State.STOPPING:
            self._take_down(cell)
        self._gone(cell, Stopped(cell.id))

    def _take_down(self, cell: Cell) -> list[str]:
        """Stop the subtree, reversed; the ids of all that were in it."""
        cell.state = State.STOPPING
        cell.accepts = False
        ids: list[str] = []
        for child in reversed(tuple((cell.children or {}).values())):
            ids += self._take_down(child)
            self._forget(child)
        if cell.behaviour is not None:
            self._guarded(cell, lambda actor: actor.on_stop())
        self._clear(cell)
        cell.behaviour = None
        return [*ids, cell.id]

    def _gone(self, cell: Cell, notice: object) -> None:
        if cell.state is State.STOPPED:
            return
        self._forget(cell)
        self._tell_parent(cell, notice)
        parent_lives = cell.parent is None or cell.parent.accepts
        if cell.successor is not None and parent_lives and not self._kernel.stopping:
            self._register(Cell(self._kernel, cell.id, *cell.successor, cell.parent))

    def _forget(self, cell: Cell, *, keep_listeners: bool = False) -> None:
        """Off the directory. Listeners are kept for one whose parent is about to spawn it anew."""
        cell.state = State.STOPPED
        kernel = self._kernel
        kernel.counters.stopped += 1
        kernel.topics.drop_subscriber(cell.id)
        if not keep_listeners:
            kernel.topics.drop_publisher(cell.id)
        if kernel.queue.cells.get(cell.id) is cell:
            del kernel.queue.cells[cell.id]
        if cell.parent is not None:
            if cell.parent.children is not None and cell.parent.children.get(cell.id) is cell:
                del cell.parent.children[cell.id]
        elif self.roots.get(cell.id) is cell:
            del self.roots[cell.id]
            self.on_fire.pop(cell.id, None)
            if not self.roots and self.emptied is not None and not self.emptied.done():
                self.emptied.set_result(None)

    # Inside

    def again(self, cell: Cell, kind: str, deadline: float) -> Control:
        """The order of that kind that a recording has. Raises KeyError for one of no kind."""
        steps: dict[str, Callable[[], None]] = {
            "start": lambda: self._start(cell),
            "retry": lambda: self._retry(cell),
            "stop": lambda: self.stop(cell, deadline),
            "gone": lambda: self._gone(cell, Stopped(cell.id)),
        }
        return Control(kind, steps[kind], deadline)

    def _order(self, cell: Cell, order: Control) -> None:
        """Queue a step behind what waits. One ordered from outside comes through the door, or its "now" would be an old stamp."""
        if not self._kernel.queue.passing:
            self._kernel.door.bring(cell, order)
        else:
            self._kernel.queue.put(cell, order)

    def _clear(self, cell: Cell) -> None:
        """What belonged to the behaviour and not to the cell: errands are taken back, askers still waiting are told."""
        for errand in tuple((cell.errands or {}).values()):
            errand.cancel()
        cell.errands = None
        owed, cell.owed = cell.owed, None
        if cell.reply_to is not None:
            cell.reply_to.refuse(ActorDead(f"{cell.id} ended before it answered; ask again", actor=cell.id))
            cell.reply_to = None
        for reply in (owed or {}).values():
            reply.refuse(ActorDead(f"{cell.id} crashed or stopped before it answered; ask again", actor=cell.id))

    def _guarded(self, cell: Cell, hook: Callable[[Actor], object]) -> None:
        before = current.get()
        current.set(Current(cell.id, None))
        try:
            if cell.behaviour is not None:
                hook(cell.behaviour)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # it is going anyway
            logger.warning("%s raised in its last hook", cell.id, exc_info=error)
        finally:
            current.set(before)

    def _tell_parent(self, cell: Cell, notice: object) -> None:
        if cell.parent is not None and cell.parent.accepts:
            self._kernel.queue.put(cell.parent, notice)

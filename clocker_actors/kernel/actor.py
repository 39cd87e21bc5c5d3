"""What every actor of the manager is built on: a behaviour with synchronous handlers, and what it may ask of the kernel.

One message is one atomic step: `on_receive` never waits, so there are no locks. Slow things are works, questions are requests, and both
come back as messages. A behaviour is made by a factory without arguments and has no kernel until `on_start`.
"""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NoReturn

import pykka

from clocker_actors.errors import BadRequest, ClockerError, Conflict, NotFound
from clocker_actors.kernel import messages
from clocker_actors.kernel.cell import DEFAULT_BUDGET, Cell, Factory, RestartBudget
from clocker_actors.kernel.ref import Ref
from clocker_actors.kernel.reply import Reply
from clocker_actors.kernel.timers import Alarm
from clocker_actors.kernel.work import Job, Source, Work

if TYPE_CHECKING:
    from clocker_actors.kernel.kernel import Kernel


class Actor(pykka.Actor):
    """Subclass it, and override the hooks `on_start`, `on_receive`, `on_stop`, `on_failure`; none of them may wait.

    Raising a ClockerError answers the asker and the actor lives on; anything else answers the asker and crashes the actor, whose parent
    restarts it within its budget: a fresh behaviour, the same address, subscriptions and waiting messages.
    """

    _cell: Cell

    def __init__(self) -> None:
        """Nothing of Pykka's is made here: its inbox, flag and reference are half the weight of an idle actor."""

    if not TYPE_CHECKING:  # a checker that saw this would take any attribute for granted

        def __getattr__(self, name: str) -> NoReturn:
            if name == "_cell":
                raise RuntimeError(f"{type(self).__name__} has no kernel yet in __init__: do that in on_start")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # What it is

    @property
    def id(self) -> str:
        return self._cell.id

    @property
    def parent(self) -> str | None:
        return None if self._cell.parent is None else self._cell.parent.id

    @property
    def now(self) -> float:
        """Epoch seconds at which the last thing from outside was admitted."""
        return self._cell.kernel.door.stamp

    @property
    def children(self) -> tuple[str, ...]:
        """Ids of the live children in the order they were spawned."""
        return tuple(self._cell.children or ())

    # Messages

    def tell(self, target_id: str, message: object) -> None:
        """Never raises; for nobody it is a dead letter."""
        self._cell.kernel.queue.post(target_id, message)

    def request(self, target_id: str, message: object, timeout: float) -> int:
        """Ask; Answered, RequestFailed or TimedOut with the number returned here comes later, within `timeout` seconds."""
        return self._kernel.request(self._cell, target_id, message, timeout)

    def defer(self) -> int:
        """Within the handler of an ask: the answer comes later, by this token. For a tell, the token leads nowhere."""
        cell = self._cell
        token = self._kernel.next_number()
        if cell.reply_to is not None:
            if cell.owed is None:
                cell.owed = {}
            cell.owed[token] = cell.reply_to
            cell.reply_to = None
        return token

    def answer(self, token: int, value: object = None) -> None:
        """Answer a deferred ask. Late or unknown tokens are ignored."""
        reply = (self._cell.owed or {}).pop(token, None)
        if reply is not None:
            reply.set(value)

    def refuse(self, token: int, error: ClockerError) -> None:
        """Refuse a deferred ask. Late or unknown tokens are ignored."""
        reply = (self._cell.owed or {}).pop(token, None)
        if reply is not None:
            reply.refuse(error)

    # Slow things and time

    def work(self, name: str, fn: Work, *args: Any, timeout: float) -> None:
        """Run `await fn(*args)` beside; WorkDone or WorkFailed comes within `timeout` seconds. Raises Conflict while one runs."""
        self._require_open(f"begin work {name!r}")
        Job(self._cell, name).work(fn, args, timeout)

    def stream(self, name: str, fn: Source, *args: Any) -> None:
        """Have each item of the async generator `fn(*args)` as a message, then WorkDone or WorkFailed. Raises Conflict while one runs."""
        self._require_open(f"begin stream {name!r}")
        Job(self._cell, name).stream(fn, args)

    def working(self, name: str) -> bool:
        """Whether the outcome of a work or stream of that name is still to come."""
        return self._cell.errand("work", name) is not None

    def cancel_work(self, name: str) -> None:
        """Wait no longer: WorkFailed(WorkCancelled) comes, unless the outcome was on its way. Its effect may still come."""
        job = self._cell.errand("work", name)
        if isinstance(job, Job):
            job.give_up()

    def after(self, name: str, delay: float, message: object) -> None:
        """Have a message in `delay` seconds. Arming a name again replaces what it was armed with."""
        self._require_open(f"arm timer {name!r}")
        self.cancel_timer(name)
        Alarm(self._cell, name, delay, message)

    def cancel_timer(self, name: str) -> None:
        """After this its message does not come, even if it was on its way."""
        self._drop("timer", name)

    # Children

    def spawn(self, child_id: str, factory: Factory, budget: RestartBudget = DEFAULT_BUDGET) -> Ref:
        """Register a child and queue its start; Started or StartFailed follows. A live child of that id is kept as it is.

        Raises Conflict when the id belongs to somebody else.
        """
        self._require_open(f"spawn {child_id}")
        self._kernel.supervisor.spawn(child_id, factory, budget, self._cell)
        return self._kernel.ref(child_id)

    def stop_child(self, child_id: str, deadline: float = 5.0) -> None:
        """Stop it after the messages waiting for it; Stopped comes, at the latest `deadline` seconds after its on_stop.

        Raises NotFound for an id that is not a child.
        """
        child = (self._cell.children or {}).get(child_id)
        if child is None:
            raise NotFound(f"{self.id} has no child {child_id}; its children: {', '.join(self.children) or 'none'}")
        self._kernel.supervisor.ask_to_stop(child, deadline)

    def stop_self(self, deadline: float = 5.0) -> None:
        """Stop after the messages that wait now; the parent hears Stopped."""
        self._kernel.supervisor.ask_to_stop(self._cell, deadline)

    @property
    def all_stop(self) -> bool:
        """Whether every actor is being stopped, and not only this one and those below it."""
        return self._cell.kernel.stopping

    # Topics

    def subscribe(self, publisher_id: str, topic: str) -> None:
        """Have what that actor publishes under `topic` ("*": everything); it need not exist yet. Idempotent."""
        self._kernel.topics.subscribe(self.id, publisher_id, topic)

    def unsubscribe(self, publisher_id: str, topic: str) -> None:
        self._kernel.topics.unsubscribe(self.id, publisher_id, topic)

    def publish(self, topic: str, message: object) -> None:
        """Tell all who subscribed."""
        queue = self._cell.kernel.queue
        for listener in self._kernel.topics.listeners(self.id, topic):
            queue.post(listener, message)

    # Hooks

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what it returns answers an ask. This one takes notices of the kernel and refuses everything else."""
        if not isinstance(message, messages.Notice):
            raise BadRequest(f"{self.id} ({type(self).__name__}) takes no {type(message).__name__}: send another message")

    # Pykka's hooks for those who make a runtime

    @property
    def actor_urn(self) -> str:  # type: ignore[override]
        return self._cell.id

    @property
    def actor_ref(self) -> Ref:
        return self._kernel.ref(self.id)

    def stop(self) -> None:
        self.stop_self()

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{cls.__name__} (given {args} {kwargs}) starts through a kernel: kernel.spawn(id, factory)")

    def _start_actor_loop(self) -> NoReturn:
        raise TypeError("the kernel's run queue runs all actors; none has a loop of its own")

    @staticmethod
    def _create_actor_inbox() -> NoReturn:
        raise TypeError("waiting messages lie in the kernel's run queue; no actor has an inbox of its own")

    @staticmethod
    def _create_future() -> Reply:
        return Reply()

    # Inside

    @property
    def _kernel(self) -> "Kernel":
        return self._cell.kernel

    def _drop(self, kind: str, name: Hashable) -> None:
        errand = self._cell.errand(kind, name)
        if errand is not None:
            errand.cancel()

    def _require_open(self, what: str) -> None:
        if not self._cell.accepts:
            raise Conflict(f"{self.id} is stopping and cannot {what}: do it before, or in another actor", actor=self.id)

    def __str__(self) -> str:
        return f"{type(self).__name__} ({self.id})"

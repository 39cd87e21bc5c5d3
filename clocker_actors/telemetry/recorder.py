"""The actor to which everybody tells what people may want to know: `...Noted` facts in, read model out.

It sends nothing and asks nothing. The read model is given to it and outlives it, so a crash here loses no more than the fact that caused it. What a restart of
the manager is not to lose it has written, once a second, if it is given a keeper and a store.
"""

import logging

from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Actor, WorkDone, WorkFailed
from clocker_actors.model import noted
from clocker_actors.ports.store import Store
from clocker_actors.telemetry.keeping import PERIOD, Keeper
from clocker_actors.telemetry.readmodel import Fact, ReadModel

log = logging.getLogger(__name__)

_FACTS = (
    noted.SensorsNoted,
    noted.ActivityNoted,
    noted.DecisionNoted,
    noted.EntityNoted,
    noted.EntityGone,
    noted.PolicyNoted,
    noted.NotificationNoted,
)


KEEP = "keep"
KEEP_LIMIT = 30.0


class KeepNow:
    """Timer message: write what waits."""


class Recorder(Actor):
    """Spawn it with id `RECORDER` before all entities: `kernel.spawn(RECORDER, lambda: Recorder(model, keeper, store))`."""

    def __init__(self, model: ReadModel, keeper: Keeper | None = None, store: Store | None = None) -> None:
        super().__init__()
        self._model = model
        self._keeper = keeper
        self._store = store

    def on_start(self) -> None:
        if self._keeper is not None:
            self.after(KEEP, PERIOD, KeepNow())

    def on_receive(self, message: object) -> None:
        """Note a fact. Asked, it answers None once the fact is noted. Raises BadRequest for what is no fact."""
        if not isinstance(message, _FACTS):
            if self._keeper is not None and self._store is not None and self._kept(message, self._keeper, self._store):
                return
            raise BadRequest(f"the recorder takes facts only, not {type(message).__name__}; tell the entity instead")
        fact: Fact = message
        self._model.note(fact, self.now)
        if self._keeper is not None and isinstance(fact, noted.ActivityNoted):
            self._keeper.noted(fact)

    def _kept(self, message: object, keeper: Keeper, store: Store) -> bool:
        """Whether the message was about what is to be written."""
        match message:
            case KeepNow():
                batch = keeper.batch(self.now)
                if batch:
                    self.work(KEEP, store.write, batch, timeout=KEEP_LIMIT)
                else:
                    self.after(KEEP, PERIOD, KeepNow())
            case WorkDone():
                self.after(KEEP, PERIOD, KeepNow())
            case WorkFailed():
                log.error("history not written; it is tried again", extra={"failure": message.failure.message})
                keeper.not_written()
                self.after(KEEP, PERIOD, KeepNow())
            case _:
                return False
        return True

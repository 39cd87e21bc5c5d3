"""The actor to which everybody tells what people may want to know: `...Noted` facts in, read model out.

It sends nothing and asks nothing. The read model is given to it and outlives it, so a crash here loses no more than the fact that caused it.
"""

from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Actor
from clocker_actors.model import noted
from clocker_actors.telemetry.readmodel import Fact, ReadModel

_FACTS = (
    noted.SensorsNoted,
    noted.ActivityNoted,
    noted.DecisionNoted,
    noted.EntityNoted,
    noted.EntityGone,
    noted.PolicyNoted,
    noted.NotificationNoted,
)


class Recorder(Actor):
    """Spawn it with id `RECORDER` before all entities: `kernel.spawn(RECORDER, lambda: Recorder(model))`."""

    def __init__(self, model: ReadModel) -> None:
        super().__init__()
        self._model = model

    def on_receive(self, message: object) -> None:
        """Note a fact. Asked, it answers None once the fact is noted. Raises BadRequest for what is no fact."""
        if not isinstance(message, _FACTS):
            raise BadRequest(f"the recorder takes facts only, not {type(message).__name__}; tell the entity instead")
        fact: Fact = message
        self._model.note(fact, self.now)

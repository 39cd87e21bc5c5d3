"""What becomes of a member's current generation: ready, unwell, dead, lost; a start that failed is tried elsewhere, or blocks the member."""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.members import generations
from clocker_actors.entities.members.whereabouts import RUNNING
from clocker_actors.entities.records import Generation
from clocker_actors.errors import Failure
from clocker_actors.model import sensors
from clocker_actors.model.generations import GenerationChanged, Phase
from clocker_actors.model.lifecycle import Lifecycle

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

START_TRIES = 3


class CurrentFate:
    """Of one member; `tries` are failed starts in a row that were tried again elsewhere."""

    __slots__ = ("_member", "_runs_on", "tries")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._runs_on = False  # though it failed
        self.tries = 0

    @property
    def over(self) -> bool:
        """Whether nothing of it runs, so that its successor may."""
        return self._member.phase in generations.NOT_RUNNING and not self._runs_on

    def changed(self, current: Generation, message: GenerationChanged) -> None:
        """Host or container say how it is."""
        member = self._member
        member.phase = message.phase
        self._runs_on = message.phase in generations.NOT_RUNNING and not generations.is_over(message)
        member.settling = message.settling and not current.ready_once
        if message.phase in RUNNING and message.observed is not None:
            member.whereabouts.seen(message.observed)
        if message.phase is Phase.READY:
            self._ready(current, message)
        elif message.phase is Phase.UNWELL:
            member.service.set_indicator("health", message.reason)
        elif message.phase in generations.NOT_RUNNING:
            self._not_running(current, message)
        else:
            member.step(str(message.phase), message.reason)
        member.settle()

    def _ready(self, current: Generation, message: GenerationChanged) -> None:
        member = self._member
        member.step("ready", message.reason)
        member.service.replace_indicators(self._indicators_without("container", "health", "host"))
        address = message.observed.address if message.observed else ""
        member.observe(sensors.ENDPOINTS, generations.endpoints(current, address))
        member.whereabouts.serves(current, message.observed)
        if not member.settling:
            self.tries = 0
        if not member.settling and not current.ready_once:
            home = current.host if generations.has_volumes(member.state.spec.container) else member.state.home
            member.change(replace(member.state, current=replace(current, ready_once=True), home=home))
            member.note()

    def _indicators_without(self, *names: str) -> dict[str, str]:
        return {name: why for name, why in self._member.service.found.items() if name not in names}

    def _not_running(self, current: Generation, message: GenerationChanged) -> None:
        member = self._member
        name = "host" if message.phase is Phase.LOST else "container"
        member.service.set_indicator(name, message.reason or str(message.phase))
        for sensor in generations.FORWARDED:
            if sensor in member.readings and not member.readings[sensor].unavailable:
                member.read(replace(member.readings[sensor], unavailable=message.reason or str(message.phase)))
        starting = member.service.expected is Lifecycle.STARTING
        if starting and current.ready_once and message.phase is Phase.GONE and member.restartable():
            # It was up in an earlier run of the manager, and somebody removed it since: the service did not fail, it is only to be there again.
            member.leaving.leave(member.state, ended=True)
        elif not current.ready_once or (starting and member.running.all("start", "restart")):
            self._start_failed(current, message.failure, message.reason)
        elif starting:
            # It was up in an earlier run of the manager and is found dead: a failure, not a start that takes its time.
            member.service.expect(Lifecycle.RUNNING)

    def _start_failed(self, current: Generation, failure: Failure | None, reason: str) -> None:
        member = self._member
        self.tries += 1
        lost = member.phase is Phase.LOST
        if (lost or generations.may_help_elsewhere(failure)) and self.tries < START_TRIES:
            if lost or (failure is not None and failure.kind != "PortTaken"):
                member.search.avoid = (*member.search.avoid, current.host)
            member.step("retry", f"{reason}; trying again ({self.tries + 1} of {START_TRIES})")
            member.leaving.leave(replace(member.state, ports={}), ended=True)
            return
        member.blocked = reason or "did not start"
        runs = failure is not None and failure.kind == "NotReady"  # then it has to be stopped before anything takes its place
        member.leaving.leave(member.state, ended=not runs)

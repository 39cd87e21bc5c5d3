"""A container: one generation of one member on one engine.

    image ──▶ waiting for its turn ──▶ begin (create, start, inspect) ──▶ STARTED ──probe, HEALTHCHECK or time──▶ READY ◀──▶ UNWELL
      └──────────────┴── failed: FAILED, with the engine's words            │ die event, or seen dead
                                                                           DIED ──End──▶ removed: GONE
    host lost: LOST ──seen again──▶ what it was

`wellness.py` knows whether what runs is ready and well, `removal.py` how it ends. What it becomes is told to its member. It keeps nothing durable: after
a restart of the manager it is made again from what the engine shows.
"""

from clocker_actors.entities.hosts import beginning
from clocker_actors.entities.hosts.changing import Changing
from clocker_actors.entities.hosts.fence import UNCERTAIN, Answered, FenceOver, Fencing, HoldAgain
from clocker_actors.entities.hosts.filing import Filing
from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.entities.hosts.hostwords import (
    End,
    Ended,
    EngineSaid,
    HostLost,
    ImageFailed,
    ImageReady,
    MayStart,
    Report,
    Runs,
    RunsNot,
    Sampled,
    Seen,
    StartEnded,
    WantImage,
    WantStart,
)
from clocker_actors.entities.hosts.removal import EndAgain, Removal
from clocker_actors.entities.hosts.usage import Usage
from clocker_actors.entities.hosts.wellness import LAST_WORDS_LIMIT, RUNNING, Deadline, ProbeNow, Settled, Wellness
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.sensing import Sensing
from clocker_actors.errors import Conflict, Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.containers import EngineEvent, EngineState, Observed, ProbeResult
from clocker_actors.model.dependencies import PutFiles
from clocker_actors.model.generations import ContainerIntent, ContainerRead, Lane, Phase
from clocker_actors.model.identity import RECORDER, Cause, Uid
from clocker_actors.model.messages import Invoke
from clocker_actors.model.noted import EntityGone
from clocker_actors.model.updating import ChangeContainer
from clocker_actors.ports.engine import Engine

BEGIN_LIMIT = 120.0
INSPECT_LIMIT = 10.0
INSPECT_RETRY = 2.0
RESTART_GRACE = 5.0
PAUSE_GRACE = 5.0
"""Seconds that somebody may pause it, as a commit does, without anybody taking that for a failure."""


class StayedDead:
    """Timer message: the engine's restart policy did not bring it back."""


class InspectAgain:
    """Timer message: what was adopted could not be looked at."""


class StaysPaused:
    """Timer message: whoever paused it has not let it go on."""


class Container(Sensing):
    """Runs one generation, watches it, and removes it."""

    def __init__(
        self,
        uid: Uid,
        outside: Outside,
        engine: Engine,
        intent: ContainerIntent,
        host_path: str,
        lane: Lane,
        cause: Cause,
        seen: Observed | None,
        gate: Gate,
    ) -> None:
        super().__init__(uid, outside)
        self.engine = engine
        self.gate = gate
        self.intent = intent
        self.host_path = host_path
        self.lane = lane
        self.cause = cause
        self.observed = seen
        self.phase, self.reason, self.settling = Phase.WAITING, "", False
        self.failure: Failure | None = None
        self.wellness = Wellness(self)
        self._inspected_late = False  # its engine said something of it since it was asked for all about it
        self.observed_at = 0.0  # when it was last heard of by itself: what a look was asked before that shows is old
        self.retried_image = False
        self.exit_code: int | None = None
        self.removal = Removal(self)
        self.is_gone = False
        self.fencing = Fencing(self, *outside.timing.leases if intent.fenced else (0.0, 0.0))
        self.usage = Usage()
        self.filing = Filing(self)
        self.changing = Changing(self)

    def on_start(self) -> None:
        self.fencing.began()
        self.tell(RECORDER, beginning.noted(self.intent, self.uid, self.host_path, self.now))
        self.observe(sensors.CONTAINER_MANAGED, True)
        if self.observed is None:
            self.become(Phase.IMAGE, self.intent.image)
            self.tell(self.intent.host, WantImage(self.uid, self.intent.spec.image))
        else:
            self._seen(self.observed)
            self._inspect()

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case Sampled():
                self._sampled(message)
            case EngineSaid():
                self._engine_said(message.event)
            case ImageReady():
                self.tell(self.intent.host, WantStart(self.uid, self.lane))
                self.become(Phase.WAITING, "for its turn on the engine")
            case ImageFailed():
                self.failed(message.failure)
            case MayStart():
                self._begin()
            case WorkDone(name="begin"):
                self._begun(message.result)
            case WorkFailed(name="begin"):
                self._begin_failed(message.failure)
            case WorkDone(name="probe"):
                self._probed(message.result)
            case WorkFailed(name="probe"):
                self._probed(ProbeResult(False, message.failure.message))
            case WorkDone(name="last-words"):
                self._became_dead(str(message.result))
            case WorkFailed(name="last-words"):
                self._became_dead("")
            case WorkDone(name="late-words"):
                self._never_ready(str(message.result))
            case WorkFailed(name="late-words"):
                self._never_ready("")
            case WorkDone(name="inspect"):
                self._inspected(message.result)
            case WorkFailed(name="inspect"):
                self._inspect_failed(message.failure)
            case InspectAgain():
                self._inspect()
            case WorkDone(name="end"):
                self._gone("removed")
            case WorkFailed(name="end"):
                self.removal.failed(message.failure)
            case WorkDone(name="hold") | WorkFailed(name="hold") | HoldAgain() | FenceOver() | Answered():
                self.fencing.take(message)
            case Seen():
                if message.asked_at >= self.observed_at:
                    self._seen(message.observed)
            case HostLost():
                self.lost(message.reason)
            case End():
                self._end(message)
            case PutFiles() | WorkDone(name="put") | WorkFailed(name="put"):
                self.filing.take(message)
            case ChangeContainer() | WorkDone(name="change") | WorkFailed(name="change"):
                self.changing.take(message)
            case Report():
                self.cause = message.cause
                self.tell_member()
            case ProbeNow():
                self.wellness.probe()
            case Deadline():
                self.wellness.too_late()
            case Settled():
                self.wellness.settled()
            case StayedDead():
                self._died(self.exit_code)
            case StaysPaused():
                self.wellness.paused("it is paused on its engine; unpause it there")
            case EndAgain():
                self.removal.go_on()
            case Invoke():
                raise Conflict(f"a container has no effectors of its own: use them on its member {self.intent.member}")
            case _:
                return super().on_receive(message)
        return None

    def on_stop(self) -> None:
        """Its host goes (or begins anew, and makes another actor for what runs)."""
        if not self.is_gone:
            self.tell(RECORDER, EntityGone(self.uid, self.now))

    def on_failure(self, *_: object) -> None:
        self.on_stop()

    # --- beginning

    def _begin(self) -> None:
        if self.removal.ordered or self.phase is not Phase.WAITING:
            self.tell(self.intent.host, StartEnded(self.uid, None))
            return
        opener = self.outside.secrets.open
        self.work("begin", beginning.begin, self.engine, self.intent, self.gate, self.fencing.fence, opener, timeout=BEGIN_LIMIT)
        self.become(Phase.STARTING, "the engine creates and starts it")

    def _begun(self, result: object) -> None:
        if not isinstance(result, beginning.Begun):
            raise TypeError(f"begin answers Begun, not {type(result).__name__}")
        self.tell(self.intent.host, StartEnded(self.uid, result.took))
        self.observed, self.observed_at = result.observed, self.now
        if self.removal.ordered:
            self.removal.go_on()
            return
        self._seen(result.observed)

    def _begin_failed(self, failure: Failure) -> None:
        self.tell(self.intent.host, StartEnded(self.uid, None))
        if self.removal.ordered:
            self.removal.go_on()
        elif failure.kind == "ImageNotFound" and not self.retried_image:
            self.retried_image = True
            self.become(Phase.IMAGE, self.intent.image)
            self.tell(self.intent.host, WantImage(self.uid, self.intent.spec.image, fresh=True))
        else:
            self.failed(failure)

    def failed(self, failure: Failure) -> None:
        """It never came to run, or never came to be ready."""
        self.failure = failure
        if failure.kind in UNCERTAIN and self.fencing.wait(failure.message, failure):
            return
        self._quiet()
        self.become(Phase.FAILED, failure.message)

    # --- what is observed

    def _seen(self, observed: Observed | None) -> None:
        """A look at the engine: move to what is there, whatever was believed before."""
        self.fencing.heard(observed)
        if self.working("begin") or self.removal.ordered:
            return
        if observed is None:
            if self.phase not in {Phase.IMAGE, Phase.WAITING, Phase.STARTING, Phase.FAILED}:
                self._gone("it is not on the engine any more: somebody removed it")
            return
        self.observed = observed
        self.observe(sensors.CONTAINER_ID, observed.id)
        self.observe(sensors.CONTAINER_STATE, str(observed.state))
        if observed.state in {EngineState.RUNNING, EngineState.PAUSED}:
            if self.phase not in RUNNING:
                self._runs(observed)
            self.wellness.judged(observed.healthcheck)
            self._paused(observed.state is EngineState.PAUSED)
        elif observed.state is EngineState.CREATED:
            if self.phase is Phase.WAITING and not self.reason:
                self.tell(self.intent.host, WantImage(self.uid, self.intent.spec.image))
        elif self.phase in RUNNING and self.intent.spec.restart != "no":
            self._wait_for_restart(observed.exit_code)
        elif self.phase is not Phase.DIED:
            self._died(observed.exit_code)

    def _runs(self, observed: Observed) -> None:
        self._observe_start(observed)
        self.tell(self.intent.host, Runs(self.uid, observed.id))
        self.fencing.hold()
        self.become(Phase.STARTED, f"runs on {self.host_path}")
        self.wellness.began(observed)

    def _observe_start(self, observed: Observed) -> None:
        if observed.started_at is not None:  # a list does not show it
            self.observe(sensors.CONTAINER_STARTED, observed.started_at)
            if observed.rights:
                self.observe(sensors.CONTAINER_RIGHTS, observed.rights)

    def _inspect(self) -> None:
        """Ask for all about what was adopted from a list: that does not show everything, and what the engine said since then, nobody here has heard."""
        if self.phase in RUNNING and self.observed is not None and not self.removal.ordered:
            self._inspected_late = False
            self.work("inspect", self.engine.inspect, self.observed.id, timeout=INSPECT_LIMIT)

    def _inspected(self, result: object) -> None:
        if not isinstance(result, Observed) or self.phase not in RUNNING:
            return
        if not self._inspected_late:
            self._seen(result)
        if self.phase in RUNNING and result.state is EngineState.RUNNING:
            self.observed = result
            self._observe_start(result)

    def _inspect_failed(self, failure: Failure) -> None:
        if failure.kind != "NotFound":
            self.after("inspect", INSPECT_RETRY, InspectAgain())
        elif self.phase in RUNNING and not self._inspected_late:
            self._seen(None)

    def _engine_said(self, event: EngineEvent) -> None:
        if self.removal.ordered or self.working("begin"):
            return
        self.cause = Cause(f"{event.action}@{event.at:.3f}", "engine")
        self.observed_at, self._inspected_late = self.now, True
        match event.action:
            case "die" if self.phase in RUNNING:
                self._die_event(event)
            case "start":
                self.cancel_timer("stayed-dead")
            case "destroy":
                self._gone("it was removed from the engine by somebody else")
            case "health_status":
                self.wellness.judged(event.health)
            case "pause" | "unpause" if self.phase in RUNNING:
                paused = event.action == "pause"
                self.observe(sensors.CONTAINER_STATE, str(EngineState.PAUSED if paused else EngineState.RUNNING))
                self._paused(paused)

    def _paused(self, paused: bool) -> None:
        if paused:
            self.after("stays-paused", PAUSE_GRACE, StaysPaused())
        else:
            self.cancel_timer("stays-paused")
            self.wellness.goes_on()

    def _die_event(self, event: EngineEvent) -> None:
        if self.intent.spec.restart != "no":
            self._wait_for_restart(event.exit_code)
        else:
            self._died(event.exit_code)

    def _wait_for_restart(self, exit_code: int | None) -> None:
        """The engine starts it again by itself: that is its business, unless it does not."""
        self.exit_code = exit_code
        self.after("stayed-dead", RESTART_GRACE, StayedDead())

    def _died(self, exit_code: int | None) -> None:
        self._quiet()
        self.observe(sensors.CONTAINER_STATE, str(EngineState.EXITED))
        self.observe(sensors.CONTAINER_EXIT, exit_code)
        killed = " (out of memory)" if self.observed is not None and self.observed.oom_killed else ""
        if self.wellness.young and self.fencing.lapsed and self.phase not in {Phase.FAILED, Phase.LOST}:
            self.become(
                Phase.LOST, "its host could not be reached, so that its lease ran out"
            )  # nothing is wrong with it: it is to be tried again
        self.reason = f"it ended with exit code {exit_code}{killed}"
        if not self.wellness.young or self.observed is None or self.phase is Phase.LOST:
            self._became_dead("")
        elif not self.working("last-words"):
            # It hardly ever worked: what it said last is worth more than the milliseconds.
            self.work("last-words", beginning.last_words, self.engine, self.observed.id, timeout=LAST_WORDS_LIMIT)

    def _became_dead(self, words: str) -> None:
        if self.removal.ordered:
            return
        said = f"{self.reason}; its last words: {words}" if words else self.reason
        self.become(Phase.DIED, said if self.wellness.was_ready else f"{said}; correct its command, its image or what these need")

    def lost(self, reason: str) -> None:
        """Its host does not answer; who may not run twice is lost only when it cannot be running any more."""
        dead = self.phase is Phase.DIED or (self.phase is Phase.FAILED and self.observed is None)  # what was never ready runs on
        if not dead and self.fencing.wait(reason):
            return
        self._quiet()
        self.unavailable(reason)
        if self.removal.ordered:
            # The member need not wait for a host that does not answer; what is left is swept when it is back.
            self._gone(reason, Phase.LOST)
        elif self.phase not in {Phase.DIED, Phase.FAILED, Phase.LOST}:
            self.become(Phase.LOST, reason)

    def _gone(self, why: str, phase: Phase = Phase.GONE) -> None:
        self._quiet()
        self.become(phase, why)
        self.is_gone = True
        self.tell(RECORDER, EntityGone(self.uid, self.now))
        self.tell(self.intent.host, Ended(self.uid))

    def _quiet(self) -> None:
        """It does not run: no probes, no statistics."""
        self.cancel_timer("stayed-dead")
        self.cancel_timer("stays-paused")
        self.cancel_timer("inspect")
        self.wellness.quiet()
        if self.observed is not None:
            self.tell(self.intent.host, RunsNot(self.uid, self.observed.id))

    def _probed(self, result: object) -> None:
        if not self.removal.ordered and not self.working("last-words"):
            self.wellness.probed(result)

    def _never_ready(self, words: str) -> None:
        if not self.removal.ordered:
            self.wellness.never_ready(words)

    # --- ending

    def _end(self, message: End) -> None:
        self.cause = message.cause
        self._quiet()
        self.removal.order(message)

    # --- readings

    def _sampled(self, message: Sampled) -> None:
        stats = message.stats
        if self.phase not in RUNNING:
            return
        why = f"no answer of the engine since {stats.at:.0f}"
        readings = self.usage.missing(self.readings, why) if stats.stale else self.usage.readings(stats, self.now)
        self.read(*readings)
        if readings:
            self.tell(self.intent.member, ContainerRead(self.intent.member, self.intent.generation, tuple(readings)))

    # --- telling

    def become(self, phase: Phase, reason: str) -> None:
        """Move, and tell the member."""
        self.phase = phase
        self.reason = reason
        self.tell_member()

    def tell_member(self) -> None:
        """Say how it is."""
        self.tell(self.intent.member, beginning.changed(self))

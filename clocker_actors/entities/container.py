"""A container: one generation of one member on one engine.

    image ──▶ waiting for its turn ──▶ begin (create, start, inspect) ──▶ STARTED ──probe or HEALTHCHECK──▶ READY ◀──▶ UNWELL
      └──────────────┴── failed: FAILED, with the engine's words            │ die event, or seen dead
                                                                           DIED ──End──▶ removed: GONE
    host lost: LOST ──seen again──▶ what it was

What it becomes is told to its member. It keeps nothing durable: after a restart of the manager it is made again from what the engine shows.
"""

from clocker_actors.entities import beginning
from clocker_actors.entities.gate import Gate
from clocker_actors.entities.hostwords import (
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
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.sensing import Sensing
from clocker_actors.entities.usage import Usage
from clocker_actors.errors import Conflict, Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.containers import EngineEvent, EngineState, Observed, ProbeResult
from clocker_actors.model.identity import RECORDER, Cause, EntityKind, Uid
from clocker_actors.model.messages import (
    ContainerIntent,
    ContainerRead,
    EntityGone,
    EntityNoted,
    GenerationChanged,
    Invoke,
    Lane,
    Phase,
)
from clocker_actors.model.specs import ProbeSpec
from clocker_actors.ports.engine import Engine

BEGIN_LIMIT = 120.0
LAST_WORDS_LIMIT = 3.0
END_MARGIN = 30.0
END_RETRY = 2.0
RESTART_GRACE = 5.0
YOUNG = 5.0
"""A container that ends within so many seconds of being ready is asked for its last words, as one that never was."""
RUNNING = frozenset({Phase.STARTED, Phase.READY, Phase.UNWELL})


class ProbeNow:
    """Timer message: the next probe is due."""


class Deadline:
    """Timer message: the time to get ready is over."""


class StayedDead:
    """Timer message: the engine's restart policy did not bring it back."""


class EndAgain:
    """Timer message: try to remove it once more."""


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
        self.phase = Phase.WAITING
        self.reason = ""
        self.failure: Failure | None = None
        self.was_ready = False
        self.ready_at = 0.0
        self.retried_image = False
        self.bad_probes = 0
        self.exit_code: int | None = None
        self.ending: End | None = None
        self.is_gone = False
        self.usage = Usage()

    def on_start(self) -> None:
        self._note()
        if self.observed is None:
            self._become(Phase.IMAGE, self.intent.image)
            self.tell(self.intent.host, WantImage(self.uid, self.intent.spec.image))
        else:
            self._seen(self.observed)

    def on_receive(self, message: object) -> object:  # noqa: C901 - every message it takes, on one screen
        match message:
            case Sampled():
                self._sampled(message)
            case EngineSaid():
                self._engine_said(message.event)
            case ImageReady():
                self.tell(self.intent.host, WantStart(self.uid, self.lane))
                self._become(Phase.WAITING, "for its turn on the engine")
            case ImageFailed():
                self._failed(message.failure)
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
            case WorkDone(name="end"):
                self._gone("removed")
            case WorkFailed(name="end"):
                self._end_failed(message.failure)
            case Seen():
                self._seen(message.observed)
            case HostLost():
                self._lost(message.reason)
            case End():
                self._end(message)
            case Report():
                self.cause = message.cause
                self._tell_member()
            case ProbeNow():
                self._probe()
            case Deadline():
                self._too_late()
            case StayedDead():
                self._died(self.exit_code)
            case EndAgain():
                self._end_now()
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
        """Crashed: a fresh behaviour says again that it is there, if there is to be one."""
        self.on_stop()

    # --- beginning

    def _begin(self) -> None:
        if self.ending is not None or self.phase is not Phase.WAITING:
            self.tell(self.intent.host, StartEnded(self.uid, None))
            return
        self.work("begin", beginning.begin, self.engine, self.intent, self.gate, timeout=BEGIN_LIMIT)

    def _begun(self, result: object) -> None:
        if not isinstance(result, beginning.Begun):
            raise TypeError(f"begin answers Begun, not {type(result).__name__}")
        self.tell(self.intent.host, StartEnded(self.uid, result.took))
        if self.ending is not None:
            self._end_now()
            return
        self._seen(result.observed)

    def _begin_failed(self, failure: Failure) -> None:
        self.tell(self.intent.host, StartEnded(self.uid, None))
        if self.ending is not None:
            self._end_now()
        elif failure.kind == "ImageNotFound" and not self.retried_image:
            self.retried_image = True
            self._become(Phase.IMAGE, self.intent.image)
            self.tell(self.intent.host, WantImage(self.uid, self.intent.spec.image, fresh=True))
        else:
            self._failed(failure)

    def _failed(self, failure: Failure) -> None:
        self.failure = failure
        self._quiet()
        self._become(Phase.FAILED, failure.message)

    # --- what is observed

    def _seen(self, observed: Observed | None) -> None:
        """A look at the engine: move to what is there, whatever was believed before."""
        if self.working("begin") or self.ending is not None:
            return
        if observed is None:
            if self.phase not in {Phase.IMAGE, Phase.WAITING, Phase.FAILED}:
                self._gone("it is not on the engine any more: somebody removed it")
            return
        self.observed = observed
        self.observe(sensors.CONTAINER_ID, observed.id)
        self.observe(sensors.CONTAINER_STATE, str(observed.state))
        if observed.state is EngineState.RUNNING:
            if self.phase not in RUNNING:
                self._runs(observed)
        elif observed.state is EngineState.CREATED:
            if self.phase is Phase.WAITING and not self.reason:
                self.tell(self.intent.host, WantImage(self.uid, self.intent.spec.image))
        elif self.phase in RUNNING and self.intent.spec.restart != "no":
            self._wait_for_restart(observed.exit_code)
        elif self.phase is not Phase.DIED:
            self._died(observed.exit_code)

    def _runs(self, observed: Observed) -> None:
        self.observe(sensors.CONTAINER_STARTED, observed.started_at)
        self.tell(self.intent.host, Runs(self.uid, observed.id))
        self._become(Phase.STARTED, f"runs on {self.host_path}")
        if self.was_ready:
            self._ready("seen again")
        elif self.intent.spec.readiness is not None:
            self.after("deadline", self.intent.start_timeout, Deadline())
            self._probe()
        elif observed.healthcheck in {"", "healthy"}:
            self._ready("it runs, and has no probe to wait for" if not observed.healthcheck else "its HEALTHCHECK says healthy")
        else:
            self.reason = "its HEALTHCHECK has not said healthy yet"
            self.after("deadline", self.intent.start_timeout, Deadline())

    def _engine_said(self, event: EngineEvent) -> None:
        if self.ending is not None or self.working("begin"):
            return
        self.cause = Cause(f"{event.action}@{event.at:.3f}", "engine")
        match event.action:
            case "die":
                if self.phase in RUNNING:
                    self._die_event(event)
            case "start":
                self.cancel_timer("stayed-dead")
            case "destroy":
                self._gone("it was removed from the engine by somebody else")
            case "health_status" if self.intent.spec.readiness is None and self.phase in RUNNING:
                if event.health == "healthy":
                    self._ready("its HEALTHCHECK says healthy")
                elif event.health == "unhealthy":
                    self._become(Phase.UNWELL if self.was_ready else Phase.STARTED, "its HEALTHCHECK says unhealthy")

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
        self.reason = f"it ended with exit code {exit_code}{killed}"
        young = not self.was_ready or self.now - self.ready_at < YOUNG
        if not young or self.observed is None:
            self._became_dead("")
        elif not self.working("last-words"):
            # It hardly ever worked: what it said last is worth more than the milliseconds.
            self.work("last-words", beginning.last_words, self.engine, self.observed.id, timeout=LAST_WORDS_LIMIT)

    def _became_dead(self, words: str) -> None:
        if self.ending is None:
            self._become(Phase.DIED, f"{self.reason}; its last words: {words}" if words else self.reason)

    def _lost(self, reason: str) -> None:
        self._quiet()
        self.unavailable(reason)
        if self.ending is not None:
            # The member need not wait for a host that does not answer; what is left is swept when it is back.
            self._gone(reason, Phase.LOST)
        elif self.phase not in {Phase.DIED, Phase.FAILED, Phase.LOST}:
            self._become(Phase.LOST, reason)

    def _gone(self, why: str, phase: Phase = Phase.GONE) -> None:
        self._quiet()
        self._become(phase, why)
        self.is_gone = True
        self.tell(RECORDER, EntityGone(self.uid, self.now))
        self.tell(self.intent.host, Ended(self.uid))

    def _quiet(self) -> None:
        """It does not run: no probes, no statistics."""
        for timer in ("probe", "deadline", "stayed-dead"):
            self.cancel_timer(timer)
        self.cancel_work("probe")
        if self.observed is not None:
            self.tell(self.intent.host, RunsNot(self.uid, self.observed.id))

    # --- readiness and health

    def _probe(self) -> None:
        spec = self._probe_spec()
        if spec is None or self.observed is None or self.phase not in RUNNING or self.working("probe"):
            return
        self.work("probe", self.engine.probe, self.observed, self.intent.address, spec, timeout=spec.timeout + 1)

    def _probe_spec(self) -> ProbeSpec | None:
        if self.phase is Phase.STARTED:
            return self.intent.spec.readiness
        return self.intent.spec.health

    def _probed(self, result: object) -> None:
        if not isinstance(result, ProbeResult) or self.phase not in RUNNING or self.ending is not None:
            return
        spec = self._probe_spec()
        if self.phase is Phase.STARTED:
            self.reason = f"not ready: {result.detail}"
            if result.ok:
                self._ready(f"readiness probe: {result.detail}")
            else:
                self.after("probe", self.outside.timing.probe_until_ready, ProbeNow())
            return
        self.bad_probes = 0 if result.ok else self.bad_probes + 1
        if result.ok and self.phase is Phase.UNWELL:
            self._ready(f"health probe: {result.detail}")
        elif spec is not None and self.bad_probes >= spec.failures and self.phase is Phase.READY:
            self.cause = Cause(f"probe@{self.now:.3f}", "probe")
            self._become(Phase.UNWELL, f"health probe failed {self.bad_probes} times: {result.detail}")
        if spec is not None:
            self.after("probe", spec.period, ProbeNow())

    def _ready(self, why: str) -> None:
        self.cancel_timer("deadline")
        if not self.was_ready:
            self.ready_at = self.now
        self.was_ready = True
        self.bad_probes = 0
        self._become(Phase.READY, why)
        if self.intent.spec.health is not None:
            self.after("probe", self.intent.spec.health.period, ProbeNow())

    def _too_late(self) -> None:
        if self.phase is Phase.STARTED:
            limit = self.intent.start_timeout
            self._failed(Failure("NotReady", f"not ready within {limit:g} s: {self.reason}; look at `clocker logs {self.intent.member}`"))

    # --- ending

    def _end(self, message: End) -> None:
        self.ending = message
        self.cause = message.cause
        self._quiet()
        if not self.working("begin"):
            self._end_now()

    def _end_now(self) -> None:
        if self.ending is None or self.working("end"):
            return
        limit = self.ending.grace + END_MARGIN
        if self.observed is None:
            self.work("end", beginning.end_named, self.engine, self.intent, self.ending.grace, timeout=limit)
            return
        dead = self.phase in {Phase.DIED, Phase.FAILED} and self.failure is None
        self.work("end", beginning.end, self.engine, self.observed.id, self.ending.grace, not dead, timeout=limit)

    def _end_failed(self, failure: Failure) -> None:
        self.failure = failure
        self.reason = f"{self.intent.name} cannot be removed from {self.host_path}, and is tried again: {failure.message}"
        self._tell_member()
        self.after("end", END_RETRY, EndAgain())

    # --- readings

    def _sampled(self, message: Sampled) -> None:
        stats = message.stats
        if self.phase not in RUNNING:
            return
        if stats.stale:
            self.unavailable(
                f"no answer of the engine since {stats.at:.0f}", *sensors.ROLLED_UP, sensors.NETWORK_RX, sensors.NETWORK_TX, sensors.PIDS
            )
            return
        readings = self.usage.readings(stats, self.now)
        self.read(*readings)
        self.tell(self.intent.member, ContainerRead(self.intent.member, self.intent.generation, tuple(readings)))

    # --- telling

    def _become(self, phase: Phase, reason: str) -> None:
        self.phase = phase
        self.reason = reason
        self._tell_member()

    def _tell_member(self) -> None:
        intent = self.intent
        self.tell(
            intent.member,
            GenerationChanged(
                intent.member, intent.generation, self.phase, self.now, self.cause, self.uid, self.observed, self.reason, self.failure
            ),
        )

    def _note(self) -> None:
        intent = self.intent
        facts = {"image": intent.image, "member": intent.member, "generation": intent.generation, "ports": dict(intent.ports)}
        path = f"{self.host_path}/{intent.name}"
        host = Uid(intent.host)
        self.tell(
            RECORDER,
            EntityNoted(self.uid, EntityKind.CONTAINER, path, intent.name, host, intent.application, self.now, "container", facts),
        )

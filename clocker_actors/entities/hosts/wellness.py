"""Is what runs ready, and is it well? Our own probes first, the image's HEALTHCHECK where none is given.

runs ──readiness probe, or HEALTHCHECK──▶ READY ──health probe, or HEALTHCHECK, fails──▶ UNWELL ──is well again──▶ READY
  ├──nothing to ask──▶ READY, settling ──has lasted for timing.start_settle──▶ READY
  └──not within the start timeout──▶ FAILED, with its last words
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from clocker_actors.entities.hosts.beginning import last_words
from clocker_actors.entities.outside import Outside
from clocker_actors.errors import Failure
from clocker_actors.model.containers import Observed, ProbeResult
from clocker_actors.model.generations import ContainerIntent, Phase
from clocker_actors.model.identity import Cause
from clocker_actors.model.specs import ProbeSpec
from clocker_actors.ports.engine import Engine

LAST_WORDS_LIMIT = 3.0
YOUNG = 5.0
"""A container that ends within so many seconds of being ready is asked for its last words, as one that never was."""
NOT_READY = "not ready: "
RUNNING = frozenset({Phase.STARTED, Phase.READY, Phase.UNWELL})


class ProbeNow:
    """Timer message: the next probe is due."""


class Deadline:
    """Timer message: the time to get ready is over."""


class Settled:
    """Timer message: what nothing probes has run long enough for its start to count."""


class Owner(Protocol):
    """What is needed of the container."""

    outside: Outside
    engine: Engine
    intent: ContainerIntent
    observed: Observed | None
    phase: Phase
    reason: str
    cause: Cause
    settling: bool

    @property
    def now(self) -> float: ...
    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def working(self, name: str) -> bool: ...
    def cancel_work(self, name: str) -> None: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def cancel_timer(self, name: str) -> None: ...
    def become(self, phase: Phase, reason: str) -> None: ...
    def tell_member(self) -> None: ...
    def failed(self, failure: Failure) -> None: ...


class Wellness:
    """Moves a running container between STARTED, READY and UNWELL."""

    __slots__ = ("_bad", "_container", "_paused", "_ready_at", "_verdict", "was_ready")

    def __init__(self, container: Owner) -> None:
        self._container = container
        self._paused = False  # it is unwell since somebody paused it
        self._bad = 0  # health probes in a row that failed
        self._ready_at = 0.0
        self._verdict = ""  # the last one of its HEALTHCHECK
        self.was_ready = False

    @property
    def young(self) -> bool:
        """Whether it never was ready, or has only just become so."""
        return not self.was_ready or self._container.now - self._ready_at < YOUNG

    def began(self, observed: Observed) -> None:
        """It runs: find out whether it is ready."""
        container = self._container
        self._verdict = observed.healthcheck
        if self.was_ready:
            self._ready("seen again")
        elif container.intent.spec.readiness is not None:
            container.after("deadline", container.intent.start_timeout, Deadline())
            self.probe()
        elif not observed.healthcheck:
            self._runs_unasked()
        elif observed.healthcheck == "healthy":
            self._ready("its HEALTHCHECK says healthy")
        else:
            container.reason = "its HEALTHCHECK has not said healthy yet"
            container.after("deadline", container.intent.start_timeout, Deadline())

    def quiet(self) -> None:
        """It does not run any more."""
        self._container.cancel_timer("probe")
        self._container.cancel_timer("deadline")
        self._container.cancel_timer("settle")
        self._container.cancel_work("probe")

    # --- our probes

    def probe(self) -> None:
        """The next probe is due."""
        container, spec = self._container, self._spec()
        if spec is None or container.observed is None or container.phase not in RUNNING or container.working("probe"):
            return
        container.work("probe", container.engine.probe, container.observed, container.intent.address, spec, timeout=spec.timeout + 1)

    def _spec(self) -> ProbeSpec | None:
        spec = self._container.intent.spec
        return spec.readiness if self._container.phase is Phase.STARTED else spec.health

    def probed(self, result: object) -> None:
        """A probe has ended."""
        container = self._container
        if not isinstance(result, ProbeResult) or container.phase not in RUNNING:
            return
        if container.phase is not Phase.STARTED:
            self._health_probed(result)
        elif result.ok:
            self._ready(f"readiness probe: {result.detail}")
            self.judged(self._verdict)
        else:
            container.reason = f"{NOT_READY}{result.detail}"
            container.after("probe", container.outside.timing.probe_until_ready, ProbeNow())

    def _health_probed(self, result: ProbeResult) -> None:
        container, spec = self._container, self._container.intent.spec.health
        if spec is None:
            return
        self._bad = 0 if result.ok else self._bad + 1
        if result.ok and container.phase is Phase.UNWELL:
            self._ready(f"health probe: {result.detail}")
        elif self._bad >= spec.failures and container.phase is Phase.READY:
            container.cause = Cause(f"probe@{container.now:.3f}", "probe")
            container.become(Phase.UNWELL, f"health probe failed {self._bad} times: {result.detail}")
        container.after("probe", spec.period, ProbeNow())

    def _runs_unasked(self) -> None:
        """It serves from now on, for all that can be known. Whether its start succeeded only time tells."""
        container, lasting = self._container, self._container.outside.timing.start_settle
        if lasting <= 0:
            self._ready("it runs, and has no probe to wait for")
            return
        container.settling = True
        self._ready(f"it runs, and has no probe to wait for; it is started once it has run for {lasting:g} s")
        container.after("settle", lasting, Settled())

    def settled(self) -> None:
        """It has lasted."""
        container = self._container
        if container.settling and container.phase in RUNNING:
            container.settling, self.was_ready = False, True
            container.tell_member()

    def _ready(self, why: str) -> None:
        container = self._container
        container.cancel_timer("deadline")
        if not self.was_ready:
            self._ready_at = container.now
        self.was_ready = not container.settling
        self._bad = 0
        container.become(Phase.READY, why)
        if container.intent.spec.health is not None:
            container.after("probe", container.intent.spec.health.period, ProbeNow())

    # --- the image's HEALTHCHECK

    def judged(self, health: str) -> None:
        """Its HEALTHCHECK says something. A probe of ours for the same question counts more."""
        container, spec = self._container, self._container.intent.spec
        self._verdict = health
        starting = container.phase is Phase.STARTED
        if (spec.readiness if starting else spec.health) is not None:
            return
        if health == "healthy" and container.phase in {Phase.STARTED, Phase.UNWELL}:
            self._ready("its HEALTHCHECK says healthy")
        elif health == "unhealthy" and container.phase in {Phase.STARTED, Phase.READY}:
            container.become(Phase.STARTED if starting else Phase.UNWELL, "its HEALTHCHECK says unhealthy")

    # --- paused by somebody

    def paused(self, why: str) -> None:
        """It does nothing, whatever was found out before. One that is not ready yet runs into its deadline."""
        if self._container.phase is Phase.READY:
            self._paused = True
            self._container.become(Phase.UNWELL, why)

    def goes_on(self) -> None:
        """It is as well as it was, until a probe finds otherwise."""
        if self._paused and self._container.phase is Phase.UNWELL:
            self._ready("it goes on after a pause")
            self.judged(self._verdict)
        self._paused = False

    # --- not ready in time

    def too_late(self) -> None:
        """The time is over: ask it why, before it is left."""
        container = self._container
        if container.phase is Phase.STARTED and container.observed is not None and not container.working("late-words"):
            container.work("late-words", last_words, container.engine, container.observed.id, timeout=LAST_WORDS_LIMIT)

    def never_ready(self, words: str) -> None:
        """It had its say; if it has become ready meanwhile, so much the better."""
        container = self._container
        if container.phase is Phase.STARTED:
            limit = container.intent.start_timeout
            said = f"its last words: {words}" if words else "it wrote nothing"
            why = f"not ready within {limit:g} s: {container.reason.removeprefix(NOT_READY)}; {said}"
            container.failed(Failure("NotReady", f"{why}; correct it or its probe, or give it a longer startTimeout"))

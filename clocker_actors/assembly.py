"""Pieces of the composition: what adjuncts are made of and what is remembered of the manager before, which a replay has as the daemon has them; and the
daemon's recording, by which a replay can have them."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

import structlog

from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.entities.journal import Journal, read_activities
from clocker_actors.entities.outside import Outside, Timing
from clocker_actors.entities.records import DECISION_KIND
from clocker_actors.entities.witnessing import Head, RecordedStore, witnessed
from clocker_actors.errors import NotFound
from clocker_actors.feeds import catalogue as feeds
from clocker_actors.kernel import Actor, Clock, Kernel
from clocker_actors.kernel.recorded import recording
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import RECORDER, Ids, Uid
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from clocker_actors.policies import catalogue as policies
from clocker_actors.ports.http import Http
from clocker_actors.ports.store import Record, Store
from clocker_actors.recording.scribe import Bounds, FileScribe, begin, snapshot
from clocker_actors.settings import Settings
from clocker_actors.store.codec import decode, encode
from clocker_actors.store.sqlite import SqliteStore
from clocker_actors.telemetry.history import Chunk
from clocker_actors.telemetry.keeping import Keeper, Kept
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.sampling import HISTORY

log = structlog.get_logger(__name__)

FOLDER = "recordings"
MEGABYTE = 1_000_000


class Taping:
    """The recording of one start of the daemon, if `recording` is set: of all that comes into its kernel, and all that handlers see of its outside."""

    def __init__(self, settings: Settings, store: SqliteStore, ids: Ids, plane: str, began: float, timing: Timing) -> None:
        """Begin it. Raises StoreFault. A file that cannot be written is a warning."""
        self.scribe: FileScribe | None = None
        self._store = store
        self._kernel: Kernel
        self._snapshot: Sequence[Record] = ()
        if not settings.recording:
            return
        self._snapshot = snapshot(store.everything())
        head = Head(
            began=began,
            epoch=store.epoch,
            identity=store.identity,
            plane=plane,
            ids=(ids.next_number, ids.reserved),
            timing=timing,
            strategies=settings.strategy_modules,
            keeps=(settings.keep_activities, settings.keep_decisions),
            allow=settings.allow,
            plain_secrets=settings.plain_secrets,
        )
        bounds = Bounds(settings.recording_files, settings.recording_size * MEGABYTE)
        self.scribe = begin(settings.state / FOLDER, f"{store.epoch:08}", bounds, head, self._snapshot)

    def kernel(self, clock: Clock) -> Kernel:
        """The kernel, heard by the recording."""
        self._kernel = Kernel(clock) if self.scribe is None else Kernel(clock, queue=recording(self.scribe, RECORDER))
        return self._kernel

    def seen(self, outside: Outside) -> Outside:
        """The outside, whose looks are in the recording."""
        if self.scribe is None:
            return outside
        queue = self._kernel.queue
        return witnessed(outside, queue, RecordedStore(self._store, queue, self._snapshot))

    def end(self) -> None:
        """Before the actors stop: that is no more in the recording."""
        if self.scribe is not None:
            self.scribe.end(self._kernel.queue.position)
            decisions = self.scribe.decisions
            if self.scribe.heard:
                log.info("recorded", file=str(self.scribe.path), decisions=decisions.count, sha256=decisions.hexdigest())


def remembered(store: Store, model: ReadModel, now: float) -> tuple[Journal, Keeper]:
    """Put what the manager before has kept into the read model; what entities take up of it, and what keeps it from now on."""
    activities = read_activities(store, now)
    decisions = tuple(decode(Decision, kept.body) for kept in store.all(DECISION_KIND) if kept.body is not None)
    chunks = tuple((kept.uid, len(kept.body), decode(Chunk, kept.body)) for kept in store.all(HISTORY) if kept.body is not None)
    kept = Kept(activities.kept, activities.changed, decisions, chunks)
    return Journal(activities.kept), Keeper(model, encode, kept, now, store.epoch)


def adjunct(
    spec: PolicySpec, entity: Uid, ids: Ids, http: Http, state: Mapping[str, Value] | None, *, suspended: bool
) -> Callable[[], Actor]:
    """The factory of a policy, enricher or feed. Raises NotFound and BadRequest."""
    if feeds.has(spec.type):
        return feeds.make(spec, entity, http=http, state=state, suspended=suspended)
    if not policies.has(spec.type) and not enrichers.has(spec.type):
        known = (*policies.TYPES, *enrichers.TYPES, *feeds.TYPES)
        near = get_close_matches(spec.type, known, n=3) or known
        raise NotFound(f"there is no policy, enricher or feed type {spec.type!r}; try {', '.join(near)}", type=spec.type)
    make = policies.make if policies.has(spec.type) else enrichers.make
    return make(spec, entity, ids=ids, state=state, suspended=suspended)

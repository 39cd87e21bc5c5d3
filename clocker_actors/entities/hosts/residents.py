"""The containers of one host: who is there, who is wanted there, and who waits until the engine can be looked at.

    ours and known here ──▶ told what was seen                ours, and in its member's record ──▶ waits to be claimed
    ours, in nobody's record ──▶ swept                        not ours, or lost by a restore ──▶ counted, never touched
    known here, but not in the look ──▶ told it is gone       claimed, but not in the look ──▶ the member is told

What members ask for while it is not known whether the engine is there is kept, and answered as soon as that is known.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from clocker_actors.entities.hosts.beginning import end
from clocker_actors.entities.hosts.container import Container
from clocker_actors.entities.hosts.fence import Fence
from clocker_actors.entities.hosts.foreigners import Foreigners
from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.entities.hosts.hostwords import End, HostLost, Report, Seen
from clocker_actors.entities.hosts.link import Link, Look
from clocker_actors.entities.hosts.secretfiles import is_keeper
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.ownership import owned_now, task_until, wanted
from clocker_actors.entities.records import MemberState
from clocker_actors.errors import EngineUnavailable, Failure
from clocker_actors.kernel import Ref, WorkDone, WorkFailed
from clocker_actors.model.answering import HostUnheard
from clocker_actors.model.containers import EngineState, Observed
from clocker_actors.model.dependencies import FilesPut, PutFiles
from clocker_actors.model.generations import ClaimContainer, ContainerIntent, EndContainer, GenerationChanged, Lane, Phase, RunContainer
from clocker_actors.model.identity import LABEL_LEASE, Cause, EntityKind, Uid
from clocker_actors.model.specs import Duplicate
from clocker_actors.model.updating import ChangeContainer, ContainerChanged
from clocker_actors.ports.engine import Engine
from clocker_actors.store.codec import decode

log = logging.getLogger(__name__)

SWEEP = "sweep:"
SWEEP_LIMIT = 60.0
Key = tuple[Uid, int]


class Owner(Protocol):
    """What they need of their host."""

    uid: Uid
    outside: Outside
    engine: Engine
    gate: Gate
    link: Link

    @property
    def now(self) -> float: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    def note(self) -> None: ...
    def after(self, name: str, delay: float, message: object) -> None: ...
    def cancel_timer(self, name: str) -> None: ...
    def tell(self, target_id: str, message: object) -> None: ...
    def spawn(self, child_id: str, factory: Callable[[], Container]) -> Ref: ...
    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def working(self, name: str) -> bool: ...


class Residents:
    """By member and generation."""

    def __init__(self, host: Owner) -> None:
        self._host = host
        self.containers: dict[Key, Uid] = {}  # → the actor
        self.names: dict[str, Uid] = {}  # engine's container name → the actor
        self.sweeping: set[str] = set()
        self.foreigners = Foreigners(host)
        self.keeper: Observed | None = None
        """The container that keeps our secrets here, if the last look showed one."""
        self._fence: Fence | None = None  # around all that somebody before us may have started here
        self._unheard: set[Uid] = set()
        self._keys: dict[Uid, Key] = {}
        self._ordered: dict[Uid, End] = {}  # containers that were told to end
        self._unclaimed: dict[Key, Observed] = {}  # there and ours, but its member has not spoken yet
        self._claims: dict[Key, ClaimContainer] = {}  # wait for the first look
        self._endings: dict[Key, EndContainer] = {}  # likewise
        self._runs: dict[Key, RunContainer] = {}  # likewise

    @property
    def foreign(self) -> int:
        """Containers that run here and are not ours."""
        return self.foreigners.running

    @property
    def graces(self) -> dict[str, float | None]:
        """Names of the containers here, and the seconds in which each is to stop, None if it was not told to."""
        return {name: ending.grace if (ending := self._ordered.get(uid)) else None for name, uid in self.names.items()}

    def member_of(self, uid: Uid) -> Uid | None:
        """Whose container that is."""
        key = self._keys.get(uid)
        return key[0] if key else None

    def of_member(self, member: Uid) -> set[Uid]:
        """The containers of a member."""
        return {uid for key, uid in self.containers.items() if key[0] == member}

    def concerns(self, member: Uid) -> bool:
        """Whether the member has something here, or waits for that."""
        return any(key[0] == member for known in (self.containers, self._claims, self._runs) for key in known)

    # --- what members want

    def run(self, message: RunContainer) -> None:
        """Make it exist and run."""
        intent, link = message.intent, self._host.link
        key = (intent.member, intent.generation)
        self._runs.pop(key, None)
        self._waits_no_more(key, RunContainer)
        if key in self.containers:
            self._host.tell(self.containers[key], Report(message.cause))
        elif link.undecided:
            self._runs[key] = message
        elif not link.up:
            if self._wait_for_fence(key, message):
                self._runs[key] = message
                return
            why = self._silent()
            self._say(key, Phase.FAILED, why, message.cause, Failure.of(EngineUnavailable(why)))
        else:
            self._spawn(intent, message.lane, message.cause, self._unclaimed.pop(key, None))

    def claim(self, message: ClaimContainer) -> None:
        """It should be there already."""
        intent, link = message.intent, self._host.link
        key = (intent.member, intent.generation)
        self._claims.pop(key, None)
        self._waits_no_more(key, ClaimContainer)
        if key in self.containers:
            self._host.tell(self.containers[key], Report(message.cause))
        elif link.lost and not self._wait_for_fence(key, message):
            self._say(key, Phase.LOST, self._silent(), message.cause)
        elif not link.up:
            self._claims[key] = message
        elif key in self._unclaimed:
            self._spawn(intent, Lane.SCALING, message.cause, self._unclaimed.pop(key))
        else:
            self._say(key, Phase.GONE, "it was not on the engine any more when the manager looked", message.cause)

    def end(self, message: EndContainer) -> None:
        """Stop and remove it."""
        key, link = (message.member, message.generation), self._host.link
        self._endings.pop(key, None)
        self._runs.pop(key, None)
        self._waits_no_more(key, RunContainer, ClaimContainer, EndContainer)
        if key in self.containers:
            uid = self.containers[key]
            self._ordered[uid] = End(message.cause, message.stop_timeout, message.first, message.first_limit)
            self._host.tell(uid, self._ordered[uid])
            if link.lost:
                self._host.tell(uid, HostLost(self._silent()))
        elif link.lost and not self._wait_for_fence(key, message):
            self._say(key, Phase.LOST, self._silent(), message.cause)
        elif not link.up:
            self._endings[key] = message
        else:
            seen = self._unclaimed.pop(key, None)
            if seen is not None:
                self._sweep(seen, message.stop_timeout, seen.state is EngineState.RUNNING)
            self._say(key, Phase.GONE, "removed", message.cause)

    def hand_on(self, message: PutFiles | ChangeContainer) -> None:
        """Have its container take these files, or change."""
        uid = self.containers.get((message.member, message.generation))
        if uid is not None:
            self._host.tell(uid, message)
            return
        failure = Failure.of(EngineUnavailable(self._silent() if not self._host.link.up else "it is not known there yet"))
        answer = FilesPut if isinstance(message, PutFiles) else ContainerChanged
        self._host.tell(message.member, answer(message.member, message.generation, message.ask, failure))

    # --- what the engine shows

    def unheard(self, why: str) -> None:
        """Members are told that nobody knows how they are, though they are not lost ("": they are heard of again)."""
        reason = f"{self._silent()}; {why}" if why else ""
        members = {member for known in (self.containers, self._claims) for member, _ in known}
        for member in sorted(members if reason else self._unheard):
            self._host.tell(member, HostUnheard(self._host.uid, reason))
        self._unheard = members if reason else set()

    def seen(self, look: Look) -> None:
        """All that is there."""
        self.unheard("")
        plane, store = self._host.outside.plane, self._host.outside.store
        ours: dict[Key, Observed] = {}
        foreign = []
        self.keeper = None
        for seen in look.observed:
            if (until := task_until(seen, plane, store.identity)) is not None:
                if until < self._host.now:  # whoever ran it is no more
                    self._sweep(seen, 0.0, True)
                continue
            if is_keeper(seen, self._host.outside):
                self.keeper = seen
                continue
            whose = owned_now(seen, plane, store)
            if whose is not None and LABEL_LEASE in seen.labels:
                if (Uid(whose[0]), whose[1]) not in self.containers and not wanted(store, *whose):
                    self._sweep(seen, 0.0, False)
            elif whose is not None:
                ours[(Uid(whose[0]), whose[1])] = seen
            else:
                foreign.append(seen)
        if self.foreigners.seen(foreign):
            self._host.note()
        for key, uid in tuple(self.containers.items()):
            self._host.tell(uid, Seen(ours.pop(key, None), look.asked_at))
        self._unclaimed = {key: seen for key, seen in ours.items() if wanted(store, *key)}
        for key, seen in ours.items():
            if key not in self._unclaimed:
                log.info("orphan removed", extra={"host": self._host.uid, "container": seen.name})
                self._sweep(seen, 0.0, False)
        self._answer_waiting()

    def _answer_waiting(self) -> None:
        for claim in tuple(self._claims.values()):
            self.claim(claim)
        for run in tuple(self._runs.values()):
            self.run(run)
        for ending in tuple(self._endings.values()):
            self.end(ending)

    def engine_is_down(self) -> None:
        """What was to run here is to run elsewhere."""
        self.foreigners.unavailable(self._silent())
        for run in tuple(self._runs.values()):
            self.run(run)

    def lost(self, reason: str) -> None:
        """What ran here is taken as lost; members go elsewhere."""
        why = self._silent()
        self.unheard("")
        for uid in tuple(self.containers.values()):
            self._host.tell(uid, HostLost(why))
        for claim in tuple(self._claims.values()):
            self.claim(claim)
        for ending in tuple(self._endings.values()):
            self.end(ending)
        log.warning("host lost", extra={"host": self._host.uid, "reason": reason})

    def _sweep(self, seen: Observed, grace: float, running: bool) -> None:
        """Remove a container that has no actor: no record knows it, or its member wants it gone already."""
        name = f"{SWEEP}{seen.name}"
        if not self._host.working(name):
            self.sweeping.add(name)
            self._host.work(name, end, self._host.engine, seen.id, grace, running, timeout=SWEEP_LIMIT + grace)

    def swept(self, outcome: WorkDone | WorkFailed) -> None:
        """That is done, or is tried again when the next look shows it."""
        self.sweeping.discard(outcome.name)
        if isinstance(outcome, WorkFailed):
            log.warning("orphan not removed", extra={"host": self._host.uid, "work": outcome.name, "failure": outcome.failure.message})

    # --- their actors

    def restarted(self, uid: Uid) -> None:
        """A container's actor crashed and begins anew: it has forgotten that it was to end."""
        if uid in self._ordered:
            self._host.tell(uid, self._ordered[uid])

    def ended(self, uid: Uid) -> None:
        """A container is removed, and its actor has nothing more to do."""
        key = self._keys.pop(uid, None)
        if key is not None:
            self.containers.pop(key, None)
        self.names = {name: kept for name, kept in self.names.items() if kept != uid}
        self._ordered.pop(uid, None)

    def _spawn(self, intent: ContainerIntent, lane: Lane, cause: Cause, seen: Observed | None) -> None:
        host = self._host
        uid = host.outside.ids.entity(EntityKind.CONTAINER)
        key = (intent.member, intent.generation)
        self.containers[key] = uid
        self._keys[uid] = key
        self.names[intent.name] = uid
        outside, engine, path, gate = host.outside, host.engine, host.path, host.gate
        host.spawn(uid, lambda: Container(uid, outside, engine, intent, path, lane, cause, seen, gate))

    def _wait_for_fence(self, key: Key, message: RunContainer | ClaimContainer | EndContainer) -> bool:
        """Whether that may still be running there, by a lease that whoever was here before us answered; then the message comes again when it cannot."""
        body = self._host.outside.store.read(EntityKind.MEMBER, key[0])
        if body is None or decode(MemberState, body).spec.duplicate is not Duplicate.NEVER:
            return False
        if self._fence is None:
            self._fence = Fence(*self._host.outside.timing.leases)
            self._fence.touch()
        left = self._host.outside.witness("fence", self._fence.left)
        if left:
            self._host.after(_fenced(type(message), key), left, message)
        return bool(left)

    def _waits_no_more(self, key: Key, *kinds: type[RunContainer | ClaimContainer | EndContainer]) -> None:
        """What waited for the fence has come, or came to nothing: it does not come once more, when that may be wrong."""
        for kind in kinds:
            self._host.cancel_timer(_fenced(kind, key))

    def _silent(self) -> str:
        return f"host {self._host.name} does not answer: {self._host.link.reason}"

    def _say(self, key: Key, phase: Phase, reason: str, cause: Cause, failure: Failure | None = None) -> None:
        member, generation = key
        self._host.tell(member, GenerationChanged(member, generation, phase, self._host.now, cause, reason=reason, failure=failure))


def _fenced(kind: type[RunContainer | ClaimContainer | EndContainer], key: Key) -> str:
    return f"fence:{kind.__name__}:{key}"

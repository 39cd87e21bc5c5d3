"""What the recorder keeps durably of what it was told, so that people find it again after a restart: activities as they are now, and samples of numbers.

    noted ──▶ waits here ──once a second, all together──▶ one write: activities that have ended, now and then those that are open; a chunk of samples each minute
    the book forgets one ──▶ its record goes, too: what is kept is bounded as what is remembered

That an activity begins, and that a decision acted, is written by entities with what it led to; here it only is brought up to date, or removed. A write that
fails is tried again; what a crash loses is a second of ends (the next manager finds them again) and a minute of samples.
"""

from collections.abc import Callable
from dataclasses import dataclass

from clocker_actors.model.activities import KeptActivity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.noted import ActivityNoted
from clocker_actors.ports.store import Record
from clocker_actors.telemetry.history import Chunk
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.sampling import HISTORY, Sampler

PERIOD = 1.0
"""Seconds between two writes, if there is something to write."""
OPEN_EACH = 5
"""How far open activities are is written with each so-manieth of them."""
ACTIVITY, DECISION = "activity", "decision"
"""Record kinds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is of the managers before, oldest first. `changed` are activities that are otherwise by now than they were kept; chunks come with the name and
    the size of their record."""

    activities: tuple[KeptActivity, ...] = ()
    changed: tuple[KeptActivity, ...] = ()
    decisions: tuple[Decision, ...] = ()
    chunks: tuple[tuple[str, int, Chunk], ...] = ()


class Keeper:
    """Of one read model, into which what is kept is put first. `encode` makes bytes of a value; `life` is another number at each start."""

    def __init__(self, model: ReadModel, encode: Callable[[object], bytes], kept: Kept, now: float, life: int) -> None:
        self._model = model
        self._encode = encode
        self._ended: dict[str, KeptActivity] = {}
        self._open: dict[str, KeptActivity] = {}
        self._gone: dict[tuple[str, str], None] = {}
        self._tried: tuple[dict[str, KeptActivity], list[Record]] = ({}, [])
        self._rounds = 0
        model.activities.forgot = lambda name: self._forget(ACTIVITY, name)
        model.decisions.forgot = lambda name: self._forget(DECISION, name)
        model.restore([(each.activity, each.path) for each in kept.activities], kept.decisions)
        self._ended = {each.activity.id: each for each in kept.changed if (ACTIVITY, each.activity.id) not in self._gone}
        for _, _, chunk in kept.chunks:
            model.history.restore(chunk)
        model.history.begin(now)
        self._sampler = Sampler(model.history, encode, [(name, size) for name, size, _ in kept.chunks], now, life)

    def noted(self, noted: ActivityNoted) -> None:
        """An activity began, went on or ended; the read model was told."""
        activity = noted.activity
        if self._model.activities.get(activity.id) is not activity:
            return  # it had ended before, or was forgotten at once
        kept = KeptActivity(activity, noted.reply_to, noted.memory, self._model.path(activity.entity))
        if activity.state.ended:
            self._open.pop(activity.id, None)
            self._ended[activity.id] = kept
        else:
            self._open[activity.id] = kept

    def _forget(self, kind: str, name: str) -> None:
        self._ended.pop(name, None)
        self._gone[(kind, name)] = None

    def batch(self, now: float, *, everything: bool = False) -> list[Record]:
        """What is to be written now; `everything` that waits, if there will be no other time. It counts as written unless `not_written` is called."""
        self._rounds += 1
        kept, self._ended = self._ended, {}
        if everything or self._rounds % OPEN_EACH == 0:
            kept, self._open = {**self._open, **kept}, {}
        records = [Record(ACTIVITY, name, self._encode(each)) for name, each in kept.items()]
        rest = [Record(kind, name, None) for kind, name in self._gone] + self._sampler.records(now, everything=everything)
        self._gone = {}
        self._tried = (kept, rest)
        return [*records, *rest]

    def not_written(self) -> None:
        """The store refused the last batch: what nothing newer is known of is written with the next."""
        kept, rest = self._tried
        for name, each in kept.items():
            if each.activity.state.ended:
                self._ended.setdefault(name, each)
            elif name not in self._ended:
                self._open.setdefault(name, each)
        for record in rest:
            if record.kind == HISTORY:
                self._sampler.again(record)
            else:
                self._gone[(record.kind, record.uid)] = None

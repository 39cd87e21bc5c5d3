"""Why is it so? The whole chain for what somebody names, told from what the recorder kept; pure.

    state ── readings ── policies
      └── decision (acted, or did nothing) ── cause ── inputs ── steps ── bounds ── what would have changed it ── hosts considered
            └── activity ── who asked ── steps with times ── parts, problem

What may be named: an entity, also one lately gone (`names`); a policy as `shop/web:autoscaler`; an activity or a decision by its id. `accounts` tells of
entities, `plane` of the management plane, `chains` of decisions and activities.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clocker_actors.errors import NotFound
from clocker_actors.model.activities import Activity
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.telemetry.accounts import Account
from clocker_actors.telemetry.chains import Line
from clocker_actors.telemetry.names import look_up, unambiguous
from clocker_actors.telemetry.plane import plane
from clocker_actors.telemetry.readmodel import Entry, ReadModel

_RECORD = re.compile(r"[td][0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """The account of an entity at a moment (`at`); `event` is the event number it is true at, `about` the id of the activity or decision, or the name
    of the policy, that it is about, "" for the entity itself."""

    uid: Uid
    path: str
    kind: EntityKind
    at: float
    event: int
    lines: tuple[Line, ...]
    about: str = ""

    def flat(self) -> Iterator[tuple[int, Line]]:
        """All lines in reading order with their depth, for printing."""
        return _flat(self.lines, 0)


def explain(model: ReadModel, asked: str, now: float, *, uid_first: bool = False) -> Explanation:
    """The account of what is named. Raises NotFound with the nearest names, and BadRequest when several may be meant.

    `uid_first` is for programs, which have looked a uid up: see `ReadModel.resolve`.
    """
    try:
        entry = model.entry(asked, uid_first=uid_first)
        return _entity(model, entry if uid_first else unambiguous(model, entry, asked.strip().strip("/")), now)
    except NotFound:
        record = model.activities.get(asked) or model.decisions.get(asked)
        if record is not None:
            return _record(model, record, now)
        _refuse_forgotten(model, asked)
        owner, policy = _policy(model, asked)
        return _entity(model, look_up(model, asked), now) if owner is None else _of_policy(model, owner, policy, now)


def _flat(lines: tuple[Line, ...], depth: int) -> Iterator[tuple[int, Line]]:
    for line in lines:
        yield depth, line
        yield from _flat(line.lines, depth + 1)


def _entity(model: ReadModel, entry: Entry, now: float) -> Explanation:
    account = Account(model, now, entry.uid, Uid(str(entry.facts.get("member", ""))))
    lines = plane(account, entry) if entry.kind is EntityKind.ROOT else account.entity(entry)
    return _explanation(model, entry, now, tuple(lines))


def _record(model: ReadModel, record: Activity | Decision, now: float) -> Explanation:
    uid = record.entity if isinstance(record, Activity) else record.subject
    account = Account(model, now, uid)
    told = account.chains.activity(record, up=True, down=True) if isinstance(record, Activity) else account.chains.decision(record)
    entry = model.get(uid)
    if entry is None:
        return Explanation(uid, uid, EntityKind.ROOT, now, model.events.number, (told,), record.id)
    return _explanation(model, entry, now, (told, account.state(entry)), record.id)


def _policy(model: ReadModel, asked: str) -> tuple[Entry | None, str]:
    """The entity and the name in `shop/web:autoscaler`; no entity if that is not what was asked for."""
    owner, mark, name = asked.strip().rpartition(":")
    if not mark:
        return None, ""
    entry = look_up(model, owner)
    if name not in entry.policies:
        known = ", ".join(entry.policies) or "none"
        raise NotFound(f"{entry.path or entry.uid} has no policy {name!r}; it has {known}", policy=name)
    return entry, name


def _of_policy(model: ReadModel, entry: Entry, name: str, now: float) -> Explanation:
    account = Account(model, now, entry.uid)
    actor = f"{entry.uid}:{name}"
    idle, acted = ([found for found in model.decisions.of_subject(entry.uid, acted=each) if found.by == actor] for each in (False, True))
    lines = [account.policy(entry.policies[name]), _configured(entry.policies[name]), account.state(entry), *account.decisions(idle, acted)]
    if not idle and not acted:
        lines.append(
            Line(
                "gap",
                f"it has concluded nothing since the manager started{'' if entry.policies[name].role == 'policy' else ': only policies do'}",
            )
        )
    return _explanation(model, entry, now, tuple(lines), name)


def _configured(policy: PolicyNoted) -> Line:
    told = ", ".join(f"{key}={value}" for key, value in policy.config.items() if value is not None and value != "")
    return Line("policy", f"configured with {told or 'nothing'}", None, policy.config)


def _explanation(model: ReadModel, entry: Entry, now: float, lines: tuple[Line, ...], about: str = "") -> Explanation:
    return Explanation(entry.uid, entry.path, entry.kind, now, model.events.number, lines, about)


def _refuse_forgotten(model: ReadModel, asked: str) -> None:
    """Raise NotFound for the id of an activity or decision that was given once, and is kept no more."""
    if _RECORD.fullmatch(asked) is None or _number(asked) > _newest(model):
        return
    if asked[0] == "t":
        kept = f"of ended activities only the latest {model.activities.limit} are, and none over a restart; `clocker activities` lists them"
        raise NotFound(f"activity {asked} is not remembered any more: {kept}", activity=asked)
    kept = f"only the latest {model.decisions.limit} are, of one entity {model.decisions.each}; `clocker explain` of the entity names those"
    raise NotFound(f"decision {asked} is not remembered any more: {kept}", decision=asked)


def _number(name: str) -> int:
    return int(name[1:], 36)


def _newest(model: ReadModel) -> int:
    """The greatest number that an id of ours has: all come from one counter."""
    names = [activity.id for activity in model.activities.all()]
    names += [decision.id for decision in model.decisions.all()]
    names += [entry.uid for entry in model.all() if entry.kind is not EntityKind.ROOT]
    return max((_number(name) for name in names), default=0)

"""The account of the management plane: what it manages, what of that is not well, and what it did last. Where somebody begins who knows nothing yet."""

from collections import Counter
from collections.abc import Iterator

from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.sensors import QUARANTINED, SERVICE_PROBLEMS, SERVICE_STATE, SERVICE_UP
from clocker_actors.model.values import as_map, counted
from clocker_actors.telemetry.accounts import Account
from clocker_actors.telemetry.chains import Line
from clocker_actors.telemetry.readmodel import Entry

UNWELL, LAST = 12, 6
"""How much of each is told."""
_PLANNED = frozenset({Lifecycle.STOPPED, Lifecycle.STOPPING, Lifecycle.CREATED})
_MANAGED = tuple(kind for kind in EntityKind if kind is not EntityKind.ROOT)


def plane(account: Account, root: Entry) -> Iterator[Line]:
    """All lines about the plane, the most pressing first."""
    yield account.state(root)
    yield Line("state", f"it manages {_counts(account)}")
    unwell = list(_unwell(account))
    yield from unwell[:UNWELL]
    if len(unwell) > UNWELL:
        yield Line("gap", f"and {len(unwell) - UNWELL} more that are not well; `clocker tree` shows all")
    if not unwell:
        yield Line("state", "everything it manages is well")
    yield from _going_on(account)
    yield from _last(account)


def _counts(account: Account) -> str:
    told = []
    for kind in _MANAGED:
        entries = account.model.of_kind(kind)
        ups = Counter(entry.value(SERVICE_UP.name) for entry in entries)
        if entries:
            told.append(f"{counted(len(entries), kind)}{f' ({ups[True]} up)' if ups[True] or ups[False] else ''}")
    return ", ".join(told) or "nothing yet; `clocker deploy FILE` begins"


def _unwell(account: Account) -> Iterator[Line]:
    for kind in (EntityKind.POOL, EntityKind.HOST, EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER):
        for entry in account.model.of_kind(kind):
            why = [f"{name}: {text}" for name, text in as_map(entry.value(SERVICE_PROBLEMS.name)).items()]
            state, up = entry.value(SERVICE_STATE.name), entry.value(SERVICE_UP.name)
            if state == Lifecycle.ON_FIRE or (up is False and state not in _PLANNED):
                why.insert(0, f"it is {state or 'not up'}{'' if up or state is None else ' and not up'}")
            aside = entry.value(QUARANTINED.name)
            if isinstance(aside, list | tuple) and aside:
                why.append(f"{counted(len(aside), 'member')} failed to start, set aside")
            why += [f"policy {policy.name} is {policy.state}" for policy in entry.policies.values() if policy.state == "failed"]
            if why:
                yield Line("problem", f"not well: {entry.path} ({kind} {entry.uid}): {'; '.join(why)}; `clocker explain {entry.path}`")


def _going_on(account: Account) -> Iterator[Line]:
    going = [each for each in account.model.activities.all() if not each.state.ended]
    for activity in going[-LAST:]:
        yield Line("activity", f"going on: {_brief(account, activity)}", activity.began)
    if len(going) > LAST:
        yield Line("gap", f"and {len(going) - LAST} more that go on; `clocker activities --running` lists them")


def _last(account: Account) -> Iterator[Line]:
    """The last decisions of policies that acted, placements that found no host, and orders of people or failures."""
    model, told = account.model, list[Line]()
    refused = {
        decision.subject: decision.id for decision in model.decisions.all() if decision.placement is not None and not decision.action
    }
    for decision in model.decisions.all():
        if decision.action if decision.placement is None else refused.get(decision.subject) == decision.id:
            told.append(Line("decision", f"{account.chains.headline(decision)} [{decision.id}]", decision.at))
    for activity in model.activities.all():
        if activity.state.ended and (activity.problem or (not activity.parent and account.chains.is_person(activity.cause.principal))):
            told.append(Line("activity", _brief(account, activity), activity.ended))
    newest = sorted(told, key=lambda line: -(line.at or 0.0))[:LAST]
    if newest:
        yield Line("state", "what it did last, the newest first:", None, {}, tuple(newest))


def _brief(account: Account, activity: Activity) -> str:
    about = account.model.path(activity.entity)
    why = f": {activity.problem}" if activity.problem else ""
    return f"activity {activity.id}: {activity.effector} of {about} {account.chains.progress(activity)}{why}"

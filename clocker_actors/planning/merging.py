"""What a changed file does to what somebody else has set meanwhile: a three-way merge of the old file, the new one, and what is now.

Only what the FILE changed is applied, and what a policy or a person set since then stays theirs; so a cluster that was grown to 19 stays at 19, a policy that was
suspended rests on, and a service that a person deleted stays away, unless the file changed just that. What stays is said in words, each with how to change it.
Entities and `clocker plan` use the same functions.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clocker_actors.expressions import references
from clocker_actors.model.expressions import Expression
from clocker_actors.model.ownership import BLUEPRINT, AdjunctState, Lease, Owner, OwnerKind, clock
from clocker_actors.model.specs import ApplicationSpec, ClusterSpec, PolicySpec, ServiceSpec
from clocker_actors.model.values import Value, counted
from clocker_actors.planning.members import bounded

_NONE = object()
_SHOWN = 5
STAYS_AWAY = "somebody deleted it, and it stays so: to have it again, take it out of the file, deploy that, put it back and deploy again"
"""Of a service that the file names as it did before."""


@dataclass(frozen=True, slots=True)
class Sized:
    """The size of a cluster after an update, whose it is, and what stays as somebody else set it, in words ("" if nothing does)."""

    size: int
    owner: Owner
    lease: Lease | None = None
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """Policies, enrichers and feeds after an update, and what stays as somebody else set it, in words."""

    adjuncts: tuple[AdjunctState, ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Services:
    """Ids of services that are to be planted; and of those that go, with the services that used them so far, which are waited for."""

    missing: tuple[str, ...] = ()
    going: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# --- sizes


def size(old: ClusterSpec, new: ClusterSpec, now: Sized, where: str) -> Sized:
    """The size of a cluster that becomes `new`: that of the file if the file changed it and nobody else owns it, within the new bounds in any case."""
    sized = Sized(now.size, now.owner, now.lease)
    if old.initial_size != new.initial_size:
        sized = _resized(new.initial_size, sized, where)
    least, most = new.min_size, new.max_size
    within = bounded(sized.size, least, most)
    lease = sized.lease and replace(sized.lease, size=bounded(sized.lease.size, least, most).size)
    if within.clamped:
        return Sized(within.size, sized.owner if lease or sized.owner.kind is OwnerKind.POLICY else BLUEPRINT, lease, "")
    return replace(sized, lease=lease)


def _resized(wanted: int, now: Sized, where: str) -> Sized:
    if now.owner.kind is OwnerKind.BLUEPRINT or wanted == now.size:
        return Sized(wanted, now.owner if now.lease else BLUEPRINT, now.lease)
    who = f"{now.owner.words} set it at {clock(now.owner.at)}"
    if now.lease is not None:
        lease = replace(now.lease, size=wanted) if now.lease.owner.kind is OwnerKind.BLUEPRINT else now.lease
        kept = f"size stays {now.size} until {clock(now.lease.until)}: {who}; `clocker resize {where} {wanted}` sets it"
        return Sized(now.size, now.owner, lease, kept)
    return Sized(now.size, now.owner, None, f"size stays {now.size}: {who}; `clocker resize {where} {wanted}` sets it")


# --- policies


def adjuncts(old: Sequence[PolicySpec], new: Sequence[PolicySpec], now: Sequence[AdjunctState], where: str) -> Merged:
    """Policies, enrichers and feeds of an entity whose file had `old`, and has `new`; those that every entity has are among both."""
    before, after, there = _named(old), _named(new), {each.spec.name: each for each in now}
    merged: list[AdjunctState] = []
    kept: list[str] = []
    for name, spec in after.items():
        held = there.get(name)
        if held is not None:
            one, words = _policy(before.get(name), spec, held, where)
            merged.append(one)
            kept += words
        elif before.get(name) != spec:
            merged.append(AdjunctState(spec))
        else:
            pass  # somebody took it away, and the file says of it what it said before
    stay = [held for name, held in there.items() if name not in after and (held.added is not None or name not in before)]
    return Merged((*merged, *stay), tuple(kept))


def _named(specs: Sequence[PolicySpec]) -> dict[str, PolicySpec]:
    return {spec.name: spec for spec in specs}


def _policy(old: PolicySpec | None, new: PolicySpec, held: AdjunctState, where: str) -> tuple[AdjunctState, list[str]]:
    """One policy that is in the new file and there; `old` is None if the file did not have it."""
    if old == new:
        return held, []
    if held.added is not None and (old is None or held.spec.type != new.type):
        change = f"`clocker policies {where} remove {new.name}`, then deploy a changed file"
        return held, [f"policy {new.name} stays as it is: {held.added.words} added it at {clock(held.added.at)}; {change}"]
    rests = []
    if held.suspended:
        by = f": {held.rested.words} suspended it at {clock(held.rested.at)}" if held.rested else ""
        rests = [f"policy {new.name} stays suspended{by}; `clocker policies {where} resume {new.name}` has it work"]
    if held.spec.type != new.type:
        return AdjunctState(new, held.suspended, rested=held.rested), rests
    config, owners, kept = _config(old.config if old else {}, new, held, where)
    late = tuple(each for each in new.late if each.field not in owners)
    kept += _late(old, new, owners, config, where)
    return replace(held, spec=replace(new, config=config, late=late), owners=owners), [*rests, *kept]


def _late(old: PolicySpec | None, new: PolicySpec, owners: Mapping[str, Owner], config: Mapping[str, Value], where: str) -> Iterator[str]:
    """That keys are not as the file's changed expressions say, since somebody set them."""
    for each in new.late:
        owner = owners.get(each.field)
        if owner is not None and old is not None and each not in old.late and each.field not in old.config:
            change = f"`clocker policies {where} remove {new.name}`, then deploy a changed file"
            yield f"{each.field} of policy {new.name} stays {config.get(each.field)}: {owner.words} set it at {clock(owner.at)}; {change}"


def _config(
    old: Mapping[str, Value], new: PolicySpec, held: AdjunctState, where: str
) -> tuple[dict[str, Value], dict[str, Owner], list[str]]:
    config, owners, kept = dict(held.spec.config), dict(held.owners), []
    for key in dict.fromkeys((*old, *new.config)):
        value = new.config.get(key, _NONE)
        if old.get(key, _NONE) == value:
            continue
        owner, has = owners.get(key), config.get(key, _NONE)
        if owner is not None and has != value:
            change = f"`clocker policies {where} set {new.name} {key}={'' if value is _NONE else value}` sets it"
            kept.append(f"{key} of policy {new.name} stays {has}: {owner.words} set it at {clock(owner.at)}; {change}")
            continue
        owners.pop(key, None)
        if key in new.config:
            config[key] = new.config[key]
        else:
            config.pop(key, None)
    return config, owners, kept


# --- services


def services(old: Sequence[ServiceSpec], new: Sequence[ServiceSpec], there: Collection[str], now: Services = Services()) -> Services:
    """Which services come and go below an entity. `there` are those that exist, on their way out included; `now` is what an update before left to be done."""
    before = {spec.id: spec for spec in old}
    after = {spec.id: spec for spec in new}
    missing, replaced = [], []
    for spec in new:
        was = before.get(spec.id)
        if spec.id in there and spec.id not in now.going:
            if was is not None and remade(was, spec):
                missing.append(spec.id)
                replaced.append(spec.id)
        elif spec.id in there or spec.id in now.missing or was != spec:
            missing.append(spec.id)
    # What is made anew under its old name cannot wait for those who use it.
    gone = {name: () if name in after else _users(name, old, after) for name in there if name in replaced or name not in after}
    going = {
        name: tuple(user for user in users if user in after and name not in after) for name, users in now.going.items() if name in there
    }
    return Services(tuple(missing), {**gone, **going})


def away(old: Sequence[ServiceSpec], new: Sequence[ServiceSpec], there: Collection[str], now: Services = Services()) -> tuple[str, ...]:
    """Ids of the services that are not there, since a person deleted them, and that stay so: the file says of them what it said before."""
    come = services(old, new, there, now).missing
    return tuple(spec.id for spec in new if spec.id not in there and spec.id not in come)


def dependents(names: Collection[str], services_: Sequence[ServiceSpec], path: str) -> Iterator[str]:
    """Paths of the services here and below that refer to one of these ids, in `path`."""
    for spec in services_:
        where = f"{path}/{spec.id or spec.name}"
        if spec.id in names:
            continue  # what is below it goes with it
        if not set(_targets(replace(spec, children=()))).isdisjoint(names):
            yield where
        yield from dependents(names, spec.children, where)


def depended(names: Collection[str], application: ApplicationSpec) -> str:
    """Which services of an application depend on these, in words; "" if none does."""
    users = list(dependents(names, application.services, application.id))
    more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
    return f"{counted(len(users), 'service')} depend{'s' * (len(users) == 1)} on it: {', '.join(users[:_SHOWN])}{more}" if users else ""


def remade(old: ServiceSpec, new: ServiceSpec) -> bool:
    """Whether one cannot become the other: a cluster is no member, and a group has no container."""
    return _sort(old) != _sort(new)


def _sort(spec: ServiceSpec) -> tuple[bool, bool]:
    return spec.cluster is not None, spec.container is not None


def _users(name: str, services_: Sequence[ServiceSpec], among: Collection[str]) -> tuple[str, ...]:
    return tuple(spec.id for spec in services_ if spec.id in among and name in set(_targets(spec)))


def _targets(spec: ServiceSpec) -> Iterator[str]:
    """Ids of services that a service refers to, those below it included."""
    below = (*spec.children, *((spec.cluster.member,) if spec.cluster is not None else ()))
    for each in below:
        yield from _targets(each)
    texts: list[Expression] = [dependency.until for dependency in spec.depends if dependency.until is not None]
    texts += [late.expression for late in spec.container.late] if spec.container is not None else []
    texts += [spec.latch] if spec.latch is not None else []
    texts += [late.expression for each in (*spec.policies, *spec.enrichers) for late in each.late]
    yield from (dependency.on for dependency in spec.depends)
    yield from (target.rpartition(":")[2] for text in texts for target, _ in references(text))

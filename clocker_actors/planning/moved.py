"""What moved between a plan and its deploy, line by line: in the file, and in the world that the plan was made against. Pure.

A world is a map of facts by whom they are about, in words, and the specs that were in force. What only comes and goes with load (processor use, which host is
the emptiest) is no fact of it: a plan shows where things would go, and promises what is done.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from clocker_actors.model.ownership import BLUEPRINT, AdjunctState
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import ApplicationSpec, Blueprint, PoolSpec, ServiceSpec
from clocker_actors.model.values import counted
from clocker_actors.planning.differences import differing
from clocker_actors.planning.values import RunningApplication, RunningService

LINES = 40
"""Lines that are told at most."""


@dataclass(frozen=True, slots=True)
class World:
    """What was there: `facts` in words by what they are about, `specs` by path."""

    facts: Mapping[str, str] = field(default_factory=dict)
    specs: Mapping[str, object] = field(default_factory=dict)


def world(
    applications: Mapping[str, RunningApplication | None], hosts: Mapping[str, Iterable[HostView]], clouds: Iterable[PoolSpec] = ()
) -> World:
    """The world as it is for a blueprint with these applications (by id; None: there is none), on pools with these hosts (by name); `clouds` are those of its docker
    clouds that exist."""
    facts: dict[str, str] = {}
    specs: dict[str, object] = {}
    for name, running in applications.items():
        if running is not None:
            facts[name] = "exists"
            specs[name] = running.spec
            facts.update(_adjuncts(name, running.adjuncts))
            for service in running.services:
                _service(f"{name}/{service.spec.id or service.spec.name}", service, facts, specs)
    for pool, views in hosts.items():
        facts.update((f"host {pool}/{host.name}", _host(up=host.up, cordoned=host.cordoned)) for host in views)
    specs.update((cloud.name, cloud) for cloud in clouds)
    return World(facts, specs)


def _host(*, up: bool, cordoned: bool) -> str:
    return f"{'up' if up else 'not up'}{', cordoned' if cordoned else ''}"


def _service(path: str, running: RunningService, facts: dict[str, str], specs: dict[str, object]) -> None:
    facts[path] = "stopped" if running.stopped else "exists"
    specs[path] = running.spec
    facts.update(_adjuncts(path, running.adjuncts))
    if running.sized is not None:
        by = "" if running.sized.owner.kind is BLUEPRINT.kind else f" (set by {running.sized.owner.words})"
        facts[f"size of {path}"] = f"{running.sized.size}{by}"
    names = {member.uid: f"{path}/{member.name}" for member in running.members} or {running.uid: path}
    facts.update((names[member.uid], "in quarantine" if member.quarantined else "exists") for member in running.members)
    for uid, runs in running.runs.items():
        facts[f"container of {names.get(uid, uid)}"] = f"generation {runs.number} on {runs.host_name}"
    for child in running.children:
        _service(f"{path}/{child.spec.id or child.spec.name}", child, facts, specs)


def _adjuncts(path: str, adjuncts: Iterable[AdjunctState]) -> Iterator[tuple[str, str]]:
    for each in adjuncts:
        yield f"policy {each.spec.name} of {path}", "suspended" if each.suspended else "working"
        for key, owner in each.owners.items():
            yield f"{key} of policy {each.spec.name} of {path}", f"{each.spec.config.get(key)} (set by {owner.words})"


def moved(before: World, now: World) -> tuple[str, ...]:
    """What is different now, a line each: what is new, what is gone, what changed, field by field where a spec did."""
    lines = []
    for about in dict.fromkeys((*before.facts, *now.facts)):
        old, new = before.facts.get(about), now.facts.get(about)
        if old == new or _of_gone(about, before.facts, now.facts):
            continue
        told = "is new" if old is None and new == "exists" else "is gone" if new is None else f"{old or 'nothing'} -> {new}"
        lines.append(f"{about}{' ' if told.startswith('is ') else ': '}{told}")
    for path, spec in before.specs.items():
        if path in now.specs:
            lines += [f"{path}: {line}" for line in differing(spec, now.specs[path])]
    return _bounded(lines)


def _of_gone(about: str, before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether this is about a key of a policy that came or went itself, which is told."""
    _, found, whole = about.partition(" of policy ")
    return bool(found) and ((policy := f"policy {whole}") in before) != (policy in now)


def rewritten(before: Blueprint, now: Blueprint) -> tuple[str, ...]:
    """What a file says otherwise than before, a line each."""
    old = {spec.id: spec for spec in before.applications} | {spec.name: spec for spec in before.pools}
    new = {spec.id: spec for spec in now.applications} | {spec.name: spec for spec in now.pools}
    lines = [f"{name} is no longer in the file" for name in old if name not in new]
    for name, spec in new.items():
        if name not in old:
            lines.append(f"{name} is new in the file")
            continue
        lines += [f"{name}: {line}" for line in differing(old[name], spec)]
        if isinstance(spec, ApplicationSpec):
            was = old[name]
            lines += _services(name, was.services if isinstance(was, ApplicationSpec) else (), spec.services)
    return _bounded(lines)


def _services(path: str, before: tuple[ServiceSpec, ...], now: tuple[ServiceSpec, ...]) -> Iterator[str]:
    old, new = {spec.id: spec for spec in before}, {spec.id: spec for spec in now}
    yield from (f"{path}/{name} is no longer in the file" for name in old if name not in new)
    for name, spec in new.items():
        where = f"{path}/{name}"
        if name not in old:
            yield f"{where} is new in the file"
            continue
        yield from (f"{where}: {line}" for line in differing(old[name], spec))
        yield from _services(where, old[name].children, spec.children)


def _bounded(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - LINES
    return (*lines[:LINES], f"and {counted(more, 'line')} more") if more > 0 else tuple(lines)

"""What a changed docker-cloud of a file does to the one that exists: hosts come, go and change, the rest is adopted; its location cannot change. Pure.

A host that is no longer listed is drained, and taken out once it is empty; those that the docker cloud makes itself follow its bounds.
"""

from dataclasses import dataclass, replace

from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import HostSpec, PoolSpec
from clocker_actors.model.values import counted
from clocker_actors.planning.differences import differing
from clocker_actors.planning.values import Action, PlanStep


@dataclass(frozen=True, slots=True)
class CloudChange:
    """Hosts that are `added`, `changed` or `removed` (by name), the other fields that are adopted, in words, and why it is refused ("" if it is not)."""

    added: tuple[HostSpec, ...] = ()
    changed: tuple[HostSpec, ...] = ()
    removed: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    refused: str = ""

    @property
    def nothing(self) -> bool:
        """Whether the file says what it said before."""
        return not (self.added or self.changed or self.removed or self.adopted or self.refused)


def cloud_change(old: PoolSpec, new: PoolSpec) -> CloudChange:
    """What the docker cloud `old` has to do to become `new`, whose location is settled as its own is."""
    there, wanted = {host.name: host for host in old.hosts}, {host.name: host for host in new.hosts}
    elsewhere = [name for name, host in wanted.items() if name in there and there[name].engine != host.engine]
    refused = ""
    if old.location != new.location:
        was, now = (spec.location.name if spec.location is not None else "nowhere" for spec in (old, new))
        place = f"from {was} to {now}" if was != now else f"within {now} ({'; '.join(differing(old.location, new.location)[:3])})"
        refused = f"the location of docker-cloud {old.name} cannot change ({place}): write a second docker-cloud, move the applications there, and delete this one"
    elif elsewhere:
        refused = f"host {elsewhere[0]} of docker-cloud {old.name} has another engine now: give the new host a name of its own, and this one is drained"
    return CloudChange(
        tuple(host for name, host in wanted.items() if name not in there),
        tuple(host for name, host in wanted.items() if name in there and there[name] != host),
        tuple(name for name in there if name not in wanted),
        differing(replace(old, hosts=(), location=None), replace(new, hosts=(), location=None)),
        refused,
    )


def cloud_steps(old: PoolSpec | None, new: PoolSpec) -> tuple[PlanStep, ...]:
    """The same as steps of a plan; `old` is None for one that is made."""
    if old is None:
        made = PlanStep(Action.CREATE, "docker-cloud", new.name, "it does not exist yet", wave=1)
        hosts = [_host(Action.CREATE, new, host.name, f"engine {host.engine.url}") for host in new.hosts]
        where = new.location.name if new.location is not None else ""
        first = [
            _host(Action.CREATE, new, f"docker-{n}", f"made in {where}, {counted(new.initial_size, 'host')} at first")
            for n in range(1, new.initial_size + 1)
        ]
        return (made, *hosts, *first)
    change = cloud_change(old, new)
    if change.nothing or change.refused:
        return (PlanStep(Action.KEEP, "docker-cloud", new.name, "it is as asked" if change.nothing else "it stays as it is"),)
    there = {host.name: host for host in old.hosts}
    reason = f"changed: {'; '.join(change.adopted)}" if change.adopted else "its hosts change"
    return (
        PlanStep(Action.UPDATE, "docker-cloud", new.name, reason, changes=change.adopted, wave=1),
        *(_host(Action.CREATE, new, host.name, f"engine {host.engine.url}") for host in change.added),
        *(
            replace(_host(Action.UPDATE, new, host.name, "described anew"), changes=differing(there[host.name], host))
            for host in change.changed
        ),
        *(
            _host(Action.REMOVE, new, name, "the file no longer lists it: drained, and taken out once it is empty")
            for name in change.removed
        ),
    )


def _host(action: Action, pool: PoolSpec, name: str, reason: str) -> PlanStep:
    return PlanStep(action, EntityKind.HOST, f"{pool.name}/{name}", reason, wave=1)

"""The account of one entity: what it is now and what is wrong with it, its policies, what was decided about it and done to it.

A member's account goes on with what its cluster decided about it, a container's with its member, a host's and a pool's with the placements that chose or
refused them. Each decision and activity is told in full once; where it turns up again, only named.
"""

from collections.abc import Iterator

from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.noted import PolicyNoted
from clocker_actors.model.sensors import (
    CONTAINER_EXIT,
    CONTAINER_HOST,
    GROUP_DESIRED,
    GROUP_SIZE,
    GROUP_UP,
    POOL_HOSTS,
    POOL_HOSTS_UP,
    SERVICE_NOT_UP,
    SERVICE_PROBLEMS,
    SERVICE_STATE,
    SERVICE_UP,
)
from clocker_actors.model.values import Value, as_map, as_number, counted
from clocker_actors.telemetry import words
from clocker_actors.telemetry.chains import Chains, Line
from clocker_actors.telemetry.readmodel import Entry, ReadModel

_RESTS = {
    "suspended": "it neither decides nor acts until `clocker policies` resumes it",
    "waiting": "values of its configuration are not known yet, and it starts when they are",
    "failed": "it could not start, and does nothing until `clocker policies` sets, resumes or removes it",
}
ACTED, IDLE, EARLIER = 3, 2, 8
"""How many decisions are told: those that acted, those that led to nothing, and those that are only named."""


class Account:
    """One telling about these entities, at the moment `now` (epoch seconds)."""

    def __init__(self, model: ReadModel, now: float, *about: Uid) -> None:
        self.model = model
        self.now = now
        self.chains = Chains(model, now, frozenset(about))

    def entity(self, entry: Entry) -> Iterator[Line]:
        """Everything about one entity."""
        yield self.state(entry)
        for policy in entry.policies.values():
            if policy.role == "policy" and entry.gone is None:
                yield self.policy(policy)
        if (
            entry.gone is None
            and entry.kind is EntityKind.CLUSTER
            and not any(policy.role == "policy" for policy in entry.policies.values())
        ):
            yield Line("gap", "no policy looks after this cluster; its size changes only when somebody asks (`clocker resize`)")
        told = list(self.conclusions(entry))
        yield from told
        if (
            entry.gone is None
            and entry.kind is EntityKind.MEMBER
            and any(found.placement for found in self.model.decisions.of_subject(entry.uid))
        ):
            yield Line("gap", f"`clocker hosts --for {entry.path}` says of each host whether it would be taken now, and why")
        placements = list(self.placements(entry))
        yield from placements
        if not told and not placements and entry.kind is not EntityKind.CONTAINER:
            yield Line("gap", f"nothing was decided about {entry.path or entry.uid} and nothing done to it since the manager started")
        if entry.kind is EntityKind.CONTAINER:
            yield from self.member_of(entry)
        if entry.kind is EntityKind.MEMBER:
            yield from self.cluster_of(entry)

    def state(self, entry: Entry) -> Line:
        """What it is now, with everything that is wrong with it below."""
        if entry.gone is not None:
            text = f"{entry.path} ({entry.kind} {entry.uid}) is gone since {words.clock(entry.gone, self.now)}"
            return Line("state", text + _end(entry), entry.gone)
        parts = [f"{entry.path or 'clocker'} ({'the management plane' if entry.kind is EntityKind.ROOT else f'{entry.kind} {entry.uid}'})"]
        state, up = entry.value(SERVICE_STATE.name), entry.value(SERVICE_UP.name)
        if state is not None:
            parts.append(f"is {state}")
        if up is not None:
            parts.append(f"{'is' if state is None else 'and'} {'up' if up else 'not up'}")
        size, desired, ups = (entry.value(sensor.name) for sensor in (GROUP_SIZE, GROUP_DESIRED, GROUP_UP))
        if size is not None:
            parts.append(f"with {_members(size)} of {desired} wanted, {ups or 0} of them up")
        if "min" in entry.facts and "max" in entry.facts:
            of = "of its hosts may be made" if entry.kind is EntityKind.POOL else "its blueprint allows"
            bounds = f"{entry.facts['min']} to {entry.facts['max']}"
            parts.append(f"({bounds} {of})" if entry.kind is EntityKind.POOL else f"({of} {bounds})")
        hosts, hosts_up = entry.value(POOL_HOSTS.name), entry.value(POOL_HOSTS_UP.name)
        if hosts is not None:
            parts.append(f"with {counted(int(as_number(hosts) or 0), 'host')}, {hosts_up or 0} of them up")
        host = entry.value(CONTAINER_HOST.name)
        if isinstance(host, str):
            parts.append(f"on {self.model.path(host)}")
        latest = max((reading.at for reading in entry.sensors.values()), default=entry.since)
        figures = {"size": size, "desired": desired, "up": ups} if size is not None else {}
        return Line("state", " ".join(parts), latest, figures, tuple(self.troubles(entry)))

    def troubles(self, entry: Entry) -> Iterator[Line]:
        """Problems, indicators, and readings that are not to be had: those for the same reason together."""
        for sensor, kind in ((SERVICE_PROBLEMS, "problem"), (SERVICE_NOT_UP, "problem")):
            for name, why in as_map(entry.value(sensor.name)).items():
                label = "problem" if sensor is SERVICE_PROBLEMS else "not up because of"
                yield Line(kind, f"{label} {name}: {why}", entry.sensors[sensor.name].at)
        missing: dict[str, list[str]] = {}
        for reading in entry.sensors.values():
            if reading.unavailable:
                missing.setdefault(reading.unavailable, []).append(reading.sensor)
        for why, sensors in missing.items():
            last = entry.sensors[sensors[0]]
            if len(sensors) == 1 and last.value is not None:
                yield Line("reading", words.reading(last, self.now), last.at, {last.sensor: last.value})
            else:
                yield Line("reading", f"unavailable now: {', '.join(sensors)}, because {why}", last.at)

    def policy(self, policy: PolicyNoted) -> Line:
        """How a policy is."""
        text = f"policy {policy.name}{'' if policy.name == policy.type else f' ({policy.type})'} is {policy.state}"
        if policy.state in _RESTS:
            text += f": {_RESTS[policy.state]}"
        status = f"its state: {words.pairs(policy.status, self.now)}" if policy.status else ""
        lines = (Line("reading", status, None, policy.status),) if status else ()
        return Line("policy", text, None, policy.config, lines)

    def conclusions(self, entry: Entry) -> Iterator[Line]:
        """What was decided about it, newest first, each policy's last doing of nothing included; then what was done to it without a decision."""
        own, idle = f"{entry.uid}:", self.model.decisions.of_subject(entry.uid, acted=False)
        acted = self.model.decisions.of_subject(entry.uid, acted=True)
        gone = {found.by for found in idle if found.by.startswith(own) and found.by.removeprefix(own) not in entry.policies}
        yield from self.decisions([found for found in idle if entry.gone is not None or found.by not in gone], acted)
        decided = {decision.id for decision in acted}
        rest = [activity for activity in self.model.activities.of_entity(entry.uid) if activity.cause.id not in decided]
        for activity in reversed([activity for activity in rest if activity.id not in self.chains.told][-ACTED:]):
            if activity.id not in self.chains.told:
                yield self.chains.activity(activity, up=True, down=True)

    def decisions(self, idle: list[Decision], acted: list[Decision]) -> Iterator[Line]:
        """Those that matter now in full, newest first; earlier ones that acted by name."""
        last = {decision.by: decision.at for decision in acted}
        latest = {
            found.by: found for found in idle if found.at >= last.get(found.by, found.at)
        }  # what it has acted on since is no reason now
        nothing = sorted(latest.values(), key=lambda found: -found.at)[:IDLE]
        for decision in sorted([*nothing, *acted[-ACTED:]], key=lambda found: -found.at):
            yield self.chains.decision(decision)
        earlier = acted[:-ACTED][::-1]
        if earlier:
            named = ", ".join(f"{self.chains.clock(each.at)} {each.action} [{each.id}]" for each in earlier[:EARLIER])
            more = f", and {len(earlier) - EARLIER} before them" if len(earlier) > EARLIER else ""
            yield Line("gap", f"earlier: {named}{more}; `clocker explain {earlier[0].id}` tells the first of these", earlier[0].at)

    def member_of(self, container: Entry) -> Iterator[Line]:
        """A container is there because of its member."""
        member = self.model.get(str(container.facts.get("member", "")))
        if member is not None:
            generation = container.facts.get("generation")
            lead = Line("member", f"it is generation {generation} of member {member.path} ({member.uid})")
            yield Line(lead.kind, lead.text, None, {"generation": generation}, tuple(self.entity(member)))

    def cluster_of(self, member: Entry) -> Iterator[Line]:
        """A member is there, or gone, because of its cluster: what that did about it, and no more."""
        cluster = self.model.get(member.parent) if member.parent else None
        if cluster is None or cluster.kind is not EntityKind.CLUSTER:
            return
        size, desired = (cluster.value(sensor.name) for sensor in (GROUP_SIZE, GROUP_DESIRED))
        now = f", which has {_members(size)} of {desired} wanted" if size is not None and cluster.gone is None else ""
        text = f"its number is decided by cluster {cluster.path} ({cluster.uid}){now}; `clocker explain {cluster.path}` tells how"
        yield Line("cluster", text, None, {}, tuple(self.about_member(member, cluster)))

    def about_member(self, member: Entry, cluster: Entry) -> Iterator[Line]:
        """What its cluster decided about one member and did to it, so far as it was not told yet."""
        for decision in self.model.decisions.of_subject(cluster.uid, acted=True):
            if decision.inputs.get("member") == member.uid or member.uid in decision.action.split():
                yield self.chains.decision(decision)
        for activity in self.model.activities.of_entity(member.uid):
            asked = self.model.activities.get(activity.parent)
            if asked is not None and asked.entity == cluster.uid and asked.id not in self.chains.told:
                yield self.chains.activity(asked, up=True)

    def placements(self, entry: Entry) -> Iterator[Line]:
        """The latest placements that chose a host, or a host of a pool, and the latest that named it as refusing."""
        if entry.kind not in {EntityKind.HOST, EntityKind.POOL}:
            return
        mine = {entry.uid} if entry.kind is EntityKind.HOST else {host.uid for host in self.model.children(entry.uid)}
        chosen: list[Decision] = []
        refused: dict[Uid, Decision] = {}
        for decision in self.model.decisions.all():
            trace = decision.placement
            if trace is None:
                continue
            if trace.chosen is not None and trace.chosen in mine:
                chosen.append(decision)
            elif (entry.kind is EntityKind.HOST or trace.chosen is None) and any(verdict.host in mine for verdict in trace.examples):
                refused.pop(decision.subject, None)
                refused[decision.subject] = decision  # each is asked for again and again
        for decision in sorted([*chosen[-ACTED:], *[*refused.values()][-ACTED:]], key=lambda found: -found.at):
            if decision.id in self.chains.told:
                continue
            if entry.kind is EntityKind.POOL and decision.action:  # of a whole pool, what found no host is the news
                yield Line("decision", f"{self.chains.headline(decision)} [{decision.id}]", decision.at)
            else:
                yield self.chains.decision(decision)


def _end(container: Entry) -> str:
    """How a container ended, if the engine said."""
    code = container.sensors.get(CONTAINER_EXIT.name)
    return f"; it had ended with exit code {code.value}" if code is not None and code.value is not None else ""


def _members(size: Value) -> str:
    return counted(int(as_number(size) or 0), "member")

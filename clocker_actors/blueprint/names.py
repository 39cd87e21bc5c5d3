"""Names and ids of services that the file does not give: made from what is known, the same ones each time the same file is read.

What is written comes first; what is made keeps clear of it. Names are one path segment, so they are unique among the children of one parent.
"""

from collections.abc import Sequence
from dataclasses import replace

from clocker_actors.blueprint.context import Context, Names
from clocker_actors.blueprint.service import suggested_name
from clocker_actors.model.specs import ServiceSpec


def assign(services: Sequence[ServiceSpec], context: Context) -> tuple[ServiceSpec, ...]:
    """The services, each with a name that is free beside its siblings and an id that is free in the file; also their children and members."""
    return _level(services, Names(context.ids))


def _level(services: Sequence[ServiceSpec], ids: Names) -> tuple[ServiceSpec, ...]:
    names = Names(spec.name for spec in services if spec.name)
    found = []
    for spec in services:
        name = spec.name or names.fresh(suggested_name(spec))
        identity = spec.id or ids.fresh(name)
        cluster = spec.cluster
        if cluster:
            cluster = replace(cluster, member=_member(cluster.member, identity, ids))
        found.append(replace(spec, id=identity, name=name, cluster=cluster, children=_level(spec.children, ids)))
    return tuple(found)


def _member(member: ServiceSpec, cluster: str, ids: Names) -> ServiceSpec:
    identity = member.id or ids.fresh(f"{cluster}-member")
    return _level((replace(member, id=identity),), ids)[0]

"""The sizes of a cluster: fewest, first, most, quorum; each within its neighbours."""

from clocker_actors.blueprint.section import Section
from clocker_actors.model.specs import MAX_MEMBERS, ClusterSpec, RemovalStrategy, ServiceSpec


def read_sizes(section: Section, member: ServiceSpec) -> ClusterSpec:
    """The cluster of a section, whose member is already read. The size at first is brought within the bounds only if it is not written."""
    least, most, quorum = section.integer("minSize"), section.integer("maxSize"), section.integer("quorum")
    first = section.integer("initialSize") if "initialSize" in section else min(max(1, least), most)
    if least > most:
        section.fault(
            "minSize", f"{section.spelled('minSize')} {least} is above {section.spelled('maxSize')} {most}; write the smaller one there"
        )
    elif first < least:
        section.fault(
            "initialSize", f"{section.spelled('initialSize')} {first} is below {section.spelled('minSize')} {least}; write at least {least}"
        )
    elif first > most:
        more = "" if "maxSize" in section else " (the limit, unless `maxSize` says more)"
        section.fault("initialSize", f"{section.spelled('initialSize')} {first} is above the most, {most}{more}; write at most {most}")
    if quorum > most:
        section.fault("quorum", f"{section.spelled('quorum')} {quorum} can never be met with at most {most} members; write at most {most}")
    return ClusterSpec(
        member=member,
        initial_size=first,
        min_size=least,
        max_size=most if "maxSize" in section else MAX_MEMBERS,
        quorum=quorum,
        quarantine=section.boolean("quarantine"),
        removal=RemovalStrategy(section.text("removalStrategy")),
    )

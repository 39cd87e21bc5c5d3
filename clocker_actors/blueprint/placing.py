"""What a blueprint says of placement beside the strategies: affinity rules, wherever they may stand, and what is set aside for a container."""

from dataclasses import replace

from clocker_actors.blueprint.affinity import read_rules
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import ListNode, MapNode, Node, ScalarNode, describe
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import MINIMUM_KEYS
from clocker_actors.model.affinity import AffinityRule
from clocker_actors.model.specs import Requests, ServiceSpec, StrategySpec

_STRATEGY = "dockeraffinityrulestrategy"
_RULES = "affinity.rules"


def read_affinity(section: Section, context: Context) -> tuple[AffinityRule, ...]:
    """The rules of a service or docker-cloud: of its key `affinity`, and of the ancestor's strategy that only carried rules."""
    own = read_rules(section.node("affinity"), section.spelled("affinity"), context)
    node = section.node("strategies")
    items = node.items if isinstance(node, ListNode) else (node,) if node is not None else ()
    carried = (read_rules(_carried(item), f"`{_RULES}`", context) for item in items if carries_rules(item))
    return unique((*own, *(rule for rules in carried for rule in rules)))


def carries_rules(item: Node) -> bool:
    """Whether a strategy is the ancestor's that applies affinity rules, which are always applied here."""
    name = item.text if isinstance(item, ScalarNode) else ""
    if isinstance(item, MapNode):
        entry = item.entries.get("type")
        name = entry.node.text if entry and isinstance(entry.node, ScalarNode) else next(iter(item.entries), "")
    return name.removeprefix("java:").rpartition(".")[2].lower() == _STRATEGY


def _carried(item: Node) -> Node | None:
    """The rules in such a strategy: beside its type, below `config`, or below its name."""
    if not isinstance(item, MapNode):
        return None
    if _RULES in item.entries:
        return item.entries[_RULES].node
    inner = (_carried(entry.node) for entry in item.entries.values())
    return next((found for found in inner if found is not None), None)


def unique(rules: tuple[AffinityRule, ...]) -> tuple[AffinityRule, ...]:
    """The rules without those that are there before."""
    return tuple(dict.fromkeys(rules))


def with_rules(spec: ServiceSpec, rules: tuple[AffinityRule, ...]) -> ServiceSpec:
    """The service and all below it with these rules beside their own."""
    if not rules:
        return spec
    return replace(
        spec,
        affinity=unique((*spec.affinity, *rules)),
        cluster=replace(spec.cluster, member=with_rules(spec.cluster.member, rules)) if spec.cluster else None,
        children=tuple(with_rules(child, rules) for child in spec.children),
    )


def read_minimum(section: Section, context: Context) -> tuple[StrategySpec, ...]:
    """The least free room of its host, as the strategy that sees to it."""
    node = section.node("provisioning.properties")
    if node is None:
        return ()
    if not isinstance(node, MapNode):
        section.fault(
            "provisioning.properties",
            f"{section.spelled('provisioning.properties')} has {describe(node)}; write {{minRam: 4g, minCores: 2}}",
        )
        return ()
    inner = Section.read(node, "provisioning.properties", MINIMUM_KEYS, context.faults)
    return (StrategySpec("ProvisioningFlags", {"minRam": inner.integer("minRam"), "minCores": inner.number("minCores")}),)


def read_requests(section: Section) -> Requests:
    """What placement sets aside for a container."""
    return Requests(section.maybe_integer("memoryRequest"), section.maybe_number("cpusRequest"), section.maybe_integer("diskRequest"))

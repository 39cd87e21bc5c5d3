"""Clouds: which one, where in it, and what its machines are to be like.

libcloud:ec2:eu-west-1:(minRam=8g, imageNameRegex="debian-12.*", user=admin)
{'jclouds:aws-ec2:eu-west-1': {minRam: 8192, imageId: ami-1, tags: {team: shop}}}
"""

import re

from clocker_actors.blueprint.coerce import integer, pairs, size, texts
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import ListNode, Mark, Node, ScalarNode, is_null, quote
from clocker_actors.blueprint.options import absolute, as_list, secret_name, url
from clocker_actors.blueprint.providers import EXAMPLES, OWN, REGIONLESS, known_names, provider_of, unusable
from clocker_actors.blueprint.section import Section
from clocker_actors.model.locations import CloudSpec, LocationSpec, NodeTemplate, SecretRef
from clocker_actors.model.values import Value

MIB, GIB = 1 << 20, 1 << 30
SIMULATED = "simulated"
"""The provider of the simulated driver, which libcloud does not know."""

OURS = "clocker-"
"""How the manager's own tags begin."""

_TEXTS = (
    ("image_id", "imageId"),
    ("hardware_id", "hardwareId"),
    ("os_family", "osFamily"),
    ("user", "user"),
)
_REGEXES = (("image_regex", "imageNameRegex"), ("hardware_regex", "hardwareNameRegex"))
_FILES = (("key_file", "privateKeyFile"), ("public_key", "publicKeyFile"))
IMAGELESS = frozenset({SIMULATED, "ec2"})
"""Clouds whose machines get an image that nobody names: on EC2 the newest Debian."""

_EITHER = (("imageId", "imageNameRegex"), ("hardwareId", "hardwareNameRegex"))


def read_cloud(name: str, behind: str, mark: Mark, section: Section, owner: str, context: Context) -> CloudSpec | None:
    """The cloud of `NAME:BEHIND`, provider and region, and its options. `owner` names its secrets; "" is for the provider's own name."""
    provider = SIMULATED if name == SIMULATED else provider_of(name)
    if provider is None:
        context.faults.unknown(mark, name, "a cloud that libcloud knows", known_names())
        return None
    endpoint = url(section, "endpoint")
    region = _region(name, provider, behind, mark, section)
    secrets = secret_name(section, owner or secrets_of(provider))
    template = NodeTemplate(**read_template(section, context))  # type: ignore[arg-type]  # read by the table of these fields
    return CloudSpec(provider, region, SecretRef(f"{secrets}.identity"), SecretRef(f"{secrets}.credential"), endpoint, template)


def lacks(location: LocationSpec, *, of_settings: bool = False) -> str:
    """What is wrong with a cloud as a place to make hosts in, with one thing to do; "" if nothing is. Its image may be named where one of the settings is."""
    cloud = location.cloud
    if cloud is None or cloud.provider in IMAGELESS:
        return ""
    if words := unusable(cloud.provider):
        return f"{quote(location.name)} can make no machines: {words}; name another cloud, as libcloud:ec2:eu-west-1, or machines that exist (byon)"
    template = cloud.template
    if of_settings or template.image_id or template.image_regex or template.os_family:
        return ""
    return f"machines of {quote(location.name)} have no image; write one of imageId, imageNameRegex and osFamily, as {location.name}:(osFamily=debian)"


def secrets_of(provider: str) -> str:
    """Under which name settings have the secrets of a cloud that they do not name."""
    return provider.replace("_", "-")


def _region(name: str, provider: str, behind: str, mark: Mark, section: Section) -> str:
    option = section.text("region")
    if "://" in behind:
        section.faults.add(mark, "an url is not a region; write it as the option `endpoint`")
    elif behind and option and behind != option:
        section.fault("region", f"the region is {quote(option)} here and {quote(behind)} in the location; keep one of them")
    elif not behind and not option and provider not in {SIMULATED, *REGIONLESS} and not provider.startswith(OWN) and not unusable(provider):
        example = EXAMPLES.get(provider)
        how = f"as {name}:{example}" if example else f"as {name}:REGION, by the name it has there"
        section.faults.add(mark, f"{quote(name)} has no region; write it behind, {how}")
    return behind or option


def read_template(section: Section, context: Context) -> dict[str, Value]:
    """Fields of a `NodeTemplate` that are written, and only those."""
    found: dict[str, Value] = {field: section.text(key) for field, key in _TEXTS if key in section}
    found |= {field: _regex(section, key) for field, key in _REGEXES if key in section}
    found |= {field: absolute(section, key) for field, key in _FILES if key in section}
    for one, other in _EITHER:
        if one in section and other in section:
            section.fault(other, f"{section.spelled(one)} and {section.spelled(other)} both say which; keep one of them")
    if "minRam" in section:
        found["min_ram"] = _size(section, "minRam", MIB)
    if "minDisk" in section:
        found["min_disk"] = _size(section, "minDisk", GIB)
    if "minCores" in section:
        found["min_cores"] = section.number("minCores")
    if "machineCreateAttempts" in section:
        found["machine_create_attempts"] = section.integer("machineCreateAttempts")
    if "destroyOnFailure" in section:
        found["destroy_on_failure"] = section.boolean("destroyOnFailure")
    return found | _several(section, context)


def _several(section: Section, context: Context) -> dict[str, Value]:
    """The fields that have several values."""
    found: dict[str, Value] = {}
    owners = section.node("imageOwner")
    groups, ports = section.node("securityGroups"), section.node("inboundPorts")
    if owners:
        found["image_owners"] = texts(as_list(owners), section.spelled("imageOwner"), context.faults)
    if groups:
        found["security_groups"] = texts(as_list(groups), section.spelled("securityGroups"), context.faults)
    if ports:
        items = as_list(ports)
        nodes = items.items if isinstance(items, ListNode) else (items,)
        numbers = (integer(each, section.spelled("inboundPorts"), context.faults, 1, 65_535) for each in nodes)
        found["inbound_ports"] = tuple(number for number in numbers if number is not None)
    for field, key in (("tags", "tags"), ("user_metadata", "userMetadata")):
        node = section.node(key)
        if node:
            found[field] = pairs(as_list(node), section.spelled(key), context.faults)
            _refuse_ours(section, key, found[field])
    return found


def _refuse_ours(section: Section, key: str, pairs_found: Value) -> None:
    for name in pairs_found if isinstance(pairs_found, dict) else ():
        if name.lower().startswith(OURS):
            section.fault(
                key, f"{quote(name)} in {section.spelled(key)} begins with {quote(OURS)}, which is the manager's own; use another name"
            )


def _regex(section: Section, key: str) -> str:
    found = section.text(key)
    try:
        re.compile(found)
    except (re.error, OverflowError, RecursionError) as error:
        section.fault(key, f"{section.spelled(key)} {quote(found)} is no regular expression ({error}); mend it, or write the id instead")
    return found


def _size(section: Section, key: str, unit: int) -> int:
    """Bytes; a bare number is in the unit that the ancestor took it in, unless it is too large for that."""
    node: Node | None = section.node(key)
    if node is None:
        return 0
    if isinstance(node, ScalarNode) and not is_null(node) and node.text.strip().isascii() and node.text.strip().isdecimal():
        number = integer(node, section.spelled(key), section.faults, 0, 1 << 50) or 0
        return number * unit if number < MIB else number
    return size(node, section.spelled(key), section.faults, 0, 1 << 50) or 0

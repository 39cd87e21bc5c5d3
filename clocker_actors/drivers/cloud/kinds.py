"""Where libcloud's drivers differ: how one is made, how a node gets its key and tags, and how tags are read.

What a driver can do is seen by the arguments it takes, so that most of libcloud's providers need no word here. A public key goes in by
user data (cloud-init) where there is such, which leaves no key pair in the cloud; tags of a provider without any are read from names.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

from clocker_actors.drivers.cloud.choosing import ARM, X86, Image, Size
from clocker_actors.errors import CloudFault
from clocker_actors.model.locations import TOKENS, CloudSpec, NodeTemplate, Resolver
from clocker_actors.ports.cloud import Node, NodeRequest, NodeState

if TYPE_CHECKING:
    from libcloud.compute.base import Node as TheirNode
    from libcloud.compute.base import NodeDriver, NodeImage, NodeSize
    from libcloud.compute.drivers.ec2 import EC2SecurityGroup

HTTP_LIMIT = 30.0
PREFIX = "clocker-"
OWNERS = ("136693071363", "099720109477", "amazon", "self")
"""Whose images are looked at on EC2: Debian's, Ubuntu's (Canonical), Amazon's and the account's own."""
_ARM_FAMILY = re.compile(r"a1|[a-z]+[0-9]+[a-z]*g[a-z]*")
"""EC2's families of sizes with ARM, as c6g, m7gd, im4gn and t4g."""
EVERYBODY = "0.0.0.0/0"
_USER_DATA = ("ex_userdata", "ex_user_data", "cloud_init")
_TAGS = ("ex_metadata", "ex_labels")
_TAG_LISTS = ("ex_create_attr", "ex_tags")
_STATES = {
    "running": NodeState.RUNNING,
    "starting": NodeState.PENDING,
    "rebooting": NodeState.PENDING,
    "pending": NodeState.PENDING,
    "reconfiguring": NodeState.PENDING,
    "updating": NodeState.PENDING,
    "migrating": NodeState.RUNNING,
    "terminated": NodeState.TERMINATED,
    "stopping": NodeState.STOPPING,
    "error": NodeState.ERROR,
}


def make_driver(spec: CloudSpec, resolve: Resolver) -> NodeDriver:
    """A driver of the spec's provider. Raises CloudFault for one that libcloud has not, SettingsError for a secret that is not set."""
    from libcloud.compute.providers import get_driver  # noqa: PLC0415

    try:
        kind = get_driver(spec.provider)
    except AttributeError as error:
        raise CloudFault(f"libcloud has no provider {spec.provider!r}: name one of its compute drivers", cloud=spec.provider) from error
    credential = resolve(spec.credential)
    if spec.provider in TOKENS:
        return kind(credential)  # their classes take no options; libcloud's HTTP timeout for them is 60 s
    known = inspect.signature(kind.__init__).parameters
    options: dict[str, object] = {"timeout": HTTP_LIMIT} if any(one.kind is one.VAR_KEYWORD for one in known.values()) else {}
    if spec.provider == "openstack":  # as jclouds spells it: project:user
        project, _, user = resolve(spec.identity).rpartition(":")
        options |= {"ex_tenant_name": project, "ex_force_service_region": spec.region, "ex_force_auth_version": "3.x_password"}
        options |= {"ex_force_auth_url": spec.endpoint} if spec.endpoint else {}
        return kind(user, credential, **options)
    if spec.region and "region" in known:
        options["region"] = spec.region
    if "signature_version" in known:
        options["signature_version"] = "4"  # libcloud signs as of 2006 in the oldest regions
    if spec.endpoint and "url" in known:
        options["url"] = spec.endpoint
    elif spec.endpoint:
        parts = urlsplit(spec.endpoint)
        secure = parts.scheme == "https"
        options |= {"host": parts.hostname, "port": parts.port or (443 if secure else 80), "secure": secure}
    return kind(resolve(spec.identity), credential, **options)


def arguments(driver: NodeDriver, request: NodeRequest) -> dict[str, object]:
    """What `create_node` is given beside name, size, image and place. Raises CloudFault when there is no way to put a key on the node."""
    template = request.template
    made: dict[str, object] = {}
    user_data = next((name for name in _USER_DATA if takes(driver, name)), None)
    if user_data is not None:
        made[user_data] = cloud_config(request.public_key, template.user)
    elif "ssh_key" in driver.features.get("create_node", []):
        from libcloud.compute.base import NodeAuthSSHKey  # noqa: PLC0415

        made["auth"] = NodeAuthSSHKey(request.public_key)
    else:
        raise CloudFault(
            f"{driver.name} takes neither user data nor keys, so nobody could enter its machines: use another provider", cloud=driver.name
        )
    tags = {**template.user_metadata, **template.tags, **request.tags}
    if (keyword := next((name for name in _TAGS if takes(driver, name)), None)) is not None:
        made[keyword] = tags
    elif (keyword := next((name for name in _TAG_LISTS if takes(driver, name)), None)) is not None:
        words = [f"{key}:{value}" for key, value in tags.items()]
        made[keyword] = {"tags": words} if keyword == "ex_create_attr" else words
    groups = [*template.security_groups, *_group_of(driver, template.inbound_ports)]
    if groups and takes(driver, "ex_security_groups"):
        made["ex_security_groups"] = groups
    return made


def disks(driver: NodeDriver, image: NodeImage, least: int) -> dict[str, object]:
    """What `create_node` is given for a root disk of at least these bytes, where disks are not part of a size, as on EC2: nothing if the image's is enough.

    Raises CloudFault for an image of which nobody knows the root device.
    """
    if not least or not _is_ec2(driver):
        return {}
    mappings = (image.extra or {}).get("block_device_mapping")
    stored = [one for one in _listed(mappings) if isinstance(one, Mapping) and isinstance(one.get("ebs"), Mapping)]
    root = next((one for one in stored if one["ebs"].get("snapshot_id")), None)
    if root is None:
        raise CloudFault(
            f"image {image.id} does not say what its root device is: leave out minDisk, or name another image", cloud=driver.name
        )
    wanted = -(-least >> 30)  # GiB, rounded up
    if _whole(root["ebs"].get("volume_size")) >= wanted:
        return {}
    return {
        "ex_blockdevicemappings": [{"DeviceName": str(root["device_name"]), "Ebs": {"VolumeSize": wanted, "DeleteOnTermination": "true"}}]
    }


class _Groups(Protocol):
    """Security groups as EC2 has them."""

    def ex_list_security_groups(self) -> list[str]: ...
    def ex_create_security_group(self, name: str, description: str) -> object: ...
    def ex_get_security_groups(self, *, group_names: list[str]) -> list[EC2SecurityGroup]: ...
    def ex_authorize_security_group(self, name: str, from_port: int, to_port: int, cidr_ip: str) -> object: ...


def _group_of(driver: NodeDriver, ports: Sequence[int]) -> list[str]:
    """A security group that lets everybody in at these ports, made where there is none; the same for all nodes with these ports.

    Providers without security groups have open ports, so there is nothing to do.
    """
    if not ports or not takes(driver, "ex_security_groups"):
        return []
    if not hasattr(driver, "ex_get_security_groups"):
        raise CloudFault(
            f"{driver.name}: ports cannot be opened from here: make a security group there and name it in securityGroups",
            cloud=driver.name,
        )
    ec2 = cast("_Groups", driver)  # and those that stand on it
    wanted = sorted(set(ports))
    name = "-".join(("clocker-ports", *map(str, wanted)))
    if name not in ec2.ex_list_security_groups():
        try:
            ec2.ex_create_security_group(name, "ports of nodes made by clocker")
        except Exception:  # a node that is made at the same time may have been faster
            if name not in ec2.ex_list_security_groups():
                raise
    (group,) = ec2.ex_get_security_groups(group_names=[name])
    for port in wanted:
        if not any(_lets_in(rule, port) for rule in group.ingress_rules):
            ec2.ex_authorize_security_group(name, port, port, EVERYBODY)
    return [name]


def _lets_in(rule: Mapping[str, object], port: int) -> bool:
    """Whether a rule of a group lets everybody in at a port; one for all protocols (-1) names none."""
    if rule.get("protocol") not in {"tcp", "-1"} or EVERYBODY not in _listed(rule.get("cidr_ips")):
        return False
    first, last = (str(rule.get(end) or "") for end in ("from_port", "to_port"))
    return not (first and last) or int(first) <= port <= int(last)


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def cloud_config(public_key: str, user: str) -> str:
    """User data that lets a key in as a user, and as root where that is the user."""
    keys = json.dumps([public_key])  # JSON is YAML
    return f"#cloud-config\nssh_authorized_keys: {keys}\n" + ("disable_root: false\n" if user in ("", "root") else "")


def node_of(node: TheirNode) -> Node:
    """A node in our words."""
    made = node.created_at
    return Node(
        id=str(node.id),
        name=str(node.name),
        state=_state(node),
        address=str((node.public_ips or node.private_ips or [""])[0]),
        private_address=str((node.private_ips or [""])[0]),
        tags=_tags(node),
        created_at=made.timestamp() if made else 0.0,
    )


def size_of(size: NodeSize) -> Size:
    """A size in our words; libcloud counts memory in MB and disks in GB, and keeps cores where each driver likes."""
    extra = size.extra or {}
    cores = next(
        (extra[key] for key in ("cpu", "vcpu", "vcpus", "cpus", "cores", "guestCpus") if extra.get(key)), getattr(size, "vcpus", 0)
    )
    ram, disk = _whole(size.ram) << 20, _whole(size.disk) << 30
    return Size(str(size.id), str(size.name), ram, disk, _amount(cores), _amount(size.price), _architecture(size))


def _architecture(size: NodeSize) -> str:
    """What it runs; only EC2 says, by names as t4g.small."""
    if not _is_ec2(size.driver):
        return ""
    return ARM if _ARM_FAMILY.fullmatch(str(size.id).partition(".")[0]) else X86


def image_of(image: NodeImage) -> Image:
    """An image in our words."""
    extra = image.extra or {}
    made = next((str(extra[key]) for key in ("creation_date", "created_at", "created", "creationTimestamp") if extra.get(key)), "")
    said = str(extra.get("architecture") or "")
    return Image(str(image.id), str(image.name or ""), made, {"amd64": X86, "aarch64": ARM}.get(said, said))


def with_image(provider: str, template: NodeTemplate) -> NodeTemplate:
    """The template, with the newest Debian where nobody names an image of EC2's."""
    named = template.image_id or template.image_regex or template.os_family
    return template if named or provider != "ec2" else replace(template, os_family="debian")


def images(driver: NodeDriver, template: NodeTemplate) -> list[NodeImage]:
    """What it offers. Of EC2, where everybody may publish an image under any name, only those of the template's owners, or of well-known ones.

    Raises CloudFault for owners where nobody says whose an image is.
    """
    owned = "ex_owner" in inspect.signature(driver.list_images).parameters
    if template.image_owners and not owned:
        raise CloudFault(f"{driver.name} does not say whose an image is: remove imageOwner", cloud=driver.name)
    owners = template.image_owners or (OWNERS if _is_ec2(driver) else ())
    if not owners:
        return driver.list_images()
    listed: Callable[..., list[NodeImage]] = driver.list_images  # libcloud's types do not know this argument
    return list({str(image.id): image for owner in owners for image in listed(ex_owner=owner)}.values())


def has_tags(driver: NodeDriver) -> bool:
    """Whether its nodes carry tags at all."""
    return any(takes(driver, name) for name in (*_TAGS, *_TAG_LISTS))


def takes(driver: NodeDriver, argument: str) -> bool:
    """Whether its `create_node` has an argument."""
    return argument in inspect.signature(driver.create_node).parameters


def tags_of_name(name: str) -> dict[str, str]:
    """What a name `clocker-PLANE-HOST` says, for providers without tags."""
    plane, _, host = name.removeprefix(PREFIX).rpartition("-")
    return {"clocker-plane": plane, "clocker-host": host} if name.startswith(PREFIX) and plane else {}


def _is_ec2(driver: NodeDriver) -> bool:
    return str(getattr(driver, "api_name", "")).startswith("ec2")


def _state(node: TheirNode) -> NodeState:
    if node.extra.get("status") == "shutting-down":  # EC2's, of which libcloud makes an unknown state
        return NodeState.STOPPING
    return _STATES.get(str(node.state), NodeState.UNKNOWN)


def _tags(node: TheirNode) -> dict[str, str]:
    for key in ("tags", "metadata", "labels"):
        match node.extra.get(key):
            case Mapping() as found:
                return {str(name): str(value) for name, value in found.items()}
            case [str(), *_] as words:
                pairs = (str(word).partition(":") for word in words)
                return {name: value for name, _, value in pairs}
    return {}


def _whole(amount: object) -> int:
    return int(_amount(amount))


def _amount(amount: object) -> float:
    try:
        found = float(str(amount))
    except ValueError:
        return 0.0
    return found if 0 <= found < 1e15 else 0.0

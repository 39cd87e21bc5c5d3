"""Clouds by the names people know them by: libcloud's own, and jclouds' (the ancestor's) for the same ones.

The names stand here because libcloud itself may be imported only by the drivers; a test holds them against it. A name that begins with `x-` is a driver that
somebody registers with libcloud themselves.
"""

from collections.abc import Mapping

OWN = "x-"

_NAMES = (
    "abiquo aliyun_ecs aurora_compute azure azure_arm brightbox cloudscale cloudsigma cloudstack digitalocean dimensiondata dummy ec2 equinixmetal eucalyptus "
    "exoscale gandi gce gig_g8 gridscale ikoula internetsolutions kamatera ktucloud kubevirt libvirt linode maxihost nimbus nttcis ntta onapp opennebula "
    "openstack outscale outscale_inc outscale_sas ovh rackspace rackspace_first_gen rimuhosting scaleway terremark upcloud vcl vcloud vpsnet vsphere "
    "vultr"
)
PROVIDERS = frozenset(_NAMES.split())
"""libcloud's names of its compute drivers."""

WITHDRAWN = frozenset({"softlayer"})
"""Clouds that libcloud had a driver for; their names are still read, since a driver may be registered under them."""

_LOCKED = (
    "abiquo aliyun_ecs azure cloudscale cloudsigma dimensiondata dummy gandi gig_g8 internetsolutions ktucloud libvirt maxihost ntta nttcis onapp opennebula "
    "rackspace_first_gen rimuhosting scaleway terremark vcl vcloud vpsnet vsphere"
)
LOCKED = frozenset(_LOCKED.split())
"""Clouds whose drivers take neither user data nor a key, so that nobody could enter a machine made there."""

NEEDING: Mapping[str, str] = {"azure_arm": "a tenant and a subscription", "gce": "a project", "ovh": "a project"}
"""Clouds whose drivers want what no key gives."""

JCLOUDS: Mapping[str, str] = {
    "aws-ec2": "ec2",
    "azurecompute": "azure",
    "azurecompute-arm": "azure_arm",
    "cloudsigma2": "cloudsigma",
    "cloudsigma2-hnl": "cloudsigma",
    "cloudsigma2-lvs": "cloudsigma",
    "cloudsigma2-sjc": "cloudsigma",
    "cloudsigma2-wdc": "cloudsigma",
    "cloudsigma2-zrh": "cloudsigma",
    "digitalocean2": "digitalocean",
    "dimensiondata-cloudcontrol": "dimensiondata",
    "ec2": "ec2",
    "google-compute-engine": "gce",
    "openstack-nova": "openstack",
    "openstack-nova-ec2": "eucalyptus",
    "packet": "equinixmetal",
    "aliyun-ecs": "aliyun_ecs",
    "rackspace-cloudservers": "rackspace",
    "rackspace-cloudservers-us": "rackspace",
    "rackspace-cloudservers-uk": "rackspace",
    "softlayer": "softlayer",
    "vcloud-director": "vcloud",
}
"""jclouds' names of providers and apis, where they are not libcloud's."""

REGIONLESS = frozenset(
    {"abiquo", "cloudsigma", "dummy", "eucalyptus", "libvirt", "opennebula", "vcloud", "vsphere", "cloudstack", "kubevirt", "openstack"}
)
"""Where an endpoint, or the account, says where machines are made."""


EXAMPLES: Mapping[str, str] = {
    "ec2": "eu-west-1",
    "digitalocean": "ams3",
    "linode": "eu-central",
    "vultr": "ams",
    "rackspace": "lon",
    "upcloud": "fi-hel1",
    "exoscale": "ch-gva-2",
    "outscale": "eu-west-2",
}
"""A region of each of these clouds, for hints."""


def provider_of(written: str) -> str | None:
    """libcloud's name of a provider by either spelling, whatever its case; None if nobody knows it."""
    lowered = written.lower()
    if lowered.startswith(OWN) and len(lowered) > len(OWN):
        return lowered
    known = JCLOUDS.get(lowered, lowered.replace("-", "_"))
    return known if known in PROVIDERS or known in WITHDRAWN else None


def unusable(provider: str) -> str:
    """Why no machines can be made there, by libcloud's name of it; "" if they can, as far as is known."""
    if provider in WITHDRAWN:
        return "libcloud has no driver for it any more"
    if provider in LOCKED:
        return "libcloud's driver puts neither user data nor a key on a machine, so nobody could enter it"
    return f"its driver needs {NEEDING[provider]}, for which there is no key here" if provider in NEEDING else ""


def known_names() -> list[str]:
    """All names a person may write."""
    return sorted({*PROVIDERS, *JCLOUDS})

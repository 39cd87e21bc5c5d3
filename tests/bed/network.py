"""The wires: a switch with one plug into this machine, and a cable to each host.

The switch is a bridge in a namespace of its own, not among the machine's links: the machine's packet filter (a Docker daemon sets its
FORWARD policy to drop) then never sees what hosts say to each other, and deleting the namespace deletes everything on it.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from tests.bed.claim import Claim
from tests.bed.process import BedError, end, in_network, run, wait_until

NAMESPACES = Path("/run/netns")
GATEWAY = 1
FIRST_HOST = 11


class Cable:
    """One host's link to the switch; its namespace has the link as eth0, with the host's address."""

    def __init__(self, claim: Claim, place: int) -> None:
        self.switch = claim.name
        self.port = f"h{place}"
        self.name = f"{claim.name}-{place}"
        self.address = claim.address(FIRST_HOST - 1 + place)
        self.gateway = claim.address(GATEWAY)
        self.namespace = NAMESPACES / self.name
        run("ip", "netns", "add", self.name)
        run("ip", "-n", self.switch, "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "-n", self.switch, "link", "set", self.port, "master", "br0", "up")
        run("ip", "-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        run("ip", "-n", self.name, "link", "set", "eth0", "up")

    def cut(self) -> None:
        """Pull the cable: nothing gets through and nobody is told."""
        run("ip", "-n", self.switch, "link", "set", self.port, "down")

    def plug(self) -> None:
        """Plug it in again."""
        run("ip", "-n", self.switch, "link", "set", self.port, "up")

    def drop(self, chain: str, *, dropping: bool) -> None:
        """Let what comes in (`INPUT`) or goes out (`OUTPUT`) of the host vanish, the other way being open."""
        way = "-i" if chain == "INPUT" else "-o"
        run("nsenter", f"--net={self.namespace}", "iptables", "-I" if dropping else "-D", chain, way, "eth0", "-j", "DROP")


def make_switch(claim: Claim) -> None:
    """Make the switch; its plug is the only link the machine itself gets, named as the claim."""
    name = claim.name
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "add", "br0", "type", "bridge")
    run("ip", "-n", name, "link", "set", "br0", "up")
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "uplink", "netns", name)
    run("ip", "-n", name, "link", "set", "uplink", "master", "br0", "up")
    run("ip", "address", "add", f"{claim.address(GATEWAY)}/24", "dev", name)
    run("ip", "link", "set", name, "up")


def remove_network(claim: Claim) -> None:
    """Remove the switch and all cables of a claim with whatever still runs in them, and wait until the links are gone."""
    for name in sorted(namespaces_of(claim)):
        for pid in in_network(NAMESPACES / name):
            end(pid)
        run("ip", "netns", "delete", name)
    with contextlib.suppress(BedError):  # deleting the far end has often taken it along already
        run("ip", "link", "delete", claim.name)
    wait_until(lambda: claim.name not in links(), 10.0, f"link {claim.name} is still there")


def namespaces_of(claim: Claim) -> set[str]:
    """Names of the claim's network namespaces."""
    names = (path.name for path in NAMESPACES.glob(f"{claim.name}*"))
    return {name for name in names if name == claim.name or name.startswith(f"{claim.name}-")}


def links() -> set[str]:
    """Names of this machine's links."""
    return {line["ifname"] for line in json.loads(run("ip", "-j", "link"))}

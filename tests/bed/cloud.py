"""The bed's cloud: libcloud's view of bare machines that really boot, with what clouds do on bad days.

`BedCloud` is the cloud itself, with its switch, mirror and quota. `BedNodeDriver` is what libcloud makes of it, registered as provider
PROVIDER; its region is the bed's name. Its user data is read as cloud-init would, as far as it names keys.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

import yaml
from libcloud.common.exceptions import BaseHTTPError, RateLimitReachedError
from libcloud.common.types import InvalidCredsError
from libcloud.compute.base import Node, NodeDriver, NodeImage, NodeLocation, NodeSize
from libcloud.compute.providers import set_driver
from libcloud.compute.types import NodeState

from tests.bed.claim import Claim, claim
from tests.bed.debian import make_root
from tests.bed.engine import sweep, sweep_abandoned
from tests.bed.mirror import Mirror
from tests.bed.network import Cable, make_switch
from tests.bed.node import BareNode
from tests.bed.process import BedError
from tests.bed.ready import why_not

PROVIDER = "bed"
ROOT = os.environ.get("CLOCKER_BARE_ROOT", "")
"""A root made before, for whoever runs these tests again and again."""
IDENTITY, CREDENTIAL = "somebody", "open-sesame"
T = TypeVar("T")
_CLOUDS: dict[str, BedCloud] = {}


@dataclass(slots=True)
class Made:
    """A node as the cloud's books have it."""

    id: str
    name: str
    machine: BareNode
    tags: Mapping[str, str]
    created: datetime
    state: NodeState = NodeState.PENDING


@dataclass(slots=True)
class Weather:
    """What goes wrong next: each call of an operation takes one from its list, which is raised before or after the thing is done."""

    before: dict[str, list[Exception]] = field(default_factory=dict)
    after: dict[str, list[Exception]] = field(default_factory=dict)
    slow: float = 0.0
    calls: list[str] = field(default_factory=list)

    def fail(self, operation: str, error: Exception, times: int = 1) -> None:
        """The next calls of an operation do nothing and raise this."""
        self.before.setdefault(operation, []).extend([error] * times)

    def lose_reply(self, operation: str, times: int = 1) -> None:
        """The next calls of an operation are done, and their answers get lost."""
        self.after.setdefault(operation, []).extend([TimeoutError("timed out")] * times)

    def limit_rate(self, operation: str, times: int = 1, retry_after: float = 0.1) -> None:
        """The next calls of an operation are too many."""
        error = RateLimitReachedError(headers={"retry-after": str(retry_after)})  # type: ignore[no-untyped-call]
        self.fail(operation, error, times)


class BedCloud:
    """`with BedCloud() as cloud:` is a cloud without nodes; all of it is gone afterwards. `quota` is how many nodes it gives."""

    def __init__(self, quota: int = 8) -> None:
        self.quota = quota
        self.weather = Weather()
        self.name = ""
        self.made: dict[str, Made] = {}
        self.mirror: Mirror
        self._root: Path
        self._folder: Path
        self._claim: Claim | None = None
        self._places = 0
        self._books = threading.RLock()
        self._closing = threading.Lock()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def open(self) -> None:
        """Make root, switch and mirror (25 s). Removes all on failure."""
        if (reason := why_not()) is not None:
            raise BedError(reason)
        sweep_abandoned()
        held = self._claim = claim()
        self.name = held.name
        atexit.register(self.close)
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=f"{held.name}-"))
            self._folder.chmod(0o711)
            held.note(self._folder)
            make_switch(held)
            self.mirror = Mirror(held.address(1))
            self.mirror.start()
            self._root = Path(ROOT) if ROOT else make_root(self._folder)
        except BaseException:
            self.close()
            raise
        _CLOUDS[self.name] = self

    def close(self) -> None:
        """Remove everything; a second call does nothing."""
        with self._closing:
            if self._claim is None:
                return
            _CLOUDS.pop(self.name, None)
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(lambda made: made.machine.power_cut(), self.made.values()))
            if hasattr(self, "mirror"):
                self.mirror.close()
            sweep(self._claim)
            self._claim = None
            atexit.unregister(self.close)

    def clear(self) -> None:
        """Destroy all nodes and end bad weather."""
        self.weather = Weather()
        for made in list(self.made.values()):
            self.destroy(made.id)

    def machine(self, name: str) -> BareNode:
        """The machine of a living node, by the node's name."""
        return next(made.machine for made in self.made.values() if made.name == name and made.state is not NodeState.TERMINATED)

    def create(self, name: str, tags: Mapping[str, str], key: str) -> Made:
        """A new node, which boots meanwhile."""
        with self._books:
            assert self._claim is not None
            if sum(made.state is not NodeState.TERMINATED for made in self.made.values()) >= self.quota:
                raise _http(403, f"QuotaExceeded: no more than {self.quota} instances for this account")
            self._places += 1
            cable = Cable(self._claim, self._places)
            machine = BareNode(cable, self._folder / f"n{self._places}", self._root, key, self.mirror.url)
            made = Made(f"n-{self._places}", name, machine, dict(tags), datetime.now(UTC))
            self.made[made.id] = made
            machine.power_on()
            return made

    def destroy(self, identity: str) -> None:
        """Give a node's machine up; it is in the books as terminated."""
        with self._books:
            made = self.made[identity]
            if made.state is not NodeState.TERMINATED:
                made.state = NodeState.TERMINATED
                made.machine.destroy()

    def look(self) -> list[Made]:
        """All nodes, whose state is looked up."""
        with self._books:
            for made in self.made.values():
                if made.state is NodeState.TERMINATED:
                    continue
                lives = NodeState.RUNNING if made.machine.listening else NodeState.PENDING
                made.state = lives if made.machine.powered else NodeState.STOPPED
            return list(self.made.values())


class BedNodeDriver(NodeDriver):
    """libcloud's driver of a bed's cloud."""

    name = "Bed"
    website = "http://localhost"
    type = PROVIDER

    def __init__(self, key: str, secret: str, region: str = "", **options: object) -> None:
        self._key, self._secret, self._region = key, secret, region

    def list_nodes(self) -> list[Node]:
        """All nodes, the terminated ones too, as most clouds do for a while."""
        return self._call("list_nodes", lambda cloud: [self._node(made) for made in cloud.look()])

    def list_sizes(self, location: NodeLocation | None = None) -> list[NodeSize]:
        """Three sizes."""
        sizes = (("small", 512, 10, 1), ("medium", 2048, 20, 2), ("large", 8192, 80, 4))
        made = [NodeSize(name, name, ram, disk, None, 0.0, self, {"vcpus": cores}) for name, ram, disk, cores in sizes]
        return self._call("list_sizes", lambda cloud: made)

    def list_images(self, location: NodeLocation | None = None) -> list[NodeImage]:
        """One image, and one that is not for us."""
        images = [NodeImage("img-debian", "debian-bare", self), NodeImage("img-win", "windows-2022", self)]
        return self._call("list_images", lambda cloud: images)

    def list_locations(self) -> list[NodeLocation]:
        """One place."""
        return [NodeLocation("here", "here", "XX", self)]

    def create_node(  # type: ignore[override]  # each driver has arguments of its own
        self,
        name: str,
        size: NodeSize,
        image: NodeImage,
        location: NodeLocation | None = None,
        ex_userdata: str = "",
        ex_metadata: Mapping[str, str] | None = None,
    ) -> Node:
        """A node that boots."""
        keys = yaml.safe_load(ex_userdata)["ssh_authorized_keys"]
        return self._call("create_node", lambda cloud: self._node(cloud.create(name, ex_metadata or {}, "\n".join(keys))))

    def destroy_node(self, node: Node) -> bool:
        """The end of a node."""

        def destroy(cloud: BedCloud) -> bool:
            if node.id not in cloud.made or cloud.made[node.id].state is NodeState.TERMINATED:
                raise _http(404, f"no node {node.id}")
            cloud.destroy(node.id)
            return True

        return self._call("destroy_node", destroy)

    def _call(self, operation: str, action: Callable[[BedCloud], T]) -> T:
        cloud = _CLOUDS.get(self._region)
        if cloud is None:
            raise ConnectionRefusedError(f"no bed {self._region}")
        if (self._key, self._secret) != (IDENTITY, CREDENTIAL):
            raise InvalidCredsError("wrong identity or credential")
        weather = cloud.weather
        weather.calls.append(operation)
        time.sleep(weather.slow)
        if faults := weather.before.get(operation):
            raise faults.pop(0)
        result = action(cloud)
        if faults := weather.after.get(operation):
            raise faults.pop(0)
        return result

    def _node(self, made: Made) -> Node:
        return Node(
            made.id,
            made.name,
            made.state,
            [made.machine.address],
            [],
            self,
            extra={"metadata": dict(made.tags)},
            created_at=made.created,
        )


def _http(status: int, words: str) -> BaseHTTPError:
    return BaseHTTPError(status, words)  # type: ignore[no-untyped-call]


def register() -> None:
    """Make the provider known to libcloud; once is enough."""
    try:
        set_driver(PROVIDER, "tests.bed.cloud", "BedNodeDriver")  # type: ignore[arg-type]  # it wants names, whatever its types say
    except AttributeError:  # libcloud's word for: it is known
        return


register()

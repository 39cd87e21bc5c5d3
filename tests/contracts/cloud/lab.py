"""A cloud under test, and how to make it have a bad day."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from clocker_actors.model.locations import NodeTemplate
from clocker_actors.ports.cloud import Cloud, Node, NodeRequest, NodeState

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVwYWNr somebody@somewhere"


@dataclass(slots=True)
class CloudLab:
    """`quota` lets the next create find none left; `denied` makes a call with a wrong credential, where there is such."""

    kind: str
    cloud: Cloud
    template: NodeTemplate
    lose_reply: Callable[[str], None]
    busy: Callable[[str], None]
    fill_quota: Callable[[], None]
    denied: Callable[[], Awaitable[object]] | None = None
    key: str = KEY
    plane: str = "p1"
    _uids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def request(self, name: str = "", **tags: str) -> NodeRequest:
        """A request for a node of this plane."""
        uid = f"h{next(self._uids)}"
        own = {"clocker-plane": self.plane, "clocker-host": uid, **tags}
        return NodeRequest(name or f"clocker-{self.plane}-{uid}", self.template, own, self.key)

    async def listed(self) -> tuple[Node, ...]:
        """What is there of this plane."""
        return await self.cloud.nodes({"clocker-plane": self.plane})

    async def running(self, name: str, limit: float = 60.0) -> Node:
        """Wait until a node runs."""
        async with asyncio.timeout(limit):
            while True:
                for node in await self.listed():
                    if node.name == name and node.state is NodeState.RUNNING:
                        return node
                await asyncio.sleep(0.1)

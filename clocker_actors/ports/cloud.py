"""A cloud that gives machines and takes them back. Errors: CloudUnavailable (ask again later), CloudFault and its kinds (it said no)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from clocker_actors.model.locations import NodeTemplate


class NodeState(StrEnum):
    """What a cloud says of a machine of its own."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    TERMINATED = "terminated"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Node:
    """A machine as its cloud knows it. Addresses are "" until it has them; `created_at` is epoch seconds (UTC), 0.0 when the cloud does not say."""

    id: str
    name: str
    state: NodeState
    address: str = ""
    private_address: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A machine wanted. `name` is the same at every try, so that one made by a call whose answer was lost is found again.

    `public_key` (a line as in authorized_keys) may enter as the template's user.
    """

    name: str
    template: NodeTemplate
    tags: Mapping[str, str]
    public_key: str


class Cloud(Protocol):
    """Calls are bounded in time; cancelling one ends the waiting, never its effect."""

    async def create(self, request: NodeRequest) -> Node:
        """The living node of that name, made if there is none; it may still be pending."""
        ...

    async def nodes(self, tags: Mapping[str, str]) -> tuple[Node, ...]:
        """Nodes that carry all these tags, oldest first; those that are terminated are not among them."""
        ...

    async def destroy(self, node_id: str) -> None:
        """Give it back. One that is gone already is fine."""
        ...

    async def close(self) -> None: ...

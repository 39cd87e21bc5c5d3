"""A cloud in memory: machines that take their time, a quota, lost answers, and machines that never boot, by order or by seed.

Behind the same port and contract suite as libcloud's. A node's address is the name of its engine: `simulated://ADDRESS`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from clocker_actors.drivers.simulated.machines import STEPS, SimulatedMachine, SimulatedShell
from clocker_actors.drivers.simulated.timing import Jitter
from clocker_actors.drivers.simulated.world import SimulatedWorld
from clocker_actors.errors import ClockerError, CloudUnavailable, NotFound, QuotaReached
from clocker_actors.kernel.clock import Clock
from clocker_actors.ports.cloud import Node, NodeRequest, NodeState


@dataclass(frozen=True, slots=True)
class CloudTiming:
    """Seconds of a call, of creating, of booting, and until a machine that was made is listed; `call_limit` is when a call is given up."""

    call: float = 0.2
    create: float = 1.5
    boot: float = 20.0
    listed: float = 0.0
    call_limit: float = 30.0


@dataclass(frozen=True, slots=True)
class CloudOdds:
    """Chances (0 to 1) that creating is refused, that a machine never boots, and that its first installation fails."""

    create: float = 0.0
    boot: float = 0.0
    install: float = 0.0


class SimulatedCloud:
    """A Cloud with controls. With a `world`, the engines of nodes that end do so, too."""

    def __init__(
        self,
        name: str = "simulated",
        seed: int = 1,
        *,
        quota: int = 100,
        timing: CloudTiming | None = None,
        odds: CloudOdds | None = None,
        world: SimulatedWorld | None = None,
    ) -> None:
        self.name = name
        self.quota = quota
        self.timing = timing or CloudTiming()
        self.odds = odds or CloudOdds()
        self.machines: dict[str, SimulatedMachine] = {}
        self._world = world
        self._jitter = Jitter(f"cloud:{name}:{seed}")
        self._nodes: dict[str, Node] = {}
        self._listed_at: dict[str, float] = {}
        self._clock: Clock | None = None
        self._faults: dict[str, list[ClockerError]] = {}
        self._lost: dict[str, int] = {}
        self._creating: dict[str, asyncio.Task[Node]] = {}
        self._made = 0

    # --- the port -----------------------------------------------------------------------------------------------------------------

    async def create(self, request: NodeRequest) -> Node:
        """The living node of that name, made if there is none."""
        task = self._creating.get(request.name)
        if task is None:
            task = self._creating[request.name] = asyncio.get_running_loop().create_task(
                self._create(request), name=f"create {request.name}"
            )
            task.add_done_callback(lambda done: self._created(request.name, done))
        return await asyncio.shield(task)

    async def nodes(self, tags: Mapping[str, str]) -> tuple[Node, ...]:
        """Nodes that carry all these tags, oldest first."""
        await self._call("nodes", self.timing.call)
        now = asyncio.get_running_loop().time()
        listed = [node for node in self._living() if self._listed_at[node.id] <= now]
        found = [self._look(node) for node in listed if tags.items() <= node.tags.items()]
        await self._answer("nodes")
        return tuple(found)

    async def destroy(self, node_id: str) -> None:
        """Give it back; one that is gone is fine."""
        await self._call("destroy", self.timing.call)
        if node_id in self._nodes:
            self._end(self._nodes[node_id])
        await self._answer("destroy")

    async def close(self) -> None:
        """The cloud goes on without us."""
        creating = list(self._creating.values())
        for task in creating:
            task.cancel()
        await asyncio.gather(*creating, return_exceptions=True)

    # --- controls -----------------------------------------------------------------------------------------------------------------

    def fail(self, operation: str, error: ClockerError, times: int = 1) -> None:
        """The next `times` calls of create, nodes or destroy do nothing and raise this."""
        self._faults.setdefault(operation, []).extend([error] * times)

    def lose_reply(self, operation: str, times: int = 1) -> None:
        """The next `times` calls are done, but the caller gets CloudUnavailable."""
        self._lost[operation] = self._lost.get(operation, 0) + times

    def vanish(self, name: str) -> None:
        """A node's machine is gone, without anybody having asked."""
        self._end(next(node for node in self._living() if node.name == name))

    def machine(self, address: str) -> SimulatedMachine:
        """The machine at an address; NotFound."""
        if address not in self.machines:
            raise NotFound(f"cloud {self.name} has no machine {address}; list its nodes", cloud=self.name)
        return self.machines[address]

    def shell(self, address: str) -> SimulatedShell:
        """A shell on the machine there."""
        return SimulatedShell(self.machine(address))

    # --- inside -------------------------------------------------------------------------------------------------------------------

    async def _create(self, request: NodeRequest) -> Node:
        await self._call("create", self.timing.create)
        node = next((self._look(node) for node in self._living() if node.name == request.name), None)
        if node is None:
            node = self._make(request)
        await self._answer("create")
        return node

    def _make(self, request: NodeRequest) -> Node:
        if len(self._living()) >= self.quota:
            raise QuotaReached(
                f"cloud {self.name} gives no more than {self.quota} machines; raise the quota, or give machines back", cloud=self.name
            )
        if self._happens(self.odds.create):
            raise QuotaReached(f"cloud {self.name} has no capacity now; try another size or place", cloud=self.name)
        self._made += 1
        boots = None if self._happens(self.odds.boot) else asyncio.get_running_loop().time() + self._jitter.about(self.timing.boot)
        machine = SimulatedMachine(request.name, boots)
        if self._happens(self.odds.install):
            machine.fails_at, machine.fails = STEPS[self._made % len(STEPS)][0], 1
        self.machines[machine.address] = machine
        if self._world is not None:
            self._world.engines.pop(machine.address, None)  # that of a machine of this name that is gone
        if self._clock is None:
            self._clock = Clock()
        tags = {**request.template.user_metadata, **request.template.tags, **request.tags}
        private = f"10.0.{self._made // 250}.{self._made % 250 + 1}"
        node = Node(f"sim-{self._made}", request.name, NodeState.PENDING, machine.address, private, tags, self._clock.now())
        self._nodes[node.id] = node
        self._listed_at[node.id] = asyncio.get_running_loop().time() + self.timing.listed
        return node

    def _look(self, node: Node) -> Node:
        boots = self.machines[node.address].boots_at
        up = boots is not None and boots <= asyncio.get_running_loop().time()
        return replace(node, state=NodeState.RUNNING if up else NodeState.PENDING)

    def _living(self) -> list[Node]:
        return list(self._nodes.values())

    def _end(self, node: Node) -> None:
        del self._nodes[node.id], self._listed_at[node.id]
        self.machines.pop(node.address).gone = True
        if self._world is not None and node.address in self._world.engines:
            self._world.engines[node.address].partition()

    async def _call(self, operation: str, seconds: float) -> None:
        await asyncio.sleep(self._jitter.about(seconds))
        if faults := self._faults.get(operation):
            raise faults.pop(0)

    async def _answer(self, operation: str) -> None:
        if self._lost.get(operation, 0):
            self._lost[operation] -= 1
            await asyncio.sleep(self.timing.call_limit)
            words = f"cloud {self.name} has not answered {operation} for {self.timing.call_limit:g} s: ask again, it may have been done"
            raise CloudUnavailable(words, retry_after=2.0, cloud=self.name, operation=operation)

    def _created(self, name: str, task: asyncio.Task[Node]) -> None:
        del self._creating[name]
        if not task.cancelled():
            task.exception()  # it may be that nobody waits for it any more

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._jitter.between(0.0, 1.0) < chance

"""Where machines come from when nothing is to be touched: every cloud is a simulated one, and every machine that exists pretends to.

What was made there outlives a manager that is killed, if whoever started that gives the same grounds to the next.
"""

import asyncio

from clocker_actors.drivers.simulated.cloud import CloudOdds, CloudTiming, SimulatedCloud
from clocker_actors.drivers.simulated.machines import SimulatedInstaller, SimulatedMachine, SimulatedShell
from clocker_actors.drivers.simulated.world import SimulatedWorld
from clocker_actors.kernel.clock import Clock
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import LocationKind, LocationSpec, MachineSpec
from clocker_actors.model.specs import EngineSpec

AUTHORITY_LASTS = 730 * 86_400.0


class SimulatedGrounds:
    """Clouds by provider and region, and machines by address. Made clouds take `quota`, `timing` and `odds`."""

    def __init__(
        self,
        world: SimulatedWorld,
        seed: int = 1,
        *,
        quota: int = 100,
        timing: CloudTiming | None = None,
        odds: CloudOdds | None = None,
    ) -> None:
        self.clouds: dict[str, SimulatedCloud] = {}
        self.machines: dict[str, SimulatedMachine] = {}
        self._world = world
        self._seed = seed
        self._quota, self._timing, self._odds = quota, timing, odds
        self._installer = SimulatedInstaller(seed)
        self.authorities: dict[str, float] = {}
        """When each ends (epoch seconds)."""

    def cloud(self, location: LocationSpec) -> SimulatedCloud:
        """The cloud of a location, made when first named."""
        spec = location.cloud
        name = f"{spec.provider}:{spec.region}".strip(":") if spec is not None else "simulated"
        if name not in self.clouds:
            self.clouds[name] = SimulatedCloud(name, self._seed, quota=self._quota, timing=self._timing, odds=self._odds, world=self._world)
        return self.clouds[name]

    def machine(self, address: str) -> SimulatedMachine:
        """A machine that exists, booted long ago."""
        if address not in self.machines:
            self.machines[address] = SimulatedMachine(address, asyncio.get_running_loop().time())
        return self.machines[address]

    def entry(self, host: Uid, location: LocationSpec, address: str) -> MachineSpec:  # noqa: ARG002 - the port's
        """A machine is entered by its address alone."""
        return MachineSpec(address, address)

    def public_key(self, location: LocationSpec) -> str:  # noqa: ARG002 - the port's
        """A line that nobody reads."""
        return "ssh-ed25519 simulated"

    def shell(self, location: LocationSpec, way: MachineSpec) -> SimulatedShell:
        """Root on the machine; nobody answers when its cloud has none at this address."""
        if location.kind in {LocationKind.CLOUD, LocationKind.SIMULATED}:
            machines = self.cloud(location).machines
            return SimulatedShell(machines.get(way.address) or SimulatedMachine(way.address, None, gone=True))
        return SimulatedShell(self.machine(way.address))

    def installer(self, location: LocationSpec, authority: str = "") -> SimulatedInstaller:
        """One that pretends to."""
        if location.tls:
            self.authorities.setdefault(authority, Clock().now() + AUTHORITY_LASTS)
        return self._installer.of(authority)

    def engine(self, location: LocationSpec, way: MachineSpec, socket: str, authority: str = "") -> EngineSpec:  # noqa: ARG002 - the port's
        """The simulated engine of that address."""
        return EngineSpec(f"simulated://{way.address}", tls_ca=authority)

    def expiry(self, authority: str) -> float | None:
        """Years from when it was first needed."""
        return self.authorities.get(authority)

    def keep_authorities(self, names: frozenset[str]) -> None:
        """Forget all others."""
        self.authorities = {name: end for name, end in self.authorities.items() if name in names}

    def forget(self, host: Uid) -> None:
        """Nothing is kept by host."""

    def forget_key(self) -> None:
        """Nobody reads it."""

    async def close(self) -> None:
        """Stop what the clouds are making."""
        for cloud in self.clouds.values():
            await cloud.close()

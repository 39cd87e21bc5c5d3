"""Do simulated clouds, machines and installations fail where they are told to, the same way with the same seed?"""

import asyncio

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.cloud import CloudOdds, SimulatedCloud
from clocker_actors.drivers.simulated.machines import SimulatedInstaller, SimulatedMachine, SimulatedShell
from clocker_actors.errors import EngineUnavailable, InstallFailed, QuotaReached, ShellUnavailable
from clocker_actors.model.locations import NodeTemplate
from clocker_actors.ports.cloud import NodeRequest, NodeState
from clocker_actors.ports.installer import InstallOptions


def _request(number: int) -> NodeRequest:
    return NodeRequest(f"clocker-p-h{number}", NodeTemplate(), {"clocker-plane": "p"}, "key")


async def test_a_node_boots_is_installed_and_has_an_engine() -> None:
    world = SimulatedWorld()
    cloud = SimulatedCloud(world=world)
    node = await cloud.create(_request(1))
    assert node.state is NodeState.PENDING
    shell = cloud.shell(node.address)
    with pytest.raises(ShellUnavailable):
        await shell.run("true", 10)
    await asyncio.sleep(25)
    (node,) = await cloud.nodes({})
    assert node.state is NodeState.RUNNING
    steps: list[str] = []
    done = await SimulatedInstaller().install(shell, InstallOptions(), steps.append)
    assert done.changed
    assert len(steps) == 6
    assert not (await SimulatedInstaller().install(shell, InstallOptions(), steps.append)).changed
    engine = world.engine(cloud.machine(node.address).url)
    await engine.ping()
    await cloud.destroy(node.id)
    with pytest.raises(EngineUnavailable):
        await engine.ping()
    with pytest.raises(ShellUnavailable):
        await shell.run("true", 10)
    await engine.close()


async def test_an_installation_fails_at_the_step_it_is_told_and_goes_on_from_there() -> None:
    machine = SimulatedMachine("m", boots_at=0.0, fails_at="install", fails=1)
    said: list[str] = []
    with pytest.raises(InstallFailed) as failure:
        await SimulatedInstaller().install(SimulatedShell(machine), InstallOptions(), said.append)
    assert (failure.value.step, failure.value.again) == ("install", True)
    said.clear()
    assert (await SimulatedInstaller().install(SimulatedShell(machine), InstallOptions(), said.append)).changed
    assert [line.split(":")[0] for line in said] == ["enter", "install", "start", "verify"]


async def test_a_machine_that_disappears_while_it_is_installed() -> None:
    cloud = SimulatedCloud()
    node = await cloud.create(_request(1))
    await asyncio.sleep(25)
    installing = asyncio.create_task(SimulatedInstaller().install(cloud.shell(node.address), InstallOptions(), lambda line: None))
    await asyncio.sleep(5)
    cloud.vanish(node.name)
    with pytest.raises(InstallFailed):
        await installing
    assert await cloud.nodes({}) == ()


async def test_the_quota() -> None:
    cloud = SimulatedCloud(quota=1)
    first = await cloud.create(_request(1))
    with pytest.raises(QuotaReached, match="no more than 1"):
        await cloud.create(_request(2))
    await cloud.destroy(first.id)
    await cloud.create(_request(2))


async def _fates(seed: int) -> list[str]:
    cloud = SimulatedCloud(seed=seed, odds=CloudOdds(create=0.3, boot=0.3, install=0.3))
    fates = []
    for number in range(20):
        try:
            node = await cloud.create(_request(number))
        except QuotaReached:
            fates.append("refused")
            continue
        machine = cloud.machine(node.address)
        fates.append(f"{machine.boots_at} {machine.fails_at}")
    return fates


async def test_fates_are_those_of_the_seed() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    one, two = await _fates(1), await _fates(2)
    assert one != two
    assert {"refused"} < {fate.split()[0] for fate in one}
    assert any(fate.startswith("None") for fate in one + two)
    assert loop.time() > began

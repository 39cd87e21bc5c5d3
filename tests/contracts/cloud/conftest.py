"""Clouds to run the contract on: the simulated one, EC2 as moto plays it, and the bed's, whose nodes really boot."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import pytest_asyncio

from clocker_actors.drivers.cloud import LibcloudCloud
from clocker_actors.drivers.simulated.cloud import SimulatedCloud
from clocker_actors.errors import QuotaReached
from clocker_actors.model.locations import CloudSpec, NodeTemplate, SecretRef
from tests.bed.cloud import CREDENTIAL, IDENTITY, PROVIDER, BedCloud
from tests.bed.ec2 import IMAGE, Ec2, serving
from tests.contracts.cloud.lab import CloudLab
from tests.contracts.either import loops, note_kind
from tests.contracts.engine.lab import Calls


def pytest_asyncio_loop_factories(config: pytest.Config) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time for the simulated cloud."""
    return loops(config, lambda kind: kind != "simulated")


pytest_runtest_setup = note_kind


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a lab on every cloud."""
    if "lab" in metafunc.fixturenames:
        metafunc.parametrize("kind", ["simulated", "ec2", pytest.param("bed", marks=pytest.mark.real)])


@pytest.fixture(scope="package")
def ec2_server() -> Iterator[Ec2]:
    with serving() as ec2:
        yield ec2


@pytest.fixture
def far(kind: str, request: pytest.FixtureRequest) -> "BedCloud | Ec2 | None":
    """What is behind libcloud; apart from `lab` because it is not opened inside a running loop."""
    if kind == "ec2":
        ec2: Ec2 = request.getfixturevalue("ec2_server")
        return ec2
    if kind == "bed":
        bed: BedCloud = request.getfixturevalue("bed_cloud")
        return bed
    return None


@pytest_asyncio.fixture
async def lab(far: "BedCloud | Ec2 | None") -> AsyncIterator[CloudLab]:
    """A cloud without nodes of this plane."""
    async with _opened(far) as made:
        yield made
        for node in await made.listed():
            await made.cloud.destroy(node.id)


def _opened(far: "BedCloud | Ec2 | None") -> AbstractAsyncContextManager[CloudLab]:
    match far:
        case BedCloud():
            return _bed(far)
        case Ec2():
            return _ec2(far)
        case None:
            return _simulated()


@asynccontextmanager
async def _simulated() -> AsyncIterator[CloudLab]:
    cloud = SimulatedCloud()

    def fill() -> None:
        cloud.fail("create", QuotaReached("no more"))

    yield CloudLab("simulated", cloud, NodeTemplate(), cloud.lose_reply, lambda operation: None, fill)
    await cloud.close()


@asynccontextmanager
async def _ec2(ec2: Ec2) -> AsyncIterator[CloudLab]:
    spec = CloudSpec("ec2", "eu-west-1", SecretRef("aws.identity"), SecretRef("aws.credential"), ec2.endpoint)
    cloud = LibcloudCloud(spec, lambda ref: f"the-{ref.name}", Calls())

    def busy(operation: str) -> None:
        ec2.refuse(operation, 503, "RequestLimitExceeded", "Request limit exceeded.")

    def fill() -> None:
        ec2.refuse("create", 400, "InstanceLimitExceeded", "You have requested more instances than your current limit allows.")

    async def denied() -> object:
        ec2.refuse("nodes", 401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        return await cloud.nodes({})

    template = NodeTemplate(image_id=IMAGE, hardware_id="t3.small")
    yield CloudLab("ec2", cloud, template, ec2.lose_reply, busy, fill, denied)
    await cloud.close()


@asynccontextmanager
async def _bed(bed: BedCloud) -> AsyncIterator[CloudLab]:
    spec = CloudSpec(PROVIDER, bed.name, SecretRef("identity"), SecretRef("credential"))
    secrets = {"identity": IDENTITY, "credential": CREDENTIAL}
    cloud = LibcloudCloud(spec, lambda ref: secrets[ref.name], Calls())
    strangers = LibcloudCloud(spec, lambda ref: "wrong-secret", Calls())
    names = {"create": "create_node", "nodes": "list_nodes", "destroy": "destroy_node"}

    def fill() -> None:
        bed.quota = 0

    yield CloudLab(
        "bed",
        cloud,
        NodeTemplate(image_regex="debian", min_ram=1 << 30),
        lambda operation: bed.weather.lose_reply(names[operation]),
        lambda operation: bed.weather.limit_rate(names[operation]),
        fill,
        lambda: strangers.nodes({}),
    )
    bed.quota = 8
    await cloud.close()
    await strangers.close()
    await asyncio.to_thread(bed.clear)

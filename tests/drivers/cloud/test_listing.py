"""Is a cloud listed once for all who wait, and anew for who comes after something was changed?"""

import asyncio

import pytest

from clocker_actors.drivers.cloud import LibcloudCloud
from clocker_actors.drivers.cloud.listing import FRESH, Listing
from clocker_actors.errors import CloudUnavailable
from clocker_actors.model.locations import CloudSpec, NodeTemplate, SecretRef
from clocker_actors.ports.cloud import Node, NodeRequest, NodeState
from tests.bed.ec2 import IMAGE, serving
from tests.contracts.engine.lab import Calls


class Far:
    """A cloud whose nodes are counted; each look takes `seconds`."""

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds, self.looks, self.faults = seconds, 0, 0

    async def fetch(self) -> list[Node]:
        self.looks += 1
        found = [Node(str(self.looks), "n", NodeState.RUNNING)]
        await asyncio.sleep(self.seconds)
        if self.faults:
            self.faults -= 1
            raise CloudUnavailable("not now")
        return found


async def test_a_hundred_who_ask_at_once_are_one_question() -> None:
    far = Far()
    listing = Listing(far.fetch)
    answers = await asyncio.gather(*(listing.look() for _ in range(100)))
    assert far.looks == 1 and {answer[0].id for answer in answers} == {"1"}
    await listing.look()
    assert far.looks == 1
    await asyncio.sleep(FRESH + 0.01)
    assert (await listing.look())[0].id == "2"


async def test_hosts_that_boot_for_a_minute_ask_as_often_as_one() -> None:
    far = Far()
    listing = Listing(far.fetch)

    async def boots(at: float) -> None:
        await asyncio.sleep(at)
        for _ in range(30):
            await listing.look()
            await asyncio.sleep(2.0)

    await asyncio.gather(*(boots(number * 0.01) for number in range(200)))
    assert far.looks <= 70


async def test_who_asks_after_a_change_gets_a_look_that_begins_then() -> None:
    far = Far()
    listing = Listing(far.fetch)
    early = asyncio.create_task(listing.look())
    await asyncio.sleep(0.1)
    listing.outdated()
    late = await listing.look()
    assert (await early)[0].id == "1" and late[0].id == "2"
    assert (await listing.look())[0].id == "2", "the older answer is not taken for the newer one"
    listing.outdated()
    assert (await listing.look())[0].id == "3"


async def test_a_fault_is_told_to_all_who_wait_and_kept_from_the_others() -> None:
    far = Far()
    far.faults = 1
    listing = Listing(far.fetch)
    answers = await asyncio.gather(listing.look(), listing.look(), return_exceptions=True)
    assert [type(answer) for answer in answers] == [CloudUnavailable] * 2
    assert (await listing.look())[0].id == "2"


async def test_giving_up_ends_nobody_elses_waiting() -> None:
    far = Far()
    listing = Listing(far.fetch)
    impatient, patient = asyncio.create_task(listing.look()), asyncio.create_task(listing.look())
    await asyncio.sleep(0.1)
    impatient.cancel()
    assert (await patient)[0].id == "1" and far.looks == 1
    ending = asyncio.create_task(listing.look())
    await asyncio.sleep(FRESH)
    last = asyncio.create_task(listing.look())
    await asyncio.sleep(0)
    await listing.close()
    await asyncio.gather(ending, last, return_exceptions=True)


@pytest.mark.real_loop
async def test_a_real_driver_is_asked_once_and_sees_what_was_made_and_destroyed() -> None:
    with serving() as ec2:
        calls = Calls()
        cloud = LibcloudCloud(
            CloudSpec("ec2", "eu-west-1", SecretRef("a.identity"), SecretRef("a.credential"), ec2.endpoint),
            lambda ref: f"the-{ref.name}",
            calls,
        )
        made = await cloud.create(
            NodeRequest("n1", NodeTemplate(image_id=IMAGE, hardware_id="t3.small"), {"clocker-plane": "p"}, "ssh-rsa A")
        )
        before = len(calls.lines)
        seen = await asyncio.gather(*(cloud.nodes({"clocker-plane": "p"}) for _ in range(20)))
        assert {tuple(node.id for node in answer) for answer in seen} == {(made.id,)}
        assert len(calls.lines) - before == 1
        await cloud.destroy(made.id)
        assert await cloud.nodes({"clocker-plane": "p"}) == ()
        await cloud.close()

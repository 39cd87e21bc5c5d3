"""What every cloud must do: whoever implements `ports.cloud.Cloud` passes this."""

import asyncio

import pytest

from clocker_actors.errors import CloudDenied, CloudUnavailable, QuotaReached
from clocker_actors.ports.cloud import NodeState
from tests.contracts.cloud.lab import CloudLab


async def test_a_node_is_made_listed_by_its_tags_and_given_back(lab: CloudLab) -> None:
    request = lab.request(**{"clocker-pool": "big one"})
    made = await lab.cloud.create(request)
    assert (made.name, made.state in (NodeState.PENDING, NodeState.RUNNING)) == (request.name, True)
    running = await lab.running(request.name)
    assert running.id == made.id
    assert running.address
    assert running.created_at > 1_700_000_000
    assert request.tags.items() <= running.tags.items()
    assert await lab.cloud.nodes({"clocker-plane": lab.plane, "clocker-pool": "another"}) == ()
    await lab.cloud.destroy(made.id)
    assert await lab.listed() == ()
    await lab.cloud.destroy(made.id)
    await lab.cloud.destroy("i-0123456789abcdef0")


async def test_the_same_name_is_the_same_node(lab: CloudLab) -> None:
    request = lab.request()
    one = await lab.cloud.create(request)
    assert (await lab.cloud.create(request)).id == one.id
    assert len(await lab.listed()) == 1


async def test_a_name_given_back_makes_a_new_node(lab: CloudLab) -> None:
    request = lab.request()
    one = await lab.cloud.create(request)
    await lab.cloud.destroy(one.id)
    two = await lab.cloud.create(request)
    assert two.id != one.id
    assert [node.id for node in await lab.listed()] == [two.id]


async def test_several_at_once(lab: CloudLab) -> None:
    requests = [lab.request() for _ in range(3)]
    made = await asyncio.gather(*(lab.cloud.create(request) for request in requests))
    assert len({node.id for node in made}) == 3
    assert {node.name for node in await lab.listed()} == {request.name for request in requests}


async def test_both_who_want_one_name_at_once_get_one_node(lab: CloudLab) -> None:
    request = lab.request()
    one, two = await asyncio.gather(lab.cloud.create(request), lab.cloud.create(request))
    assert one.id == two.id
    assert len(await lab.listed()) == 1


async def test_a_lost_answer_makes_no_second_node(lab: CloudLab) -> None:
    request = lab.request()
    lab.lose_reply("create")
    try:
        made = await lab.cloud.create(request)
    except CloudUnavailable:  # also an answer: then the next try finds it
        made = await lab.cloud.create(request)
    assert [node.id for node in await lab.listed()] == [made.id]


async def test_a_wait_given_up_makes_no_second_node(lab: CloudLab) -> None:
    request = lab.request()
    waiting = asyncio.create_task(lab.cloud.create(request))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    made = await lab.cloud.create(request)
    assert [node.id for node in await lab.listed()] == [made.id]


async def test_a_lost_answer_to_destroy_is_fine_the_second_time(lab: CloudLab) -> None:
    made = await lab.cloud.create(lab.request())
    lab.lose_reply("destroy")
    with pytest.raises(CloudUnavailable):
        await lab.cloud.destroy(made.id)
    await lab.cloud.destroy(made.id)
    assert await lab.listed() == ()


async def test_a_cloud_that_is_busy_is_asked_again(lab: CloudLab) -> None:
    lab.busy("create")
    lab.busy("nodes")
    await lab.cloud.create(lab.request())
    assert len(await lab.listed()) == 1


async def test_the_quota_is_said_by_name(lab: CloudLab) -> None:
    lab.fill_quota()
    with pytest.raises(QuotaReached):
        await lab.cloud.create(lab.request())
    assert await lab.listed() == ()


async def test_wrong_credentials_are_said_and_not_shown(lab: CloudLab) -> None:
    if lab.denied is None:
        return
    with pytest.raises(CloudDenied, match="check identity") as refusal:
        await lab.denied()
    assert "credential" in str(refusal.value)
    assert "wrong-secret" not in str(refusal.value)

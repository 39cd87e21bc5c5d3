"""Who looks at readings has them often; afterwards nobody asks for that any more."""

from pathlib import Path

import pytest

from tests.admin.house import House, open_house

pytestmark = pytest.mark.real_loop


async def test_members_are_read_often_while_somebody_looks(house: House) -> None:
    watching = house.context.watching
    with watching.at(house.model.entry("shop")), watching.at(house.model.entry("m3")):
        await house.kernel.settle()
        assert sorted(house.watched) == [("m3", 1.0), ("m4", 1.0)]
        house.watched.clear()
    await house.kernel.settle()
    assert sorted(house.watched) == [("m3", None), ("m4", None)]


async def test_a_container_s_member_is_meant(house: House) -> None:
    with house.context.watching.at(house.model.entry("k7")):
        await house.kernel.settle()
        assert house.watched == [("m3", 1.0)]


async def test_following_readings_of_an_entity_is_looking(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        query = {"readings": "true", "entity": "shop/web/1", "latest": "1"}
        async with house.client() as http, http.stream("GET", "/v1/events", params=query) as answer:
            assert answer.status_code == 200
            await house.kernel.settle()
            assert house.watched == [("m3", 1.0)]
        await house.door.close()
        await house.kernel.settle()
        assert house.watched == [("m3", 1.0), ("m3", None)]

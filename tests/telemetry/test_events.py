"""Can a follower resume, does he learn of a gap, and is a slow one dropped rather than waited for?"""

import asyncio

from clocker_actors.model.identity import Uid
from clocker_actors.model.sensors import Reading
from clocker_actors.telemetry.events import SOME, EventRing
from clocker_actors.telemetry.readmodel import ReadModel
from tests.telemetry.samples import NOW, decision, entity, readings, shop


def ring(events: int, kept: int = 10, first: int = 0) -> EventRing:
    made = EventRing(first, kept)
    for number in range(events):
        made.add(NOW + number, "entity", Uid("c1"), "shop", None)
    return made


def test_numbers_rise_from_the_first() -> None:
    assert ring(3, first=5_000_000_000).number == 5_000_000_003


def test_a_follower_resumes_where_he_was() -> None:
    events = ring(8).since(5)
    assert events is not None
    assert [event.number for event in events] == [6, 7, 8]
    assert ring(8).since(8) == ()
    assert ring(0).since(0) == ()


def test_what_was_missed_for_good_is_a_gap() -> None:
    assert ring(30).since(19) is None
    assert len(ring(30).since(20) or ()) == 10
    assert ring(0, first=100).since(50) is None, "from before the restart"
    assert ring(3).since(4) is None, "from a future we do not know"


async def test_a_listener_gets_what_comes_and_ends_when_closed() -> None:
    made = ring(3)
    listener = made.listen()
    made.add(NOW, "entity", Uid("c1"), "shop", "first")
    asyncio.get_running_loop().call_later(1, made.add, NOW, "entity", Uid("c1"), "shop", "second")
    asyncio.get_running_loop().call_later(2, made.close)
    assert [event.fact async for event in listener] == ["first", "second"]
    assert not listener.dropped
    assert not made.listeners


async def test_a_slow_listener_is_dropped_with_a_sign() -> None:
    made = ring(0, kept=100)
    slow, quick = made.listen(limit=5), made.listen(limit=50)
    for _ in range(6):
        made.add(NOW, "entity", Uid("c1"), "shop", None)
    assert slow.dropped
    assert made.listeners == {quick}
    assert len([event async for event in slow]) == 5


async def test_measures_reach_only_those_who_asked_and_take_no_numbers() -> None:
    model = shop()
    before = model.events.number
    all_of_it, states = model.events.listen(readings=True), model.events.listen()
    model.note(readings("k7", cpu__percent=50.0, container__state="running"), NOW)
    model.note(readings("k7", NOW + 1, cpu__percent=60.0, container__state="running"), NOW)
    model.events.close()
    assert model.events.number == before + 1
    assert [event.kind async for event in all_of_it] == ["reading", "sensor", "reading", "reading"]
    assert [event.fact async for event in states] == [Reading("container.state", "running", NOW)]


def test_a_decision_told_twice_is_one_event() -> None:
    model = ReadModel()
    model.note(entity("c2", "shop/web"), NOW)
    model.note(decision(1, "c2"), NOW)
    number = model.events.number
    model.note(decision(1, "c2"), NOW)
    assert model.events.number == number


async def test_what_a_follower_does_not_want_does_not_make_him_slow() -> None:
    made = ring(0, kept=100)
    listener = made.listen(limit=5, readings=True, wanted=lambda event: event.path == "shop")
    for number in range(50):
        made.add(NOW, "entity", Uid("c1"), "shop" if number % 25 == 0 else "blog", number)
        made.pass_on(NOW, Uid("c2"), "blog", number)
    assert not listener.dropped
    assert [event.fact for event in await listener.some()] == [0, 25]
    made.close()
    assert await listener.some() == []


async def test_several_are_taken_at_a_time_but_not_too_many() -> None:
    made = ring(0)
    listener = made.listen()
    for _ in range(SOME + 1):
        made.add(NOW, "entity", Uid("c1"), "shop", None)
    assert [len(await listener.some()) for _ in range(2)] == [SOME, 1]

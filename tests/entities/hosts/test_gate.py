"""Does the gate let in as many starts as the pace allows, in order, and lose no place when somebody gives up?"""

import asyncio

from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.entities.hosts.pace import Pace
from clocker_actors.model.generations import Lane


class Street:
    """Works that pass the gate and stay inside until told."""

    def __init__(self, limit: float) -> None:
        self.pace = Pace(limit)
        self.gate = Gate(self.pace)
        self.inside: list[int] = []
        self.leave: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def send(self, *names: int) -> None:
        for name in names:
            self.leave[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._pass(name))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    async def _pass(self, name: int) -> None:
        async with self.gate:
            self.inside.append(name)
            try:
                await self.leave[name].wait()
            finally:
                self.inside.remove(name)

    async def go(self, name: int) -> None:
        self.leave[name].set()
        await asyncio.sleep(0.01)


async def test_as_many_as_the_limit_pass_and_the_next_follow_in_order() -> None:
    street = Street(2.9)
    await street.send(1, 2, 3, 4)
    assert street.inside == [1, 2]
    await street.go(2)
    assert street.inside == [1, 3]
    await street.go(1)
    await street.go(3)
    await street.go(4)
    assert street.inside == []


async def test_a_raised_limit_lets_in_more_when_told() -> None:
    street = Street(1.0)
    await street.send(1, 2)
    street.pace.limit = 2.0
    street.gate.open()
    await asyncio.sleep(0.01)
    assert street.inside == [1, 2]
    await street.go(1)
    await street.go(2)


async def test_cancelled_inside_waiting_and_at_the_threshold_nobody_blocks_the_way() -> None:
    street = Street(1.0)
    await street.send(1, 2, 3, 4, 5)
    street.tasks[2].cancel()  # waits
    street.tasks[1].cancel()  # is inside: its leaving lets 3 in ...
    await asyncio.sleep(0)
    street.tasks[3].cancel()  # ... which gives up in the same moment
    await asyncio.gather(*(street.tasks[name] for name in (1, 2, 3)), return_exceptions=True)
    await asyncio.sleep(0.01)
    assert street.inside == [4]
    await street.go(4)
    assert street.inside == [5]
    await street.go(5)


async def test_the_pace_lets_half_as_many_again_begin() -> None:
    pace = Pace(4.0)
    begun = [who for number in range(10) for who in pace.want(str(number), Lane.SCALING)]
    assert len(begun) == 6
    assert pace.at_once == 4
    assert pace.began("0", 0.1) == ["6"]

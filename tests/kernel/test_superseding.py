"""Does a newer reading take the place of an older one that still waits, and nothing else?"""

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.kernel import Kernel, VirtualLoop
from tests.kernel.probe import CRASH, Log, Note, Probe, Reading, do, probe


async def test_a_newer_reading_takes_the_older_ones_place(kernel: Kernel) -> None:
    log = await probe(kernel)
    for message in (Reading("cpu", 1), Note("between"), Reading("memory", 7), Reading("cpu", 2), Reading("cpu", 3)):
        kernel.tell("a", message)
    await kernel.settle()
    assert log == [Reading("cpu", 3), Note("between"), Reading("memory", 7)]
    assert kernel.counters.superseded == 2


async def test_one_already_handled_is_not_replaced(kernel: Kernel) -> None:
    log = await probe(kernel)
    for number in range(3):
        kernel.tell("a", Reading("cpu", number))
        await kernel.settle()
    assert log == [Reading("cpu", number) for number in range(3)]


async def test_another_inbox_is_another_matter(kernel: Kernel) -> None:
    logs = [await probe(kernel, name) for name in "ab"]

    def tell(actor: Probe) -> None:
        for name, value in (("a", 1), ("b", 2), ("a", 3)):
            actor.tell(name, Reading("cpu", value))

    await probe(kernel, "source")
    await do(kernel, "source", tell)
    await kernel.settle()
    assert logs == [[Reading("cpu", 3)], [Reading("cpu", 2)]]


async def test_an_ask_is_never_superseded(kernel: Kernel) -> None:
    import asyncio

    await probe(kernel)
    answers = await asyncio.gather(*(kernel.ask("a", Reading("cpu", number), timeout=1) for number in range(3)))
    assert answers == [Reading("cpu", number) for number in range(3)]


async def test_waiting_readings_outlive_a_crash_and_may_still_be_superseded(kernel: Kernel) -> None:
    log = await probe(kernel)

    def crash_after(actor: Probe) -> None:
        actor.tell("a", Reading("cpu", 1))
        actor.tell("a", CRASH)
        actor.tell("a", Reading("cpu", 2))
        raise LookupError("boom")

    from tests.kernel.probe import Do

    kernel.tell("a", Do(crash_after))
    await kernel.settle()
    assert log == [Reading("cpu", 2)]


MESSAGES = st.one_of(st.builds(Reading, st.sampled_from(["cpu", "memory"]), st.integers(0, 99)), st.builds(Note, st.integers(0, 99)))


@given(st.lists(MESSAGES, max_size=30))
def test_each_sensor_is_heard_once_with_its_last_value_in_its_first_place(sent: list[Reading | Note]) -> None:
    import asyncio

    expected: Log = []
    places: dict[str, int] = {}
    for message in sent:
        if isinstance(message, Reading) and message.sensor in places:
            expected[places[message.sensor]] = message
            continue
        if isinstance(message, Reading):
            places[message.sensor] = len(expected)
        expected.append(message)

    async def run() -> Log:
        kernel = Kernel()
        log = await probe(kernel)
        for message in sent:
            kernel.tell("a", message)
        await kernel.settle()
        await kernel.stop()
        return log

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(run()) == expected

"""Does what is published reach those who listen, and only them?"""

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.kernel import Kernel
from clocker_actors.kernel.topics import EVERYTHING, Topics
from tests.kernel.probe import CRASH, Log, Probe, do, probe


async def test_a_subscription_may_come_before_its_publisher_and_outlives_restarts_of_both(kernel: Kernel) -> None:
    log = await probe(kernel, "s", lambda actor: actor.subscribe("p", "cpu"))
    await probe(kernel, "p")
    for publisher_or_subscriber in ("s", "p"):
        kernel.tell(publisher_or_subscriber, CRASH)
    await do(kernel, "p", lambda actor: actor.publish("cpu", 1))
    await do(kernel, "p", lambda actor: actor.publish("memory", 2))
    await kernel.settle()
    assert log == [1]


async def test_star_hears_all_topics_and_nobody_hears_twice(kernel: Kernel) -> None:
    def listen(actor: Probe) -> None:
        actor.subscribe("p", "*")
        actor.subscribe("p", "cpu")
        actor.subscribe("p", "cpu")

    log = await probe(kernel, "s", listen)
    await probe(kernel, "p")
    await do(kernel, "p", lambda actor: actor.publish("cpu", 1))
    await do(kernel, "p", lambda actor: actor.publish("memory", 2))
    await do(kernel, "s", lambda actor: actor.unsubscribe("p", "*"))
    await do(kernel, "p", lambda actor: actor.publish("memory", 3))
    await kernel.settle()
    assert log == [1, 2]


async def test_a_dead_subscriber_is_dropped_and_never_an_error_in_the_publisher(kernel: Kernel) -> None:
    await probe(kernel, "s", lambda actor: actor.subscribe("p", "cpu"))
    await probe(kernel, "p")
    kernel.stop_actor("s")
    await kernel.settle()
    await do(kernel, "p", lambda actor: actor.publish("cpu", 1))
    assert list(kernel.topics.listeners("p", "cpu")) == []
    assert kernel.counters.dead_letters == 0


async def test_a_publisher_that_stopped_for_good_leaves_no_rows(kernel: Kernel) -> None:
    await probe(kernel, "s", lambda actor: actor.subscribe("p", "cpu"))
    await probe(kernel, "p")
    kernel.stop_actor("p")
    await kernel.settle()
    assert (kernel.topics._listeners, kernel.topics._subscribed) == ({}, {})


async def test_publishing_puts_in_the_inbox_and_runs_nobody(kernel: Kernel) -> None:
    order: Log = []
    kernel.spawn("s", lambda: Probe(order, lambda actor: actor.subscribe("p", "cpu")))
    await probe(kernel, "p")

    def publish(actor: Probe) -> None:
        actor.publish("cpu", "heard")
        order.append("published")

    await do(kernel, "p", publish)
    await kernel.settle()
    assert order == ["published", "heard"]


IDS = st.sampled_from("abc")
ROWS = st.tuples(st.sampled_from(["on", "off", "gone", "dead"]), IDS, IDS, st.sampled_from(["x", "y", EVERYTHING]))


@given(st.lists(ROWS, max_size=30))
def test_the_table_is_a_set_of_rows(steps: list[tuple[str, str, str, str]]) -> None:
    topics, model = Topics(), dict[tuple[str, str, str], None]()
    for what, subscriber, publisher, topic in steps:
        if what == "on":
            topics.subscribe(subscriber, publisher, topic)
            model[subscriber, publisher, topic] = None
        elif what == "off":
            topics.unsubscribe(subscriber, publisher, topic)
            model.pop((subscriber, publisher, topic), None)
        elif what == "gone":
            topics.drop_subscriber(subscriber)
            model = {row: None for row in model if row[0] != subscriber}
        else:
            topics.drop_publisher(publisher)
            model = {row: None for row in model if row[1] != publisher}
    for publisher in "abc":
        for topic in "xy":
            heard = {row[0] for row in model if row[1] == publisher and row[2] in (topic, EVERYTHING)}
            listeners = list(topics.listeners(publisher, topic))
            assert set(listeners) == heard
            assert len(listeners) == len(heard)
    if not model:
        assert (topics._listeners, topics._subscribed) == ({}, {})

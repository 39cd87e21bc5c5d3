"""On a real engine: does a broker take messages from a producer and hand them to a consumer, keep them when it dies, count them, and refuse strangers?"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.bed.software import with_debian
from tests.flows.bedside import deleted, on_hosts
from tests.flows.serviceside import all_sensors, deploy_example, effect, inside, killed, told
from tests.flows.support import Driven

pytestmark = pytest.mark.real

SECRET = "it's 50% \\safe"
LETTERS = 100
JAVA = "java -Xmx64m -Dactivemq.home=/usr/share/activemq -Dactivemq.conf=/etc/activemq -jar /usr/share/activemq/bin/activemq.jar"


@pytest.fixture(scope="module")
def debian(bed3: Bed) -> Iterator[Bed]:
    """The bed with Debian's image on the host that these tests use."""
    with with_debian(bed3, bed3.hosts[:1]):
        yield bed3


def number(driven: Driven, entity: str, sensor: str) -> int:
    """What a sensor says, 0 before it does."""
    return int(str(driven.value(f"mail/{entity}", sensor) or 0))


def sizes(driven: Driven) -> Mapping[str, object]:
    """How many messages wait in each queue."""
    value = driven.value("mail/broker", "queue.sizes")
    return value if isinstance(value, Mapping) else {}


async def test_messages_go_from_a_producer_to_a_consumer(debian: Bed, tmp_path: Path) -> None:
    words = {"QUEUE: letters": f"QUEUE: letters\n    LETTERS: {LETTERS}\n    EVERY: 0.1"}
    async with on_hosts(debian.hosts[:1], tmp_path, "mail", environ={"CLOCKER_EXTERNAL_MAIL_PASSWORD": SECRET}) as driven:
        await deploy_example(driven, "16-activemq.yaml", **words)
        await driven.until(lambda: number(driven, "consumer", "letters.taken") > 5, what="letters that arrive")
        await driven.until(lambda: number(driven, "broker", "queue.dequeued") > 5, what="letters that it hands on")
        assert (await all_sensors(driven, "mail/broker", "activemq"))["queue.consumers"] == 1

        for text in ("one", "two"):
            await effect(driven, "mail/broker", "send", queue="notes", text=text)
        await killed(driven, debian.hosts[0], "mail/broker")
        await driven.until(lambda: number(driven, "producer", "letters.sent") == LETTERS, what="the producer to send the rest")
        await driven.until(
            lambda: number(driven, "consumer", "letters.taken") >= LETTERS, what="all letters"
        )  # once more what was not acknowledged
        await driven.until(lambda: sizes(driven).get("letters") == 0 and sizes(driven).get("notes") == 2, what="notes alone")
        assert "notes" in await effect(driven, "mail/broker", "purge", queue="notes")
        await driven.until(lambda: sizes(driven).get("notes") == 0, what="no notes")

        await by_java(driven)
        code, output = await inside(driven, "mail/broker", "printf 'DISCONNECT\\nreceipt:last\\n\\n\\0' | ACTIVEMQ_PASSWORD=wrong stomp")
        assert code != 0 and "ERROR" in output
        assert told(driven, tmp_path, SECRET) == []
        await deleted(driven, "mail")


async def by_java(driven: Driven) -> None:
    """The same over OpenWire, by the program that comes with the broker."""
    to = '--user "$ACTIVEMQ_USER" --password "$ACTIVEMQ_PASSWORD" --brokerUrl tcp://127.0.0.1:61616 --destination queue://java --messageCount 10'
    for command in ("producer", "consumer"):
        code, output = await inside(driven, "mail/broker", f"{JAVA} {command} {to}")
        assert code == 0 and ("Produced: 10" in output or "Consumed: 10" in output), output

"""Does everyone who logs know whose message runs, and what caused it?"""

import asyncio
from collections.abc import AsyncIterator

from clocker_actors.kernel import Kernel, current
from tests.kernel.probe import Log, Note, Probe, do, probe


class Witness(Probe):
    """Notes what `current` says, in handlers, hooks and works."""

    def note(self, where: str) -> None:
        now = current.get()
        assert now is not None
        self.log.append((where, now.actor_id, now.message_type, now.cause))

    def on_start(self) -> None:
        self.note("start")

    def on_receive(self, message: object) -> object:
        if isinstance(message, Note):
            self.note(f"receive {message.text}")
            if message.text == "work":
                self.work("w", self.later, "work", timeout=5)
            if message.text == "stream":
                self.stream("s", self.items)
        return None

    def on_stop(self) -> None:
        self.note("stop")

    async def later(self, where: str) -> None:
        self.note(where)
        await asyncio.sleep(1)
        self.note(f"{where} after a pause")

    async def items(self) -> AsyncIterator[Note]:
        self.note("stream")
        yield Note("item", cause="the source")


async def test_current_is_the_actor_the_message_and_its_cause(kernel: Kernel) -> None:
    log: Log = []
    kernel.spawn("w", lambda: Witness(log))
    await probe(kernel, "other")
    kernel.tell("w", Note("work", cause="reading 7"))
    kernel.tell("other", Note("noise", cause="noise"))
    await asyncio.sleep(2)
    kernel.tell("w", Note("stream", cause="person"))
    await asyncio.sleep(1)
    kernel.stop_actor("w")
    await kernel.settle()
    assert log == [
        ("start", "w", "NoneType", None),
        ("receive work", "w", "Note", "reading 7"),
        ("work", "w", "Note", "reading 7"),
        ("work after a pause", "w", "Note", "reading 7"),
        ("receive stream", "w", "Note", "person"),
        ("stream", "w", "Note", "person"),
        ("receive item", "w", "Note", "the source"),
        ("stop", "w", "NoneType", None),
    ]


async def test_outside_of_messages_nobody_is_current(kernel: Kernel) -> None:
    await probe(kernel)
    assert "a" in repr(await do(kernel, "a", lambda actor: current.get()))
    assert current.get() is None

"""A story for the test of determinism: readings, works, questions, crashes and stops of a few actors, printed as they are handled.

Run by itself with a number that seeds the jitter: random real pauses in handlers and works, which must not show.
"""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from clocker_actors.kernel import Actor, Answered, Kernel, VirtualLoop
from tests.kernel.probe import Note, Reading

JITTER = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SENSORS = ("cpu", "memory", "requests")


def jitter() -> None:
    """What a busy machine does to us."""
    time.sleep(JITTER.random() * 0.0005)


class Member(Actor):
    """Works, publishes, and crashes now and then."""

    def on_start(self) -> None:
        self.rounds = 0
        self.subscribe("cluster", "*")
        self.after("tick", 1.0, "tick")

    def on_receive(self, message: Any) -> Any:
        jitter()
        show(self, message)
        if message == "tick":
            self.rounds += 1
            self.after("tick", 1.0, "tick")
            self.publish("reading", Reading(f"{self.id} {SENSORS[self.rounds % 3]}", self.rounds))
            self.work(f"call {self.rounds}", call, self.rounds, timeout=0.7)
            if self.rounds == 7 and self.id.endswith("1"):
                raise LookupError("a fault")
        return message


async def call(number: int) -> int:
    """Every third one takes too long."""
    jitter()
    await asyncio.sleep(0.9 if number % 3 == 0 else 0.3)
    return number


async def readings() -> AsyncIterator[Reading]:
    for number in range(10):
        await asyncio.sleep(0.5)
        jitter()
        for sensor in ("x", "y", "x"):
            yield Reading(sensor, number)


class Cluster(Actor):
    """Asks its members, and stops one."""

    def on_start(self) -> None:
        for number in range(4):
            member = f"member/{number}"
            self.spawn(member, Member)
            self.subscribe(member, "reading")
        self.stream("readings", readings)
        self.after("ask", 2.5, "ask")

    def on_receive(self, message: Any) -> Any:
        jitter()
        show(self, message)
        if message == "ask":
            for child in self.children:
                self.request(child, Note(child), 1.0)
            self.request("mute", Note("?"), 1.0)
        if isinstance(message, Answered) and isinstance(message.value, Note) and message.value.text == "member/3":
            self.stop_child("member/3")
        self.publish("seen", Note(type(message).__name__))


class Mute(Actor):
    """Never answers."""

    def on_receive(self, message: Any) -> None:
        self.defer()


def show(actor: Actor, message: object) -> None:
    sys.stdout.write(f"{actor.now:.6f} {actor.id} {message!r}\n")


async def story() -> None:
    kernel = Kernel()
    kernel.spawn("mute", Mute)
    kernel.spawn("cluster", Cluster)
    await asyncio.sleep(12)
    await kernel.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())

"""Clients that come once: so many new connections a second, each for one request, in a process of its own; what came of them is printed as JSON.

    python -m tests.flows.newcomers HOST PORT PATH RATE SECONDS

Nothing is tried twice, and nobody waits for another: whoever is answered late does not slow down those who come after. At SIGTERM it ends early, and says
what came of those until then.
"""

import asyncio
import json
import signal
import sys
from collections import Counter

LIMIT = 15.0
"""Longest time of one request, in seconds."""


class Newcomers:
    """Whoever came, and what became of them."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._where = host, port
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.good = 0
        self.longest = 0.0
        self.faults: Counter[str] = Counter()
        self.first: list[str] = []

    async def one(self, second: float) -> None:
        """One connection, one request, one whole answer."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(LIMIT):
                reader, writer = await asyncio.open_connection(*self._where)
                try:
                    writer.write(self._request)
                    answer = await reader.read()
                finally:
                    writer.close()
            fault = _fault(answer)
        except (OSError, TimeoutError) as error:
            fault = type(error).__name__
        self.longest = max(self.longest, loop.time() - began)
        if fault:
            self.faults[fault] += 1
            if len(self.first) < 20:
                self.first.append(f"{second:.1f} s: {fault}")
        else:
            self.good += 1


def _fault(answer: bytes) -> str:
    """What is wrong with an answer: its status, or that it is not whole."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return head.split(b"\r\n")[0].decode(errors="replace") or "closed without an answer"
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), None)
    return "" if length is None or length == len(body) else f"{len(body)} of {length} bytes"


async def run(host: str, port: int, path: str, rate: int, seconds: float) -> None:
    """Come at this rate for so long, and print what came of it."""
    loop = asyncio.get_running_loop()
    people, stop = Newcomers(host, port, path), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    begin, sent = loop.time(), 0
    async with asyncio.TaskGroup() as group:
        while (now := loop.time() - begin) < seconds and not stop.is_set():
            while sent < now * rate:
                group.create_task(people.one(now))
                sent += 1
            await asyncio.sleep(0.005)
    lasted = min(loop.time() - begin, seconds)
    said = {"sent": sent, "good": people.good, "faults": people.faults, "first": people.first, "longest": people.longest, "seconds": lasted}
    print(json.dumps(said))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))

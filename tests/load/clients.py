"""Clients of the daemon's door: those who ask something now and then, on a connection that they keep, and those who follow events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

QUESTIONS: Mapping[str, float] = {
    "entity": 35,
    "sensors": 15,
    "application's entities": 10,
    "applications": 10,
    "hosts": 10,
    "activities": 5,
    "decisions": 5,
    "explain": 5,
    "health": 4,
    "metrics": 0.1,
    "all entities": 0.2,
}
"""What is asked, and how often beside the others."""
_LIMIT = 60.0


@dataclass(slots=True)
class Asked:
    """Seconds until each whole answer, by question; answers that were not 200; events that were heard."""

    took: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    events: int = 0
    readings: int = 0

    def all(self) -> list[float]:
        """Of all questions."""
        return [seconds for each in self.took.values() for seconds in each]


class Line:
    """One connection over the unix socket that speaks HTTP/1.1, as little of it as is needed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @staticmethod
    async def open(socket: Path) -> Line:
        """A new one."""
        return Line(*await asyncio.open_unix_connection(str(socket), limit=1 << 20))

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: clocker\r\n\r\n".encode())
        status, headers = await self._head()
        if headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int((await self._reader.readline()).strip(), 16):
                pieces.append(await self._reader.readexactly(size))
                await self._reader.readline()
            await self._reader.readline()
            return status, b"".join(pieces)
        return status, await self._reader.readexactly(int(headers.get("content-length", 0)))

    async def follow(self, path: str, asked: Asked) -> None:
        """Read events until nobody sends any more."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: clocker\r\n\r\n".encode())
        await self._head()
        while (line := await self._reader.readline()) and line != b"0\r\n":
            asked.events += line.startswith(b"id:")
            asked.readings += line.startswith(b"event: reading")

    async def _head(self) -> tuple[int, dict[str, str]]:
        first = await self._reader.readline()
        if not first:
            raise ConnectionError("the daemon hung up")
        headers = {}
        while line := (await self._reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return int(first.split()[1]), headers


async def known(socket: Path) -> dict[str, list[str]]:
    """Uids of what there is, by kind."""
    line = await Line.open(socket)
    _, body = await line.get("/v1/entities")
    line.close()
    found: dict[str, list[str]] = {}
    for each in json.loads(body)["items"]:
        if each["path"].startswith("app") or each["kind"] == "host":
            found.setdefault(each["kind"], []).append(each["uid"])
    return found


def _path(question: str, random: Random, uids: Mapping[str, Sequence[str]]) -> str:
    member, application = random.choice(uids["member"]), random.choice(uids["application"])
    return {
        "entity": f"/v1/entities/{member}",
        "sensors": f"/v1/entities/{member}/sensors",
        "application's entities": f"/v1/entities?under={application}",
        "applications": "/v1/applications",
        "hosts": "/v1/hosts",
        "activities": "/v1/activities?running=true",
        "decisions": f"/v1/entities/{random.choice(uids['cluster'])}/decisions",
        "explain": f"/v1/entities/{member}/explain",
        "health": "/healthz",
        "metrics": "/metrics",
        "all entities": "/v1/entities",
    }[question]


async def client(socket: Path, uids: Mapping[str, Sequence[str]], seed: int, until: float, period: float, asked: Asked) -> None:
    """One who asks something each `period` seconds, until the loop's clock says `until`."""
    clock, random = asyncio.get_running_loop().time, Random(seed)
    await asyncio.sleep(random.random() * period)
    line = await Line.open(socket)
    try:
        while (began := clock()) < until:
            (question,) = random.choices(list(QUESTIONS), list(QUESTIONS.values()))
            path = _path(question, random, uids)
            async with asyncio.timeout(_LIMIT):
                try:
                    status, _ = await line.get(path)
                except ConnectionError:  # the daemon hangs up after some seconds of silence
                    line.close()
                    line = await Line.open(socket)
                    status, _ = await line.get(path)
            asked.took.setdefault(question, []).append(clock() - began)
            if status != 200:
                asked.wrong.append(f"{path}: {status}")
            await asyncio.sleep(max(0.0, period - (clock() - began)))
    finally:
        line.close()


async def follower(socket: Path, seed: int, asked: Asked, members: Sequence[str]) -> None:
    """One who follows all events; every fifth those of one member, with all its readings, as `clocker sensors --watch` does."""
    line = await Line.open(socket)
    about = f"?readings=true&entity={members[seed % len(members)]}" if seed % 5 == 0 else ""
    try:
        await line.follow(f"/v1/events{about}", asked)
    finally:
        line.close()


async def crowd(socket: Path, clients: int, streams: int, seconds: float, period: float) -> Asked:
    """All of them for so long."""
    asked, uids = Asked(), await known(socket)
    followers = [asyncio.create_task(follower(socket, seed, asked, uids["member"])) for seed in range(streams)]
    until = asyncio.get_running_loop().time() + seconds
    try:
        await asyncio.gather(*(client(socket, uids, seed, until, period, asked) for seed in range(clients)))
        lost = [each.exception() or "its stream ended" for each in followers if each.done()]
        assert not lost, lost
    finally:
        for each in followers:
            each.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
    return asked

"""What is kept of a talk with an engine, and the file it is kept in: one line of JSON per exchange, below a line that names the test.

Order is kept by steps: each request that changes something is one, each thing that is done to the engine on purpose is one. A piece of
an answer comes after as many steps as it came after when it was recorded, then after its pause; so an event never precedes its cause,
however quick the replay is.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl

FILE = Path(__file__).with_name("current.jsonl.gz")
SILENCE = 0
"""The status of a request that was never answered."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer: how many steps came before it, and how many seconds it then let pass."""

    after: int
    pause: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, in a form in which equal requests are equal. `body` is JSON, or the digest of what is not."""

    method: str
    path: str
    query: Mapping[str, object]
    body: object = None

    @property
    def changes(self) -> bool:
        """Whether it may change something, and so may be asked only as often as it was recorded."""
        return self.method != "GET"

    @property
    def key(self) -> str:
        """Equal for equal requests."""
        return json.dumps([self.method, self.path, self.query, self.body], sort_keys=True)

    def __str__(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)


@dataclass(slots=True)
class Exchange:
    """A request and its answer. `end` is `whole`, `broken` (the connection was), or `open` (whoever asked went away first).

    The first piece is the head of the answer; a stream has one more at its end, unless that stayed open.
    """

    question: Question
    status: int = SILENCE
    kind: str = ""
    stream: bool = False
    end: str = "open"
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tape:
    """What was recorded with one engine: who it is, and the exchanges of each test in the order of their requests."""

    engine: Mapping[str, str]
    tracks: Mapping[str, Sequence[Exchange]]


def question(method: str, path: str, query: str, body: bytes, kind: str) -> Question:
    """From what was sent. Values of the query that are JSON count by what they say, not by how it is written."""
    values = {name: _json_or_text(value) for name, value in parse_qsl(query, keep_blank_values=True)}
    said: object = None
    if body:
        said = json.loads(body) if kind == "application/json" else f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}"
    return Question(method, path, values, said)


def save(tape: Tape, file: Path = FILE) -> None:
    """Write it; the same tape gives the same bytes."""
    lines: list[object] = [tape.engine]
    for test, track in sorted(tape.tracks.items()):
        lines.append({"test": test})
        lines.extend(asdict(exchange) for exchange in track)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    file.write_bytes(gzip.compress(text.encode(), mtime=0))


def load(file: Path = FILE) -> Tape:
    """Read it."""
    engine, *lines = (json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines())
    tracks: dict[str, list[Exchange]] = {}
    track: list[Exchange] = []
    for line in lines:
        if "test" in line:
            track = tracks[line["test"]] = []
            continue
        pieces = [Piece(**piece) for piece in line.pop("pieces")]
        track.append(Exchange(Question(**line.pop("question")), pieces=pieces, **line))
    return Tape(engine, tracks)


def _json_or_text(value: str) -> object:
    if value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value

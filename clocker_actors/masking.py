"""What must not be seen is not shown: texts with secret values in them, and fields whose names say that they hold one.

    masked(anything)      a copy in which every secret is ``********``: by value (whatever was opened in this process) and by name (`password: …`)
    masked_text(text)     the same of one text; also `password=…`, `"token": "…"`, `Bearer …` and `https://user:…@host` in it
    remember(value)       from now on this value is masked; whoever opens a secret says so here

Everything that leaves the manager (logs, faults, answers, events, plans, recordings) goes through this. It is the second line: secrets are passed on as
references, and only the work that hands one to an engine opens it. Values shorter than five characters are masked by name only, or no text would be left.
"""

import base64
import dataclasses
import json
import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import quote

HIDDEN = "********"
SHORTEST = 5
MOST_VALUES = 2_000
_MANY = 256
_LINE = 8
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SECRET = frozenset({"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "credentials", "apikey", "authorization"})
_PAIRS = frozenset(
    {("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("auth", "key"), ("signing", "key"), ("encryption", "key")}
)
_ABOUT = frozenset(
    {
        "file",
        "path",
        "name",
        "id",
        "ref",
        "reference",
        "length",
        "provider",
        "directory",
        "address",
        "type",
        "sensor",
        "label",
        "url",
        "count",
    }
)
"""Last words of a name that make it tell about a secret, not what it is."""
_REFERENCE = re.compile(r"secret:\d|\$brooklyn:|\$\{|attributeWhenReady\(|external\(")
_WORD = r"(?:password|passwd|passphrase|pwd|secret|token|credential|api_?key|access_?key|private_?key)"
_IN_TEXT = (
    re.compile(rf"(?P<keep>\b[\w.-]*{_WORD}=)(?P<hide>[^\s&,;\"'…]+)", re.IGNORECASE),
    re.compile(rf"(?P<keep>\"[\w.-]*{_WORD}\"\s*:\s*\")(?P<hide>(?:[^\"\\]|\\.)+)", re.IGNORECASE),
    re.compile(r"(?P<keep>\bAuthorization[\"'\s:=]+(?:Bearer|Basic)\s+)(?P<hide>[A-Za-z0-9._~+/=-]+)", re.IGNORECASE),
    re.compile(r"(?P<keep>\bBearer\s+)(?P<hide>[A-Za-z0-9._~+/=-]{20,})"),
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?P<hide>[^\s/@]+)(?=@)"),
)


class Masks:
    """The values of one process, each in the forms in which it may turn up. What one more value costs does not grow with how many there are."""

    __slots__ = ("_counts", "_encoded", "_sorted", "_starts", "_values")

    def __init__(self) -> None:
        self._values: dict[str, set[str]] = {}
        self._counts: Counter[str] = Counter()  # of how many values something is a form
        self._sorted: list[tuple[int, str]] = []  # the longest first
        self._encoded: tuple[bytes, ...] | None = ()
        self._starts: frozenset[bytes] = frozenset()

    def remember(self, value: str) -> None:
        """Mask it from now on. Of more than `MOST_VALUES` those are forgotten that were not opened for longest."""
        if len(value) < SHORTEST:
            return
        known = self._values.pop(value, None)
        self._values[value] = known or _forms(value)
        if known is not None:
            return
        for form in self._values[value]:
            self._counts[form] += 1
            if self._counts[form] == 1:
                insort(self._sorted, (-len(form), form))
        self._encoded = None
        while len(self._values) > MOST_VALUES:
            self._drop(next(iter(self._values)))

    def _drop(self, value: str) -> None:
        for form in self._values.pop(value):
            self._counts[form] -= 1
            if not self._counts[form]:
                del self._counts[form]
                del self._sorted[bisect_left(self._sorted, (-len(form), form))]

    def forget(self) -> None:
        """All of them."""
        self._values.clear()
        self._counts.clear()
        self._sorted.clear()
        self._encoded = None

    def values(self) -> tuple[str, ...]:
        """All of them, the one that was opened last at the end."""
        return tuple(self._values)

    def forms(self) -> tuple[str, ...]:
        """All forms of all values, the longest first."""
        return tuple(form for _, form in self._sorted)

    def text(self, text: str) -> str:
        """The text without any of the values."""
        if len(self._sorted) > _MANY and not self.shows(text.encode("utf-8", "surrogatepass")):
            return text
        for _, form in self._sorted:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def shows(self, content: bytes) -> bool:
        """Whether one of them is in an encoded text. Where there are many, it is first looked whether one begins there."""
        if self._encoded is None:
            self._encoded = tuple(form.encode("utf-8", "surrogatepass") for _, form in self._sorted)
            self._starts = frozenset(form[:SHORTEST] for form in self._encoded)
        if len(self._encoded) > _MANY:
            starts = self._starts
            if not any(content[at : at + SHORTEST] in starts for at in range(len(content) - SHORTEST + 1)):
                return False
        return any(form in content for form in self._encoded)


def _forms(value: str) -> set[str]:
    """As it is, in JSON, in a URL, in base64, and each longer line of it."""
    lines = value.splitlines() if "\n" in value else []
    found = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        base64.b64encode(value.encode()).decode(),
    }
    found |= {line.strip() for line in lines if len(line.strip()) >= _LINE}
    return {form for form in found if len(form) >= SHORTEST}


_MASKS = Masks()


def secrets() -> tuple[str, ...]:
    """Every value that is masked by now, for whoever has to hide them in a form of its own."""
    return _MASKS.values()


def forget() -> None:
    """Mask no value any more: between two tests of one process, which have nothing to do with each other."""
    _MASKS.forget()


def remember(value: str) -> None:
    """This is a secret: mask it wherever it turns up in this process."""
    _MASKS.remember(value)


def forms() -> tuple[str, ...]:
    """What turns up of the values that are masked, the longest first: for whoever may not change the length of what they mask."""
    return _MASKS.forms()


def is_secret(name: str) -> bool:
    """Whether a field of that name holds a secret: `db.password`, `apiKey`, `ROOT_PASSWORD`; not `password_file`, which tells where one is."""
    words = [word.lower() for word in _BOUNDARY.split(name) if word]
    if not words or words[-1] in _ABOUT:
        return False
    return bool(_SECRET.intersection(words)) or any(pair in _PAIRS for pair in pairwise(words))


def masked_text(text: str) -> str:
    """The text with every secret value hidden, and what stands beside a name of one."""
    text = _MASKS.text(text)
    for pattern in _IN_TEXT:
        text = pattern.sub(_hidden, text)
    return text


def _hidden(match: "re.Match[str]") -> str:
    return match["keep"] + (match["hide"] if _REFERENCE.match(match["hide"]) else HIDDEN)


def hidden_text(text: str) -> str:
    """The text with every secret value hidden, and nothing else: for what is not ours, as the output of a container."""
    return _MASKS.text(text)


def shows(content: bytes) -> bool:
    """Whether an encoded text has a secret value in it."""
    return _MASKS.shows(content)


def hidden(value: object) -> object:
    """A copy of maps, lists and texts in which every secret value is hidden, whatever the names."""
    match value:
        case str():
            return _MASKS.text(value)
        case Mapping():
            return {hidden(key): hidden(item) for key, item in value.items()}
        case list():
            return [hidden(item) for item in value]
    return value


def masked_bytes(content: bytes) -> bytes:
    """The same of encoded text; what is not UTF-8 comes back with its values hidden."""
    return masked_text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def masked(value: object) -> object:
    """A copy of maps, lists, dataclasses and texts in which secrets are hidden. Numbers and truths stay, whatever their name; references to secrets, too."""
    match value:
        case str():
            return masked_text(value)
        case bytes():
            return masked_bytes(value)
        case Mapping():
            return {masked(key): _named(str(key), item) for key, item in value.items()}
        case tuple() | list() | set() | frozenset():
            return [masked(item) for item in value] if isinstance(value, list) else tuple(masked(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _named(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def _named(name: str, value: object) -> object:
    if isinstance(value, str | bytes) and is_secret(name) and not _REFERENCE.match(value if isinstance(value, str) else ""):
        return HIDDEN if value else value
    return masked(value)

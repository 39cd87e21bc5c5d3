"""Brace globs of hosts: `10.0.0.{1..9}`, `web{01..20}`, `h{a,b{1..3}}`, several with commas between them.

What a glob stands for is counted before any of it is written out, so that one of a million hosts is refused without the memory of a million hosts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

MOST_DEPTH = 8
"""Braces inside braces."""

ENOUGH = 10**15
"""Where counting ends: no more are ever wanted, and a number of many digits would take time itself."""

_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")


class GlobFault(Exception):
    """What is wrong with a glob, and at which character of it (from 0). Never leaves the room."""

    def __init__(self, offset: int, text: str) -> None:
        super().__init__(text)
        self.offset = offset
        self.text = text


@dataclass(frozen=True, slots=True)
class _Range:
    """`{first..last}`; `width` is that of numbers written with leading zeros."""

    first: int
    last: int
    width: int

    def count(self) -> int:
        return abs(self.last - self.first) + 1

    def expand(self) -> Iterator[str]:
        step = 1 if self.last >= self.first else -1
        return (str(number).zfill(self.width) for number in range(self.first, self.last + step, step))


@dataclass(frozen=True, slots=True)
class _Choice:
    """`{a,b}`."""

    choices: tuple["_Sequence", ...]

    def count(self) -> int:
        return sum(choice.count() for choice in self.choices)

    def expand(self) -> Iterator[str]:
        return (text for choice in self.choices for text in choice.expand())


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Parts one after the other; plain text is a part."""

    parts: tuple["_Part", ...]

    def count(self) -> int:
        total = 1
        for part in self.parts:
            total = min(ENOUGH, total * (1 if isinstance(part, str) else part.count()))
        return total

    def expand(self) -> Iterator[str]:
        columns = ((part,) if isinstance(part, str) else tuple(part.expand()) for part in self.parts)
        return map("".join, product(*columns))


_Part: TypeAlias = str | _Range | _Choice


@dataclass(frozen=True, slots=True)
class Glob:
    """A glob that is understood. `count` is arithmetic; only `expand` takes memory."""

    _whole: _Sequence

    @property
    def count(self) -> int:
        """How many texts it stands for."""
        return self._whole.count()

    def expand(self) -> Iterator[str]:
        """The texts, the last brace changing fastest."""
        return self._whole.expand()


def read_glob(text: str) -> Glob:
    """The glob in the text, which may also have no braces. Raises GlobFault."""
    parser = _Parser(text)
    whole = parser.sequence(0)
    if parser.at < len(text):
        raise GlobFault(parser.at, "`}` closes nothing; remove it, or write `{` before it")
    return Glob(whole)


class _Parser:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def sequence(self, depth: int) -> _Sequence:
        """Up to the end of the text, or inside braces up to `,` or `}`."""
        parts: list[_Part] = []
        stops = "{}," if depth else "{}"
        while self.at < len(self._text):
            if self._text[self.at] == "{":
                parts.append(self._braces(depth + 1))
                continue
            end = self.at
            while end < len(self._text) and self._text[end] not in stops:
                end += 1
            if end == self.at:
                break
            parts.append(self._text[self.at : end])
            self.at = end
        return _Sequence(tuple(parts))

    def _braces(self, depth: int) -> _Part:
        begin = self.at
        if depth > MOST_DEPTH:
            raise GlobFault(begin, f"braces inside braces more than {MOST_DEPTH} deep; write it flatter")
        self.at += 1
        close = self._text.find("}", begin)
        inner = _RANGE.fullmatch(self._text, self.at, close) if close > 0 else None
        if inner:
            self.at = close + 1
            first, last = inner[1], inner[2]
            padded = any(len(number) > 1 and number.startswith("0") for number in (first, last))
            return _Range(int(first), int(last), max(len(first), len(last)) if padded else 0)
        choices = [self.sequence(depth)]
        while self.at < len(self._text) and self._text[self.at] == ",":
            self.at += 1
            choices.append(self.sequence(depth))
        if self.at >= len(self._text):
            raise GlobFault(begin, "`{` is never closed; write `}` where the choices end")
        self.at += 1
        if len(choices) == 1:
            raise GlobFault(begin, "braces hold choices, as {a,b}, or a range of numbers, as {1..9}; write one of these")
        return _Choice(tuple(choices))


def split(text: str) -> list[tuple[int, str]]:
    """The pieces between commas that stand outside of braces and brackets, without the spaces around them, each with its place in the text."""
    pieces: list[tuple[int, str]] = []
    depth, begin = 0, 0
    for at, character in enumerate((*text, ",")):
        if character in "{([":
            depth += 1
        elif character in "})]":
            depth = max(0, depth - 1)
        elif character == "," and (not depth or at == len(text)):
            piece = text[begin:at]
            lead = len(piece) - len(piece.lstrip())
            pieces.append((begin + lead, piece.strip()))
            begin = at + 1
    return [(at, piece) for at, piece in pieces if piece]

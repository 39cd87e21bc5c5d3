"""The words of an expression: names, texts in quotes, numbers, brackets; each with its offset in the text."""

import re
from dataclasses import dataclass
from enum import StrEnum

from clocker_actors.blueprint.nodes import quote

MOST_WORDS = 2_000
"""Words in one expression."""


class DslFault(Exception):
    """What is wrong with one expression, and where in its text, or with which argument; never leaves the room."""

    def __init__(self, offset: int, text: str, arg: object = None) -> None:
        super().__init__(text)
        self.offset, self.text, self.arg = offset, text, arg


class Kind(StrEnum):
    """What a word is."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `text` as written, for a text without its quotes."""

    kind: Kind
    text: str
    offset: int


_WORD = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<number>[-+]?(?:\d{1,30}(?:\.\d{1,30})?)(?![A-Za-z0-9_]))"""
    r"""|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>\$brooklyn:|[()\[\]{}.,:]))""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def words(text: str, start: int) -> list[Word]:
    """The words from `start` on, and an END after them. Raises DslFault."""
    found: list[Word] = []
    at, end = start, len(text.rstrip())
    while at < end:
        match = _WORD.match(text, at, end)
        if match is None:
            raise _unreadable(text, at + len(text[at:]) - len(text[at:].lstrip()))
        if len(found) == MOST_WORDS:
            raise DslFault(at, f"the expression has more than {MOST_WORDS} words; split it, with `config` for its parts")
        found.append(_word(match))
        at = match.end()
    return [*found, Word(Kind.END, "", end)]


def _word(match: re.Match[str]) -> Word:
    kind = Kind(match.lastgroup or "sign")
    text, offset = match.group(kind), match.start(kind)
    if kind is Kind.TEXT:
        text = _ESCAPE.sub(lambda found: _ESCAPES.get(found.group(1), found.group(1)), text[1:-1])
    return Word(kind, text, offset)


def _unreadable(text: str, at: int) -> DslFault:
    if text[at] in "\"'":
        return DslFault(at, "this quote is never closed; write the same quote where the text ends")
    return DslFault(at, f"{quote(text[at : at + 20])} cannot be read here; put a text in double quotes")

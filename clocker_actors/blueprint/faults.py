"""The faults of one file, collected so that a person hears of all of them at once.

Each is one line, `file:line:column: what is wrong, and what would be right`, in the order of the file. Past a bound they are only counted:
nobody reads the second hundred, and looking up near names for each would make a wrong file slow.
"""

import difflib
from collections.abc import Iterable

from clocker_actors.blueprint.nodes import Mark, quote
from clocker_actors.errors import BlueprintError

MOST_FAULTS = 100
MOST_LISTED = 40
MOST_GUESSES = 15_000
"""Names that are compared with wrong ones in one file; each takes up to 0.05 ms."""


class Stop(Exception):
    """Reading cannot go on after this fault; never leaves the room."""


class Faults:
    """Collects the faults of the file called `filename`, and of the types it names (their marks know their own files)."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._found: dict[tuple[Mark, str], None] = {}
        self._uncounted = 0
        self._guesses = 0
        self._silenced: set[Mark] = set()

    @property
    def any(self) -> bool:
        """Whether something is wrong."""
        return bool(self._found)

    @property
    def count(self) -> int:
        """How many are noted."""
        return len(self._found)

    @property
    def full(self) -> bool:
        """Whether further faults are only counted."""
        return len(self._found) >= MOST_FAULTS

    def add(self, mark: Mark, text: str) -> None:
        """Note one fault. The same words at the same place (an alias used twice) are one fault."""
        if (mark, text) in self._found or mark in self._silenced:
            return
        if self.full:
            self._uncounted += 1
        else:
            self._found[mark, text] = None

    def silence(self, mark: Mark) -> None:
        """Have nothing more noted at this place: what is wrong there is known, and the rest would only follow from that."""
        self._silenced.add(mark)

    def near(self, name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
        """Up to three known names most like this one, best first, whatever the case; none any more when too many were looked up."""
        if self.full or self._guesses > MOST_GUESSES:
            return []
        by_lower = {each.lower(): each for each in known}
        self._guesses += len(by_lower)
        return [by_lower[each] for each in difflib.get_close_matches(name[:60].lower(), by_lower, n=3, cutoff=cutoff)]

    def hint(self, name: str, known: Iterable[str], main: Iterable[str] | None = None) -> str:
        """What would be right: the nearest known names, or else all of them; of these only the `main` ones, if others are but further spellings."""
        names = list(known)
        close = self.near(name, names)
        if close:
            return f"did you mean {' or '.join(quote(each) for each in close)}?"
        listed = sorted(set(names if main is None else main))
        more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
        return f"known are: {', '.join(listed[:MOST_LISTED])}{more}" if listed else "nothing can be written there"

    def unknown(self, mark: Mark, name: str, where: str, known: Iterable[str], main: Iterable[str] | None = None) -> None:
        """Note that a name is not known there, with the nearest ones that are (see `hint`)."""
        self.add(mark, f"{quote(name)} is not {where}; {self.hint(name, known, main)}")

    def error(self) -> BlueprintError:
        """All faults in the order of the file."""
        lines = [f"{mark.file or self._filename}:{mark.line}:{mark.column}: {text}" for mark, text in sorted(self._found, key=_order)]
        if self._uncounted:
            lines.append(f"{self._filename}:1:1: and {self._uncounted} more faults; mend these first")
        return BlueprintError(tuple(lines))

    def check(self) -> None:
        """Raise `BlueprintError` if there are faults."""
        if self.any:
            raise self.error()


def _order(found: tuple[Mark, str]) -> tuple[str, Mark, str]:
    """Those of the file itself come first, then those in types, file by file."""
    mark, text = found
    return mark.file, mark, text

"""One map of the file read against its table: spellings made one, unknown keys found, values coerced with the table's bounds.

Every part of the language reads its map through a `Section`, so that each says the same about the same mistake.
"""

from collections.abc import Mapping
from copy import copy

from clocker_actors.blueprint.coerce import typed
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.keys import Key
from clocker_actors.blueprint.nodes import Entry, MapNode, Mark, Node, describe, is_null, quote
from clocker_actors.blueprint.tables import CLUSTER_CONFIG, CONTAINER_CONFIG, ELSEWHERE, KeyTable
from clocker_actors.model.values import Value


class Section:
    """The keys of one map by the names of the table. Faulty values read as the row's default, after the fault is noted."""

    def __init__(
        self, mark: Mark, what: str, table: KeyTable, faults: Faults, beside: KeyTable | None = None, more: Mapping[str, str] | None = None
    ) -> None:
        """`beside` and `more` (from each spelling to the name) are keys that may stand in the same map but are read elsewhere; hints name them too."""
        self.mark = mark
        self.faults = faults
        self._what = what
        self._table = table
        self._beside = beside
        self._more = more or {}
        self._entries: dict[str, Entry] = {}

    @staticmethod
    def read(node: Node, what: str, table: KeyTable, faults: Faults) -> "Section":
        """The section a map node holds; all its keys must be in the table. Another node is a fault, and reads as an empty map."""
        section = Section(node.mark, what, table, faults)
        if isinstance(node, MapNode):
            for entry in node.entries.values():
                if not section.offer(entry):
                    section.refuse(entry)
        else:
            faults.add(node.mark, f"{what} has {describe(node)}; write a map with keys such as {', '.join(list(table.keys)[:4])}")
        return section

    def copy(self) -> "Section":
        """Another one with the same entries, to be changed apart."""
        made = copy(self)
        made._entries = dict(self._entries)
        return made

    def offer(self, entry: Entry) -> bool:
        """Take the entry if its key is known here. A key given twice in two spellings is a fault."""
        name = self._table.spellings.get(entry.key)
        if name is None:
            return False
        first = self._entries.setdefault(name, entry)
        if first is not entry:
            text = f"{quote(entry.key)} and {quote(first.key)} on line {first.mark.line} are the same key; keep one of them"
            self.faults.add(entry.mark, text)
        return True

    def refuse(self, entry: Entry) -> None:
        """Note that the entry's key is not known here."""
        if entry.key in ELSEWHERE:
            self.faults.add(entry.mark, f"{quote(entry.key)} is not a key of {self._what}; {ELSEWHERE[entry.key]}")
        elif self._table is CLUSTER_CONFIG and entry.key in CONTAINER_CONFIG.spellings:
            self.faults.add(entry.mark, f"{quote(entry.key)} is not a key of {self._what} but of each member; write it in `memberSpec`")
        else:
            self.faults.unknown(entry.mark, entry.key, f"a key of {self._what}", self._hints(), self._names())

    def refuse_slip(self, entry: Entry) -> bool:
        """Where keys of anybody's choice may stand: note it if this one looks like a slip of the pen for a declared key."""
        close = [] if "." in entry.key else self.faults.near(entry.key, self._hints(), cutoff=0.8)
        if close:
            text = f"{quote(entry.key)} is not a key of {self._what}; did you mean {quote(close[0])}? (a key of your own needs a dot: {quote('my.' + entry.key)})"
            self.faults.add(entry.mark, text)
        return bool(close)

    @property
    def table(self) -> KeyTable:
        """The keys it is read against."""
        return self._table

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What is given, by the names of the table."""
        return self._entries

    def entry(self, name: str) -> Entry | None:
        """The entry of a key, None if it is not given."""
        return self._entries.get(name)

    def put(self, name: str, entry: Entry) -> None:
        """Have the key read from this entry."""
        self._entries[name] = entry

    def name_of(self, spelling: str) -> str:
        """The table's name of a key, however it is spelled; "" if it has none."""
        return self._table.spellings.get(spelling, "")

    def key(self, name: str) -> Key:
        """The table's row of that name."""
        return self._table[name]

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def mark_of(self, name: str) -> Mark:
        """Where the value of the key stands, or the section if it is not given."""
        entry = self._entries.get(name)
        return entry.node.mark if entry else self.mark

    def spelled(self, name: str) -> str:
        """The key as the person wrote it, quoted."""
        entry = self._entries.get(name)
        return quote(entry.key if entry else name)

    def node(self, name: str) -> Node | None:
        """What the key has, None if it is not given or has nothing."""
        entry = self._entries.get(name)
        return None if entry is None or is_null(entry.node) else entry.node

    def fault(self, name: str, text: str) -> None:
        """Note a fault at the value of a key."""
        self.faults.add(self.mark_of(name), text)

    def _value(self, name: str) -> Value:
        node, key = self.node(name), self._table[name]
        found = None if node is None else typed(node, key, self.faults)
        return key.default if found is None else found

    def check(self) -> None:
        """Note what is wrong with the values of all keys that have no syntax of their own."""
        for name in self._entries:
            if self._table[name].type != "node":
                self._value(name)

    def _hints(self) -> list[str]:
        return [*self._table.spellings, *(self._beside.spellings if self._beside else ()), *self._more]

    def _names(self) -> list[str]:
        return [*self._table.keys, *(self._beside.keys if self._beside else ()), *self._more.values()]

    def text(self, name: str) -> str:
        """The key's string, or its default."""
        value = self._value(name)
        return value if isinstance(value, str) else ""

    def boolean(self, name: str) -> bool:
        """The key's boolean, or its default."""
        return self._value(name) is True

    def maybe_number(self, name: str) -> float | None:
        """The key's number, duration in seconds, or its default; None if it has neither."""
        value = self._value(name)
        return value if isinstance(value, int | float) else None

    def maybe_integer(self, name: str) -> int | None:
        """The key's whole number or size in bytes, or its default; None if it has neither."""
        value = self._value(name)
        return value if isinstance(value, int) else None

    def number(self, name: str) -> float:
        """As `maybe_number`, for keys whose row has a default."""
        return self.maybe_number(name) or 0.0

    def integer(self, name: str) -> int:
        """As `maybe_integer`, for keys whose row has a default."""
        return self.maybe_integer(name) or 0

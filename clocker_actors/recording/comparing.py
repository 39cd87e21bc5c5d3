"""Whether the decisions of a replay are the recorded ones.

    as long as all is as it was       each decision is compared with the recorded one of the same message, byte for byte
    once something else happens       (a policy looks at other times, say) messages have other numbers, so only what was ordered is compared, in its order;
                                      what decides nothing is left out on both sides

The first difference of any kind is noted. The first order that was not given then, or is not given now, is where decisions part.
"""

import json
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

PATIENCE = 1.0
"""Seconds after which an order that was not recorded by then is one that was not given."""


@dataclass(frozen=True, slots=True)
class Parting:
    """A message after which something else happened: its number, when it was handled, by whom, of what type; and both decisions as JSON ("" for none).
    `why` says in words what differs."""

    number: int
    at: float
    actor: str
    message: str
    why: str = ""
    recorded: str = ""
    replayed: str = ""


NOWHERE = Parting(0, 0.0, "", "")


class Comparison:
    """Of one replay. `strayed`: messages are not the recorded ones any more. `parting` is None until decisions part."""

    def __init__(self) -> None:
        self.first: Parting | None = None
        self.parting: Parting | None = None
        self.strayed = False
        self._recorded: deque[tuple[int, str]] = deque()
        self._replayed: deque[tuple[str, Parting]] = deque()
        self._lately: dict[str, Parting] = {}

    def recorded(self, number: int, body: bytes) -> None:
        """What was decided then, as the next thing."""
        if not self.strayed or _orders(body.decode()):
            self._recorded.append((number, body.decode()))
        self._match()

    def made(self, body: bytes, where: Parting) -> None:
        """What is decided now, as the next thing."""
        now = body.decode()
        if self.strayed:
            self._made_somewhere(now, where)
            return
        if not self._recorded or self._recorded[0][0] != where.number:
            self.stray("it decides, and then it did not", where, "", now)
            self._made_somewhere(now, where)
            return
        _, then = self._recorded.popleft()
        if then == now:
            return
        orders, ordered = _orders(now), _orders(then)
        if orders != ordered:
            self._part("it decides otherwise", where, then, now)
        else:
            names = [name for name, value in json.loads(now).items() if value != json.loads(then).get(name)]
            self._note(f"it orders the same, and tells another {', '.join(names)}", where, then, now)

    def handled(self, where: Parting) -> None:
        """A message was handled, and what was decided was told before."""
        if self.strayed:
            self._lately[where.actor] = where
        elif self._recorded and self._recorded[0][0] <= where.number:
            self.stray("it does not decide, and then it did", where, self._recorded[0][1])

    def stray(self, why: str, where: Parting, recorded: str = "", replayed: str = "") -> None:
        """Something else happens than then: from now on only orders are compared."""
        self._note(why, where, recorded, replayed)
        self.strayed = True
        self._recorded = deque(each for each in self._recorded if _orders(each[1]))
        self._match()

    def caught_up(self, now: float, where: Parting) -> None:
        """Everything was handled that had come in by then."""
        if not self.strayed or self.parting is not None:
            return
        if self._recorded:
            _, then = self._recorded[0]
            decision = json.loads(then)
            there = self._lately.get(decision["by"]) or self._lately.get(decision["subject"]) or where
            self._part("it does not decide, and then it did", there, then)
        elif self._replayed and now - self._replayed[0][1].at > PATIENCE:
            self.ended()

    def ended(self) -> None:
        """No more was recorded."""
        if self._replayed and self.parting is None:
            body, where = self._replayed[0]
            self._part("it decides, and then it did not", where, "", body)

    def _made_somewhere(self, now: str, where: Parting) -> None:
        if _orders(now):
            self._replayed.append((now, where))
            self._match()

    def _match(self) -> None:
        while self.strayed and self._recorded and self._replayed and self.parting is None:
            (_, then), (now, where) = self._recorded.popleft(), self._replayed.popleft()
            if _orders(then) != _orders(now):
                self._part("it decides otherwise", where, then, now)

    def _note(self, why: str, where: Parting, recorded: str = "", replayed: str = "") -> None:
        if self.first is None:
            self.first = replace(where, why=why, recorded=recorded, replayed=replayed)

    def _part(self, why: str, where: Parting, recorded: str = "", replayed: str = "") -> None:
        self._note(why, where, recorded, replayed)
        if self.parting is None:
            self.parting = replace(where, why=why, recorded=recorded, replayed=replayed)


def _orders(decision: str) -> tuple[object, ...]:
    """What follows from it: whom it concerns, and what it wants done; nothing for one that wants nothing."""
    found: dict[str, Any] = json.loads(decision)
    chosen = (found.get("placement") or {}).get("chosen")
    if not found["action"] and not chosen:
        return ()
    return found["subject"], found["by"], found["kind"], found["action"], chosen

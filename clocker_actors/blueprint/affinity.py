"""The language of affinity rules, read with positions.

    affinity:                                   affinity: NOT TYPE, APPLICATION
    - NOT TYPE                                  affinity: |
    - REQUIRE TYPE redis PER ZONE                 TYPE solr
    - PREFER APPLICATION WEIGHT 5                 NOT EMPTY

    rule   := ["NOT" | "SAME"] what [per] | ["NOT"] "EMPTY" | "REQUIRE" what [per] | "AT LEAST" n what [per]
            | "AT MOST" n [what] [per] | "PREFER" ["NOT"] what [per] ["WEIGHT" n] | "SPREAD" [what] "OVER" domain
    what   := "TYPE" [x] | "NAME" x | "ID" [x] | "APPLICATION" [x] | "CLUSTER" [x] | "PREDICATE" x | "SAME" | "ANY"
    per    := "PER" domain          domain := "HOST" | "ZONE" | "LABEL" key

The words may be written in any case. In one text rules are parted by commas or line ends, and empty pieces are dropped, as the ancestor did; in a list each
item is one rule. `SAME` before a verb says what the verb says already, and alone it is `TYPE`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import ListNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.errors import BadRequest
from clocker_actors.model.affinity import LABEL, ZONE, AffinityRule, Sense, Verb, contradictions

MOST_RULES = 50
MOST_NUMBER = 10_000

_TOKEN = re.compile(r"\S+")
_PIECE = re.compile(r"[^,\n]+")
_NEEDS = {Verb.NAME: "a part of the name to look for", Verb.PREDICATE: "the name of a predicate"}
_WHAT = ("TYPE", "NAME", "ID", "APPLICATION", "CLUSTER", "PREDICATE", "SAME", "ANY")
_FIRST = (*_WHAT[:-1], "NOT", "EMPTY", "REQUIRE", "AT", "PREFER", "SPREAD")
_ENDS = frozenset({"PER", "WEIGHT", "OVER"})


class _Wrong(Exception):
    """What is wrong, and at which character of the rule; never leaves this file."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset, self.reason = offset, reason


class _Words:
    """The words of one rule, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._words = [(found.group(), found.start()) for found in _TOKEN.finditer(text)]
        self._end = len(text.rstrip())
        self._next = 0

    @property
    def offset(self) -> int:
        return self._words[self._next][1] if self._next < len(self._words) else self._end

    def peek(self) -> str:
        return self._words[self._next][0].upper() if self._next < len(self._words) else ""

    def take(self) -> str:
        word = self._words[self._next][0] if self._next < len(self._words) else ""
        self._next += 1
        return word

    def wrong(self, reason: str) -> _Wrong:
        return _Wrong(self.offset, reason)

    def skip(self, *words: str) -> bool:
        """Take these words if they come next."""
        ahead = [word.upper() for word, _ in self._words[self._next : self._next + len(words)]]
        if ahead != list(words):
            return False
        self._next += len(words)
        return True

    def choose(self, known: tuple[str, ...]) -> str:
        """Take one of the known words."""
        word = self.peek()
        if word not in known:
            found = f"{quote(self._words[self._next][0])} is not known here" if word else "the rule ends too early"
            raise self.wrong(f"{found}; write one of {', '.join(known)}")
        self._next += 1
        return word

    def number(self, least: int) -> int:
        """Take a whole number."""
        word = self.peek()
        if not re.fullmatch(r"[0-9]{1,6}", word) or not least <= int(word) <= MOST_NUMBER:
            raise self.wrong(f"{quote(word) if word else 'nothing'} is not a whole number from {least} to {MOST_NUMBER}")
        self._next += 1
        return int(word)


def _rule(text: str) -> AffinityRule:
    words = _Words(text)
    rule = _sentence(words)
    if words.peek():
        raise _Wrong(words.offset, f"{quote(words.take())} is more than a rule holds; write one rule per item, or a comma between rules")
    return replace(rule, text=" ".join(text.split()))


def _sentence(words: _Words) -> AffinityRule:
    if words.skip("NOT"):
        if words.skip("EMPTY"):
            return AffinityRule("", Sense.NOT_EMPTY)
        return _about(words, Sense.NONE)
    if words.skip("EMPTY"):
        return AffinityRule("", Sense.EMPTY)
    if words.skip("REQUIRE"):
        return _about(words, Sense.AT_LEAST, any_too=True)
    if words.skip("AT", "LEAST"):
        return _about(words, Sense.AT_LEAST, words.number(1), any_too=True)
    if words.skip("AT", "MOST"):
        number = words.number(1)
        own = words.peek() in ("", "PER")
        return (
            _domain(words, AffinityRule("", Sense.AT_MOST, Verb.CLUSTER, number=number))
            if own
            else _about(words, Sense.AT_MOST, number, any_too=True)
        )
    if words.skip("PREFER"):
        return _weight(words, _about(words, Sense.AVOID if words.skip("NOT") else Sense.PREFER, any_too=True))
    if words.skip("SPREAD"):
        rule = AffinityRule("", Sense.SPREAD, Verb.CLUSTER) if words.peek() == "OVER" else _what(words, Sense.SPREAD, 1, any_too=True)
        words.choose(("OVER",))
        return replace(rule, domain=_domain_name(words))
    if words.peek() == "AT":
        words.take()
        words.choose(("LEAST", "MOST"))
    if words.peek() not in _WHAT[:-1]:
        words.choose(_FIRST)
    return _about(words, Sense.ONLY)


def _about(words: _Words, sense: Sense, number: int = 1, *, any_too: bool = False) -> AffinityRule:
    return _domain(words, _what(words, sense, number, any_too=any_too))


def _what(words: _Words, sense: Sense, number: int, *, any_too: bool) -> AffinityRule:
    same = words.skip("SAME")
    if same and words.peek() not in _WHAT[:6]:
        return AffinityRule("", sense, Verb.TYPE, number=number)
    verb = Verb(words.choose(_WHAT[:6] if same else _WHAT if any_too else _WHAT[:-1]))
    parameter = "" if verb is Verb.ANY or words.peek() in _ENDS or not words.peek() else words.take()
    if not parameter and verb in _NEEDS:
        raise words.wrong(f"{verb} needs {_NEEDS[verb]}")
    return AffinityRule("", sense, verb, parameter, number)


def _domain(words: _Words, rule: AffinityRule) -> AffinityRule:
    return replace(rule, domain=_domain_name(words)) if words.skip("PER") else rule


def _domain_name(words: _Words) -> str:
    kind = words.choose(("HOST", "ZONE", "LABEL"))
    if kind == "LABEL":
        if not words.peek():
            raise words.wrong("LABEL needs the key of a label of the hosts")
        return LABEL + words.take()
    return ZONE if kind == "ZONE" else ""


def _weight(words: _Words, rule: AffinityRule) -> AffinityRule:
    return replace(rule, number=words.number(1)) if words.skip("WEIGHT") else rule


def rules_of(text: str) -> tuple[AffinityRule, ...]:
    """The rules of one text. Raises BadRequest with the line and column of the first that cannot be read."""
    found = []
    for offset, piece in _pieces(text):
        try:
            found.append(_rule(piece))
        except _Wrong as wrong:
            before = text[: offset + wrong.offset].split("\n")
            raise BadRequest(f"affinity rule, {len(before)}:{len(before[-1]) + 1}: {wrong.reason}") from None
    return tuple(found)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    for piece in _PIECE.finditer(text):
        if piece.group().strip():
            yield piece.start(), piece.group()


def read_rules(node: Node | None, what: str, context: Context, *, of_host: bool = False) -> tuple[AffinityRule, ...]:
    """The rules of a node: one text, or a list with one rule per item. Faults name the very word. `of_host`: for the rules of a host, which speak of it alone."""
    if node is None:
        return ()
    marked: list[tuple[AffinityRule, Mark]] = []
    for item in node.items if isinstance(node, ListNode) else (node,):
        if not isinstance(item, ScalarNode) or is_null(item):
            context.faults.add(item.mark, f"a rule of {what} cannot be {describe(item)}; write a text such as NOT TYPE")
            continue
        pieces = [(0, item.text)] if isinstance(node, ListNode) else list(_pieces(item.text))
        for offset, piece in pieces:
            rule = _read_one(item, offset, piece, context)
            if rule:
                marked.append((rule, item.at(offset + len(piece) - len(piece.lstrip()))))
    _check(marked, what, context, of_host=of_host)
    return tuple(rule for rule, _ in marked)


def _read_one(item: ScalarNode, offset: int, piece: str, context: Context) -> AffinityRule | None:
    try:
        rule = _rule(piece)
    except _Wrong as wrong:
        context.faults.add(item.at(offset + wrong.offset), f"affinity rule {quote(piece.strip())}: {wrong.reason}")
        return None
    known = context.predicates
    if rule.verb is Verb.PREDICATE and rule.parameter not in known and not context.partial:
        place = item.at(offset + piece.upper().index("PREDICATE"))
        near = " or ".join(quote(each) for each in context.faults.near(rule.parameter, known))
        advice = f"did you mean {near}?" if near else "install it as an entry point, or name its module in the setting strategy_modules"
        context.faults.add(place, f"{quote(rule.parameter)} is no predicate this manager knows: {advice}")
        return None
    return rule


def _check(marked: list[tuple[AffinityRule, Mark]], what: str, context: Context, *, of_host: bool) -> None:
    if len(marked) > MOST_RULES:
        context.faults.add(marked[MOST_RULES][1], f"{what} has more than {MOST_RULES} rules; keep those that matter")
        del marked[MOST_RULES:]
    places = {id(rule): mark for rule, mark in marked}
    for later, earlier, reason in contradictions([rule for rule, _ in marked]):
        line = places[id(earlier)].line
        text = f"{quote(later.text)} contradicts {quote(earlier.text)} on line {line}: {reason}; remove one of them"
        context.faults.add(places[id(later)], text)
    for rule, mark in marked if of_host else ():
        if rule.domain or rule.sense in (Sense.PREFER, Sense.AVOID, Sense.SPREAD):
            context.faults.add(mark, f"{quote(rule.text)} speaks of more than this host; write it at the docker-cloud or a service")

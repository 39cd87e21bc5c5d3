"""Conditions on a value, written as a map of tests that all must hold, or as the value it is to equal.

    equals regex glob less-than less-than-or-equal-to greater-than greater-than-or-equal-to in-range size when java-instance-of
    not any all check assert has-element filter              tests of tests
    key index jsonpath error-field error-cause               tests of a part of the value
    target config sensor tag                                 tests of something else about the entity, which a `Subject` knows

A part is taken first, in the order of the names above, and what else is written tests that. A test of a value that is not there fails, except `when` and `not`.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from fnmatch import translate
from typing import Protocol

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.comparing import equal, order
from clocker_actors.expressions.jsonpath import find, steps
from clocker_actors.expressions.patterns import compiled, matches
from clocker_actors.expressions.texts import as_text, truthy
from clocker_actors.model.values import Value

MOST_TESTS = 200
_MOST_DEPTH = 20
_MOST_WORK = 100_000
_MOST_GLOB = 200


class Absent:
    """There is nothing, not even null."""


ABSENT = Absent()


class Subject(Protocol):
    """The entity that a condition is about."""

    def config(self, key: str) -> Value | Absent:
        """Its configuration."""

    def sensor(self, name: str) -> Value | Absent:
        """Its reading."""

    def target(self, name: str) -> Value | Absent:
        """What the word of a `target` stands for, such as `children` or `members`."""

    def tags(self) -> tuple[Value, ...]:
        """Its tags."""


def holds(value: Value | Absent, predicate: Value, subject: Subject | None = None) -> bool:
    """Whether the value is as the predicate says. Raises BadRequest for a predicate that is none, or an `assert` that fails."""
    return _Testing(subject).holds(value, predicate)


def check(predicate: Value) -> None:
    """Raises BadRequest if it is no predicate, with the word that is wrong."""
    _check(predicate, 0, [0])


def _check(predicate: Value, depth: int, count: list[int]) -> None:
    count[0] += 1
    if depth > _MOST_DEPTH or count[0] > MOST_TESTS:
        raise BadRequest(f"a predicate has at most {MOST_TESTS} tests, {_MOST_DEPTH} inside each other; write a simpler one")
    if not isinstance(predicate, Mapping):
        return
    if not predicate:
        raise BadRequest(f"an empty predicate; write a test, such as {{greater-than: 3}}, or one of {', '.join(WORDS)}")
    for word, value in predicate.items():
        if word not in WORDS:
            raise BadRequest(f"`{as_text(word)[:60]}` is not a test of a predicate; write {_near(word)}")
        _check_word(word, value, depth, count)


def _near(word: str) -> str:
    return " or ".join(get_close_matches(word[:60], WORDS, n=3)) or f"one of {', '.join(WORDS)}"


def _check_word(word: str, value: Value, depth: int, count: list[int]) -> None:
    if word in ("any", "all"):
        if not isinstance(value, list | tuple) or not value:
            raise BadRequest(f"`{word}` takes a list of predicates; write {word}: [{{…}}, {{…}}]")
        for each in value:
            _check(each, depth + 1, count)
    elif word in _NESTED:
        _check(value, depth + 1, count)
    elif word in _TEXTS and not isinstance(value, str):
        raise BadRequest(f"`{word}` takes a text, not `{as_text(value)[:60]}`; write {word}: word")
    elif word == "regex":
        compiled(as_text(value))
    elif word == "glob":
        _glob(as_text(value))
    elif word == "jsonpath":
        steps(as_text(value))
    elif word == "when" and value not in WHEN:
        raise BadRequest(f"`when` cannot be `{as_text(value)[:60]}`; write one of {', '.join(WHEN)}")
    elif word == "in-range" and not (isinstance(value, list | tuple) and len(value) == 2):
        raise BadRequest(f"`in-range` is `{as_text(value)[:60]}`; write the least and the most, as [1, 10]")
    elif word == "index" and (isinstance(value, bool) or not isinstance(value, int)):
        raise BadRequest(f"`index` is `{as_text(value)[:60]}`; write a whole number, from 0, or from -1 backwards")


def _glob(pattern: str) -> str:
    if len(pattern) > _MOST_GLOB or pattern.count("*") > 5:
        raise BadRequest(f"`glob` has more than {_MOST_GLOB} characters or five `*`; write a shorter one")
    return pattern


class _Testing:
    """One evaluation, bounded in its work."""

    def __init__(self, subject: Subject | None) -> None:
        self._subject = subject
        self._left = _MOST_WORK

    def holds(self, value: Value | Absent, predicate: Value) -> bool:
        self._left -= 1
        if self._left < 0:
            raise BadRequest("the predicate takes too long on this value; write a simpler one")
        if not isinstance(predicate, Mapping):
            return not isinstance(value, Absent) and equal(value, predicate)
        for word in _PARTS:
            if word in predicate:
                value = self._part(word, predicate[word], value)
        if "filter" in predicate:
            value = [each for each in _items(value) if self.holds(each, predicate["filter"])]
        tests = [(word, test) for word, test in predicate.items() if word not in _PARTS and word != "filter"]
        if not tests:
            return truthy(value) if "filter" in predicate else not isinstance(value, Absent)
        return all(self._test(word, test, value) for word, test in tests)

    def _part(self, word: str, which: Value, value: Value | Absent) -> Value | Absent:
        if word in ("target", "config", "sensor"):
            if self._subject is None:
                raise BadRequest(f"`{word}` asks for something else than the value, and there is no entity here; test the value itself")
            return getattr(self._subject, word)(as_text(which))  # type: ignore[no-any-return]  # the three of the protocol are alike
        if word == "jsonpath":
            found, there = find(None if isinstance(value, Absent) else value, as_text(which))
            return found if there else ABSENT
        if word == "index":
            return _at(value, which)
        return value.get(as_text(which), ABSENT) if isinstance(value, Mapping) else ABSENT

    def _test(self, word: str, test: Value, value: Value | Absent) -> bool:
        match word:
            case "not":
                return not self.holds(value, test)
            case "any":
                return any(self.holds(value, each) for each in _items(test))
            case "all":
                return all(self.holds(value, each) for each in _items(test))
            case "check":
                return self.holds(value, test)
            case "assert":
                if not self.holds(value, test):
                    raise BadRequest(f"`assert` does not hold: {_shown(value)} is not {as_text(test)[:100]}; change one of them")
                return True
            case "has-element":
                return any(self.holds(each, test) for each in _items(value))
            case "size":
                return isinstance(value, str | list | tuple | Mapping) and self.holds(len(value), test)
            case "error-cause":
                return any(self.holds(cause, test) for cause in _causes(value))
            case "tag":
                return any(self.holds(tag, test) for tag in (self._subject.tags() if self._subject else ()))
            case "when":
                return _WHEN[as_text(test)](value)
        return not isinstance(value, Absent) and value is not None and _PLAIN[word](value, test)


def _items(value: Value | Absent) -> tuple[Value, ...]:
    if isinstance(value, Mapping):
        return tuple(value.values())
    return tuple(value) if isinstance(value, list | tuple) else ()


def _at(value: Value | Absent, place: Value) -> Value | Absent:
    if not isinstance(value, list | tuple) or not isinstance(place, int) or not -len(value) <= place < len(value):
        return ABSENT
    found: Value = value[place]
    return found


def _causes(value: Value | Absent) -> tuple[Value, ...]:
    found: list[Value] = []
    while isinstance(value, Mapping) and len(found) < _MOST_DEPTH:
        value = value.get("cause")
        found += [value] if value is not None else []
    return tuple(found)


def _shown(value: Value | Absent) -> str:
    return "nothing" if isinstance(value, Absent) else as_text(value)[:100]


def _compares(accepts: Callable[[int], bool]) -> Callable[[Value, Value], bool]:
    def test(value: Value, other: Value) -> bool:
        found = order(value, other)
        return found is not None and accepts(found)

    return test


def _in_range(value: Value, bounds: Value) -> bool:
    least, most = _items(bounds)
    low, high = order(value, least), order(value, most)
    return low is not None and high is not None and low >= 0 >= high


def _regex(value: Value, pattern: Value) -> bool:
    return matches(as_text(pattern), as_text(value))


def _globs(value: Value, pattern: Value) -> bool:
    return matches_glob(as_text(pattern), as_text(value))


def matches_glob(pattern: str, text: str) -> bool:
    """Whether the text is as the pattern of `*`, `?` and `[…]` says."""
    return len(text) <= _MOST_WORK and re.fullmatch(translate(_glob(pattern)), text) is not None  # globs are made of atomic groups


_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "charsequence": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "short": (int,),
    "number": (int, float),
    "double": (float, int),
    "float": (float, int),
    "map": (Mapping,),
    "list": (list, tuple),
    "collection": (list, tuple),
    "iterable": (list, tuple),
    "object": (object,),
}


def _instance(value: Value, name: Value) -> bool:
    kind = as_text(name).rpartition(".")[2].lower()
    if kind not in _KINDS:
        raise BadRequest(f"`java-instance-of` does not know `{as_text(name)[:60]}`; write one of {', '.join(_KINDS)}")
    return isinstance(value, _KINDS[kind]) and (kind in ("boolean", "object") or not isinstance(value, bool))


_PLAIN: Mapping[str, Callable[[Value, Value], bool]] = {
    "equals": equal,
    "regex": _regex,
    "glob": _globs,
    "less-than": _compares(lambda found: found < 0),
    "less-than-or-equal-to": _compares(lambda found: found <= 0),
    "greater-than": _compares(lambda found: found > 0),
    "greater-than-or-equal-to": _compares(lambda found: found >= 0),
    "in-range": _in_range,
    "java-instance-of": _instance,
}


def _there(value: Value | Absent) -> bool:
    return not isinstance(value, Absent)


_WHEN: Mapping[str, Callable[[Value | Absent], bool]] = {
    "absent": lambda value: not _there(value),
    "absent_or_null": lambda value: not _there(value) or value is None,
    "present": _there,
    "present_non_null": lambda value: _there(value) and value is not None,
    "truthy": lambda value: _there(value) and truthy(value),
    "falsy": lambda value: not _there(value) or not truthy(value),
    "always": lambda _: True,
    "never": lambda _: False,
}
WHEN = tuple(_WHEN)
_PARTS = ("target", "config", "sensor", "key", "index", "jsonpath", "error-field")
_TEXTS = ("target", "config", "sensor", "key", "error-field", "java-instance-of")
_NESTED = ("not", "check", "assert", "has-element", "filter", "size", "error-cause", "tag")
MEANINGS: Mapping[str, str] = {
    "equals": "the value is this one; numbers and texts of the same amount, and durations of the same length, are equal",
    "regex": "all of the text matches the regular expression",
    "glob": "all of the text matches the pattern of `*` and `?`",
    "less-than": "it comes before this number, duration, version or text",
    "less-than-or-equal-to": "it comes before this, or is equal",
    "greater-than": "it comes after this number, duration, version or text",
    "greater-than-or-equal-to": "it comes after this, or is equal",
    "in-range": "it lies between the two, both included",
    "size": "the length of the text, list or map is this, or as the predicate says",
    "not": "the predicate does not hold",
    "any": "one of the predicates holds",
    "all": "all of the predicates hold",
    "check": "the predicate holds",
    "assert": "the predicate holds; if not, that is an error and not only false",
    "when": "one of absent, absent_or_null, present, present_non_null, truthy, falsy, always, never",
    "has-element": "an item of the list (or a value of the map) is this, or as the predicate says",
    "filter": "keeps only the items that are as the predicate says; the other tests are of what is left, and without any something must be left",
    "key": "tests the value of this key of the map",
    "index": "tests this item of the list, from 0, or from -1 backwards",
    "jsonpath": "tests what stands at this path, as $.a.b[0]",
    "java-instance-of": "it is of this kind: String, Integer, Number, Boolean, Map, List",
    "error-field": "tests this field of an error",
    "error-cause": "one of the causes of an error is as the predicate says",
    "tag": "the entity has a tag that is this, or as the predicate says",
    "target": "tests something else that belongs to the entity, such as its children or members",
    "config": "tests this configuration of the entity",
    "sensor": "tests this sensor of the entity",
}
"""Every test, with what it means; the documentation is made from it."""
WORDS = tuple(MEANINGS)

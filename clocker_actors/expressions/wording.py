"""Predicates in words, as they go on after "it is": `greater than 500`. What has no word here is shown as it was written."""

from collections.abc import Mapping

from clocker_actors.expressions.texts import as_text
from clocker_actors.model.values import Value

_TESTS = {
    "equals": "{}",
    "less-than": "less than {}",
    "less-than-or-equal-to": "at most {}",
    "greater-than": "greater than {}",
    "greater-than-or-equal-to": "at least {}",
    "regex": "like the regular expression {}",
    "glob": "like {}",
}
_WHEN = {
    "truthy": "true or not empty",
    "falsy": "false or empty",
    "present": "there",
    "present_non_null": "there",
    "absent": "not there",
    "absent_or_null": "not there",
}
_LONGEST = 120


def in_words(predicate: Value) -> str:
    """The predicate, cut where it is long."""
    text = _worded(predicate)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _worded(predicate: Value) -> str:
    if not isinstance(predicate, Mapping):
        return as_text(predicate)
    return " and ".join(_test(word, value) for word, value in predicate.items())


def _test(word: str, value: Value) -> str:
    if word == "when":
        return _WHEN.get(str(value), str(value))
    if word == "not":
        return f"not {_worded(value)}"
    if word in {"any", "all"} and isinstance(value, list | tuple):
        return f"{'one' if word == 'any' else 'all'} of ({'; '.join(_worded(each) for each in value)})"
    if word == "in-range" and isinstance(value, list | tuple) and len(value) == 2:
        return f"from {as_text(value[0])} to {as_text(value[1])}"
    return _TESTS[word].format(as_text(value)) if word in _TESTS else f"such that {word} is {_worded(value)}"

"""The part of JSONPath that people write: `$.a.b[0]["c d"][-1].*` from the whole value, the `$` and first dot optional."""

import re
from collections.abc import Iterator, Mapping

from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value

_STEP = re.compile(
    r"""\.?(?:(?P<name>[^.\[\]"'*\s]+)|(?P<all>\*)|\[\s*(?:(?P<index>-?\d{1,9})|(?P<every>\*)|"(?P<two>[^"]*)"|'(?P<one>[^']*)')\s*\])"""
)
_MOST_STEPS = 32
_MOST_FOUND = 10_000
_MISSING = object()


def steps(path: str) -> tuple[str | int | None, ...]:
    """The steps of a path: keys, places in lists, and None for all. Raises BadRequest if it is none."""
    rest = path.strip()
    at = 1 if rest.startswith("$") else 0
    found: list[str | int | None] = []
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None or len(found) == _MOST_STEPS:
            raise BadRequest(f"`{path[:60]}` is not a path into JSON; write $.key.key[0], or ['key']")
        found.append(_step(match))
        at = match.end()
    return tuple(found)


def _step(match: re.Match[str]) -> str | int | None:
    if match["all"] or match["every"]:
        return None
    if match["index"] is not None:
        return int(match["index"])
    return next(text for text in (match["name"], match["two"], match["one"]) if text is not None)


def find(value: Value, path: str) -> tuple[Value, bool]:
    """What stands at the path, and whether anything does; a path with `*` gives the list of all. Raises BadRequest if it is no path."""
    written = steps(path)
    found: list[Value] = [value]
    for step in written:
        found = [below for each in found for below in _below(each, step)]
        if len(found) > _MOST_FOUND:
            raise BadRequest(f"`{path[:60]}` finds more than {_MOST_FOUND} values; write a narrower path")
    if None in written:
        return found, True
    return (found[0], True) if found else (None, False)


def _below(value: Value, step: str | int | None) -> Iterator[Value]:
    if step is None:
        yield from value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    elif isinstance(value, Mapping):
        found = value.get(str(step), _MISSING)
        if found is not _MISSING:
            yield found
    elif isinstance(value, list | tuple):
        place = step if isinstance(step, int) else int(step) if step.isdecimal() and len(step) < 10 else len(value)
        if -len(value) <= place < len(value):
            yield value[place]

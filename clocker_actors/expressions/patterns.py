"""Regular expressions that people write, compiled only if they cannot run for ever.

Python's matcher tries all ways, so `(a|a)*b` takes years on thirty letters. What repeats may therefore contain no choice and no repetition itself, and the
work that is possible at worst, which grows with the length of the text to the power of the repetitions, is bounded before it begins.
"""

import math
import re
import warnings
from functools import lru_cache

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.texts import MOST_TEXT, bounded

MOST_PATTERN = 200
_MOST_WORK = 2e8
_MOST_SHORT = 256
"""Texts up to this length may be matched by up to `_MOST_SHORT_REPEATS` repetitions, since names and urls are of that kind."""
_MOST_SHORT_REPEATS = 3

_ESCAPED = re.compile(r"\\.")
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_CERTAIN = re.compile(r"\[\^(\\?.)\][*+]\+?\1|\\d[*+](?=[^\d\\.\[(]|$)|\[0-9\][*+](?=[^\d\\.\[(]|$)")
_OPERATOR = re.compile(r"\((?:\?(?:P<\w*>|[a-zA-Z:=!]|<[=!]))?|[)*+?|]|\{\d*,?\d*\}")
_MOST_WAYS = 1000
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\d*\}")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression, dot matching line ends as well. Raises BadRequest if it is none, or might take for ever."""
    if len(pattern) > MOST_PATTERN:
        raise BadRequest(f"the regular expression has more than {MOST_PATTERN} characters; write a simpler one")
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of classes that may mean something else some day
            found = re.compile(_python(pattern), re.DOTALL)
    except (re.error, OverflowError, RecursionError) as fault:
        raise BadRequest(f"`{pattern[:60]}` is no regular expression: {fault}; mend it") from None
    if _runs_away(pattern):
        raise BadRequest(f"`{pattern[:60]}` repeats what repeats or chooses itself, which may take for ever; write a simpler expression")
    return found


def _python(pattern: str) -> str:
    """Java's named groups and possessive repetitions as Python writes them."""
    return pattern.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!")


def fitting(pattern: str, text: str) -> re.Pattern[str]:
    """The expression, if it is certain to be done with this text soon. Raises BadRequest."""
    found = compiled(pattern)
    repeats = len(_UNBOUNDED.findall(_plain(_CERTAIN.sub("", pattern))))
    short = len(text) <= _MOST_SHORT and repeats <= _MOST_SHORT_REPEATS
    if len(text) > MOST_TEXT or (not short and float(max(len(text), 2)) ** min(repeats + 1, 20) > _MOST_WORK):
        raise BadRequest(f"`{pattern[:60]}` might take for ever on a text of {len(text)} characters; write it with fewer `*` and `+`")
    return found


def replaced(text: str, pattern: str, replacement: str) -> str:
    """The text with every match replaced; `$1` and `\\1` stand for groups, `\\$` for a dollar. Raises BadRequest."""
    found = fitting(pattern, text)
    pieces: list[str] = []
    length = end = 0
    for match in found.finditer(text):
        made = _expanded(replacement, match)
        pieces += [text[end : match.start()], made]
        length += match.start() - end + len(made)
        end = match.end()
        if length > MOST_TEXT:
            break
    return bounded("".join([*pieces, text[end:]]))


def _expanded(replacement: str, match: re.Match[str]) -> str:
    def one(found: re.Match[str]) -> str:
        group = found.group(1) or found.group(2)
        if group is None:
            return found.group(3)
        try:
            return match.group(int(group)) or ""
        except (IndexError, ValueError):
            raise BadRequest(f"the replacement names group {group}, which the expression has not; write $0 to ${match.re.groups}") from None

    return re.sub(r"\$(\d)|\\(\d)|\\(.)", one, replacement)


def matches(pattern: str, text: str) -> bool:
    """Whether all of the text is as the expression says. Raises BadRequest."""
    return fitting(pattern, text).fullmatch(text) is not None


def _plain(pattern: str) -> str:
    """The expression with each class and escaped character as one letter, so that what is left are its operators."""
    return _CLASS.sub("c", _ESCAPED.sub("e", pattern))


def _runs_away(pattern: str) -> bool:
    """Whether a group that repeats can match one text in many ways, or something refers back to a group."""
    if re.search(r"\\[1-9]|\(\?P=", pattern):
        return True
    plain = _plain(pattern)
    ways = [1.0]
    for token in _OPERATOR.finditer(plain):
        text = token.group()
        if text[0] == "(":
            ways.append(1.0)
        elif text == ")":
            inside = ways.pop() if len(ways) > 1 else 1.0
            after = _OPERATOR.match(plain, token.end())
            times = _times(after.group())[1] if after and after.group()[0] in "*+?{" else 1.0
            if times > 1 and inside > 1 and inside ** min(times, 1000) > _MOST_WAYS:
                return True
            ways[-1] *= inside
        else:
            least, most = _times(text)
            ways[-1] *= most - least + 1
    return False


def _times(operator: str) -> tuple[float, float]:
    """How often at least and at most the operator repeats; a choice counts as any number."""
    if operator == "?":
        return 0, 1
    if operator[0] != "{":
        return 0, math.inf
    low, comma, high = operator[1:-1].partition(",")
    least = float(low or 0)
    return least, float(high) if high else math.inf if comma else least

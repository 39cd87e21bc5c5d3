"""Texts made of values: how each value reads, what counts as true, and `formatString` with the directives that Java programs use.

%s %10s %-10s %.3s    any value as text          %d %05d %,d %+d    a whole number
%f %.2f %e            a number                   %x %X %o %c %b     hexadecimal, octal, character, boolean
%1$s                  an argument by its place   %%  %n             a percent sign, a line end
"""

import json
import math
import re
from collections.abc import Sequence
from urllib.parse import quote_plus

from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value

MOST_TEXT = 1 << 20
"""Characters of one text that is made."""

_DIRECTIVE = re.compile(r"%(?:(\d{1,3})\$)?([-+ 0,#(]*)(\d{1,4})?(?:\.(\d{1,3}))?([a-zA-Z%])?")
_KINDS = "s, d, f, e, x, o, c, b, n and %"


def truthy(value: Value) -> bool:
    """Whether the value counts as true: not null, false, zero, or empty. A text counts if it has characters, even the text `false`."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def as_text(value: Value) -> str:
    """How the value reads in a text: as itself, numbers without needless digits, lists and maps as JSON. Raises BadRequest if it is too long."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    return bounded("".join(_json(value)))


def _json(value: Value) -> Sequence[str]:
    """JSON in pieces, ended as soon as it is too long."""
    found: list[str] = []
    length = 0
    for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
        found.append(piece)
        length += len(piece)
        if length > MOST_TEXT:
            raise _too_long()
    return found


def bounded(text: str) -> str:
    """The text, if it is not too long. Raises BadRequest."""
    if len(text) > MOST_TEXT:
        raise _too_long()
    return text


def _too_long() -> BadRequest:
    return BadRequest(f"makes a text of more than {MOST_TEXT >> 10} KiB; make it of shorter pieces")


def as_decimal(value: Value) -> float | int | None:
    """The number a value is or reads as, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,30}", value):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[-+]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][-+]?[0-9]{1,3})?", value):
        return float(value)
    return None


def url_encode(value: Value) -> str:
    """The value as part of a form or query, as Java's URLEncoder writes it."""
    return bounded(quote_plus(bounded(as_text(value)), safe="*-._").replace("~", "%7E"))


def format_string(pattern: str, arguments: Sequence[Value]) -> str:
    """The pattern with its directives replaced. Raises BadRequest for a directive that is not known, or has no argument or the wrong one."""
    found: list[str] = []
    place, end, length = 0, 0, 0
    for match in _DIRECTIVE.finditer(pattern):
        place_written, kind = match.group(1), match.group(5)
        if kind in ("%", "n"):
            made = _padded("%" if kind == "%" else "\n", match)
        else:
            place = place if place_written else place + 1
            made = _directive(match, _argument(arguments, int(place_written or place), match))
        found += [pattern[end : match.start()], made]
        length += match.start() - end + len(made)
        end = match.end()
        if length > MOST_TEXT:
            raise _too_long()
    return bounded("".join([*found, pattern[end:]]))


def directives(pattern: str) -> int:
    """How many arguments the pattern takes. Raises BadRequest for a directive that is not known."""
    place = most = 0
    for match in _DIRECTIVE.finditer(pattern):
        kind = match.group(5)
        if kind is None or kind not in "sSdfeExXocbBn%":
            raise BadRequest(f"formatString does not know `{match.group(0)}`; write one of {_KINDS}, and %% for a percent sign")
        if kind in "%n":
            continue
        place = place if match.group(1) else place + 1
        most = max(most, int(match.group(1) or place))
    return most


def _argument(arguments: Sequence[Value], place: int, match: re.Match[str]) -> Value:
    if not 1 <= place <= len(arguments):
        raise BadRequest(
            f"formatString has {len(arguments)} arguments and `{match.group(0)}` wants number {place}; add it, or remove the directive"
        )
    return arguments[place - 1]


def _directive(match: re.Match[str], value: Value) -> str:
    flags, precision, kind = match.group(2), match.group(4), match.group(5) or ""
    match kind:
        case "s" | "S":
            text = as_text(value)[: int(precision)] if precision else as_text(value)
        case "b" | "B":
            text = as_text(value is not None and value is not False)
        case "c":
            text = value[:1] if isinstance(value, str) else chr(_whole(value, match) % 0x110000)
        case "d":
            text = f"{_whole(value, match):{_sign(flags)}{',' if ',' in flags else ''}}"
        case "x" | "X" | "o":
            text = f"{_whole(value, match):{kind.lower()}}"
        case "f" | "e" | "E":
            text = f"{_real(value, match):{_sign(flags)}{',' if ',' in flags else ''}.{precision or 6}{kind}}"
        case _:
            raise BadRequest(f"formatString does not know `{match.group(0)}`; write one of {_KINDS}, and %% for a percent sign")
    return _padded(text.upper() if kind in "SXB" else text, match)


def _sign(flags: str) -> str:
    return "+" if "+" in flags else " " if " " in flags else "-"


def _padded(text: str, match: re.Match[str]) -> str:
    width = int(match.group(3) or 0)
    if "-" in match.group(2):
        return text.ljust(width)
    return text.zfill(width) if "0" in match.group(2) and match.group(5) in "dfxXoeE" else text.rjust(width)


def _whole(value: Value, match: re.Match[str]) -> int:
    number = as_decimal(value)
    if number is None or not math.isfinite(number) or number != int(number):
        raise BadRequest(f"formatString cannot write `{as_text(value)[:60]}` as `{match.group(0)}`, which takes a whole number; write %s")
    return int(number)


def _real(value: Value, match: re.Match[str]) -> float:
    number = as_decimal(value)
    if number is None:
        raise BadRequest(f"formatString cannot write `{as_text(value)[:60]}` as `{match.group(0)}`, which takes a number; write %s")
    return float(number)

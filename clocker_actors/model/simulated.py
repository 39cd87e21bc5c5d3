"""The urls of simulated engines: `simulated://name?seed=1&cores=4&memory=8g`. Read where a file is checked, and by the driver that makes such engines."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from clocker_actors.errors import BadRequest

SCHEME = "simulated"
_KEYS = ("seed", "cores", "memory")
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def read_simulated(url: str) -> tuple[str, Mapping[str, int]]:
    """Name and options of such a url; memory in bytes. Raises BadRequest with what would be right."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME or not parts.netloc:
        raise BadRequest(f"engine url {url!r}: not a simulated engine; write simulated://name?seed=1&cores=4&memory=8g")
    options: dict[str, int] = {}
    for key, text in parse_qsl(parts.query, keep_blank_values=True):
        if key not in _KEYS:
            raise BadRequest(f"engine url {url!r}: unknown option {key!r}; known are {', '.join(_KEYS)}")
        options[key] = _number(url, key, text)
    return parts.netloc, options


def _number(url: str, key: str, text: str) -> int:
    digits = text.rstrip("bkmgBKMG") if key == "memory" else text
    unit = text[len(digits) :].lower()
    if not digits.isdecimal() or unit not in _UNITS or (key != "seed" and int(digits) == 0):
        raise BadRequest(f"engine url {url!r}: {key}={text} is not a number; write for example {key}={'8g' if key == 'memory' else '4'}")
    return int(digits) * _UNITS[unit]

"""Whether enough of a group agree: `all`, `atLeastOne`, `atLeastOneUnlessEmpty`, `alwaysHealthy`, a number, or a share as `50%`. Pure."""

import math
import re

NAMES = ("all", "allAndAtLeastOne", "atLeastOne", "atLeastOneUnlessEmpty", "alwaysHealthy")
_NUMBER = re.compile(r"(\d{1,9})(%?)")


def is_quorum(text: str) -> bool:
    """Whether it is one that `quorate` knows."""
    return text in NAMES or ((found := _NUMBER.fullmatch(text)) is not None and (not found[2] or int(found[1]) <= 100))


def quorate(quorum: str, agreeing: int, total: int) -> bool:
    """Whether so many of that total are enough."""
    match quorum:
        case "all":
            return agreeing >= total
        case "allAndAtLeastOne":
            return agreeing >= max(total, 1)
        case "atLeastOne":
            return agreeing >= 1
        case "atLeastOneUnlessEmpty":
            return agreeing >= min(total, 1)
        case "alwaysHealthy":
            return True
        case _:
            found = _NUMBER.fullmatch(quorum)
            if found is None:
                raise ValueError(f"{quorum!r} is no quorum")
            return agreeing >= (math.ceil(total * int(found[1]) / 100) if found[2] else int(found[1]))

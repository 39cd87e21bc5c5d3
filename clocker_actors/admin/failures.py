"""How often somebody may fail to come in: so many times a minute from one address, after that it is told to wait.

Whoever has a good token always comes in, also from an address that has failed too often: it may be that of a proxy, or of a machine that others use as well, and
nobody guesses 256 bits, however often he may try. What the limit saves is the work for each attempt, and room in the log.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

BURST = 10
"""Failures that are answered at once."""
EACH = 6.0
"""Seconds after which one more is."""
ADDRESSES = 4_096
"""Addresses that are remembered; the one that failed longest ago is forgotten first."""


class Bucket:
    """So many at once, and one more every so many seconds."""

    __slots__ = ("_at", "_burst", "_each", "_left")

    def __init__(self, burst: int, each: float, at: float) -> None:
        self._burst = burst
        self._each = each
        self._left = float(burst)
        self._at = at

    def take(self, now: float) -> float:
        """0.0 if it may be; else the seconds until it may."""
        self._left = min(float(self._burst), self._left + max(0.0, now - self._at) / self._each)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) * self._each


class Failures:
    """Failed attempts by source. `now` gives seconds."""

    def __init__(self, now: Callable[[], float], *, burst: int = BURST, each: float = EACH, addresses: int = ADDRESSES) -> None:
        self._now = now
        self._burst = burst
        self._each = each
        self._most = addresses
        self._of: OrderedDict[str, Bucket] = OrderedDict()

    def failed(self, source: str) -> float:
        """One more from there: 0.0 if it is to be answered, else the seconds to wait."""
        where, now = network(source), self._now()
        bucket = self._of.pop(where, None) or Bucket(self._burst, self._each, now)
        self._of[where] = bucket
        if len(self._of) > self._most:
            self._of.popitem(last=False)
        return bucket.take(now)

    def __len__(self) -> int:
        return len(self._of)


def network(source: str) -> str:
    """An address as it counts: of version 6 the first 64 bits, since whoever has one has all that begin so."""
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if address.version == 6:
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)

"""Is a request from a page of somebody else's site?

The unix socket asks for no token, and a person's browser reaches it through SSH at http://localhost:8440. So would any page that this browser
shows: a form or script of another site may send orders there (it only cannot read the answers), and a name of that site's own, made to lead to
127.0.0.1, would let it read them as well. Browsers say where a request comes from; other clients have no Origin, and names without a dot.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

READING = frozenset({"GET", "HEAD"})
_OWN = frozenset({"same-origin", "none", ""})
"""What browsers say of requests by our own page, and of an address that a person typed."""


def stranger(method: str, headers: Mapping[bytes, bytes]) -> str:
    """What is wrong with a request that came in without a token, and one thing to do; "" if it may pass."""
    host = _text(headers, b"host")
    if not _nobodys(host):
        return f"this door does not answer to the name {host!r}, which may be anybody's; use localhost"
    if method in READING:
        return ""
    origin = _text(headers, b"origin")
    if (origin and urlsplit(origin).netloc.lower() != host.lower()) or _text(headers, b"sec-fetch-site") not in _OWN:
        return f"this order comes from a page of another site ({origin or 'unnamed'}); use the page at /docs, or the CLI"
    return ""


def _nobodys(host: str) -> bool:
    """Whether nobody can own this name in the DNS: an address, a name without a dot, or one below `localhost`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if "." not in name or name.endswith(".localhost"):
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip()

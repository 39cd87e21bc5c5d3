"""What providers' refusals mean in our words. libcloud raises some dozen kinds of exceptions, many of them with nothing but a text."""

import re
from collections.abc import Callable

from clocker_actors.errors import ClockerError, CloudDenied, CloudFault, CloudUnavailable, QuotaReached

RATE = "rate"
_RATE = re.compile(r"RequestLimitExceeded|throttl|rate.?limit|too many requests|slow ?down", re.IGNORECASE)
_QUOTA = re.compile(
    r"quota|(instance|vcpu|address|volume|droplet|server)s?\w* ?limit|limit ?exceeded|exceed\w* (your|the) .*limit|insufficient\w* ?(instance)? ?capacity|out of (stock|capacity)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|credential|unauthor|forbidden|access denied|not authorized|permission",
    re.IGNORECASE,
)
_GONE = re.compile(r"InvalidInstanceID|not ?found|does not exist|no such|no node", re.IGNORECASE)


def fault(where: str, operation: str, error: Exception, masked: Callable[[str], str] = str) -> ClockerError:
    """Our error for one of libcloud's or of the connection, its words `masked`; to be raised by the caller."""
    code = getattr(error, "code", 0)
    words = masked(str(getattr(error, "value", "") or error)) or type(error).__name__
    head = f"{where} refuses {operation}: {words[:500]}"
    if code == 429 or _RATE.search(words):
        pause = float(getattr(error, "retry_after", 0.0) or 0.0) or None
        words = f"{where} wants fewer calls ({operation}): ask again later"
        return CloudUnavailable(words, retry_after=pause, cloud=where, operation=operation, reason=RATE)
    if _QUOTA.search(words):
        return QuotaReached(f"{head}; raise the account's quota, or give machines back", cloud=where, operation=operation)
    if code in (401, 403) or _is(error, "InvalidCredsError") or _DENIED.search(words):
        return CloudDenied(f"{head}; check identity, credential and what they may do", cloud=where, operation=operation)
    # requests' errors are OSErrors, too; what cannot be read comes from something between us and the cloud
    if code in range(500, 600) or isinstance(error, OSError) or _is(error, "MalformedResponseError"):
        return CloudUnavailable(
            f"{where} does not answer {operation}: {words[:500]}; check its endpoint and the network",
            retry_after=2.0,
            cloud=where,
            operation=operation,
        )
    return CloudFault(f"{head}; change the template, or see the cloud's console", cloud=where, operation=operation)


def is_gone(error: Exception) -> bool:
    """Whether this says that there is no such node."""
    return getattr(error, "code", 0) == 404 or _GONE.search(str(error)) is not None


def _is(error: Exception, name: str) -> bool:
    """By name: its class is libcloud's, which is not imported for this."""
    return any(kind.__name__ == name for kind in type(error).__mro__)

"""Hosts that a request itself bars, whatever the rules say of them: those it has failed on, those it is to leave, and all but the one a person named.

Looked at after all filters, since they concern one request alone and rankings are shared.
"""

from clocker_actors.model.placements import PlacementRequest
from clocker_actors.placement.filters import AVOID, avoid_reason
from clocker_actors.placement.hosts import HostRow

EXCLUDED = "excluded"
"""Rule name of hosts that a moving member is to leave, or that who moves it excluded."""
TARGET = "target"
"""Rule name of hosts that are not the one asked for."""


def bars(request: PlacementRequest) -> bool:
    """Whether the request bars any host at all."""
    return bool(request.avoid or request.excluded or request.target)


def barred(request: PlacementRequest, host: HostRow) -> tuple[str, str] | None:
    """The rule by which the request bars this host, and the reason; None if it does not."""
    if request.target and request.target not in (host.uid, host.name):
        return TARGET, f"{host.name} is not {request.target}, which was asked for"
    if host.uid in request.excluded or host.name in request.excluded:
        return EXCLUDED, f"{host.name} is to be left"
    if host.uid in request.avoid:
        return AVOID, avoid_reason(host)
    return None

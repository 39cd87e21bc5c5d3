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


def barring(request: PlacementRequest, host: HostRow) -> str:
    """The rule by which the request bars this host; "" if it does not."""
    if request.target and request.target != host.uid and request.target != host.name:
        return TARGET
    if host.uid in request.excluded or host.name in request.excluded:
        return EXCLUDED
    return AVOID if host.uid in request.avoid else ""


def bar_reason(request: PlacementRequest, host: HostRow) -> str:
    """Why the request bars this host, in words; "" if it does not."""
    match barring(request, host):
        case "target":
            return f"{host.name} is not {request.target}, which was asked for"
        case "excluded":
            return f"{host.name} is to be left"
        case "avoid":
            return avoid_reason(host)
        case _:
            return ""

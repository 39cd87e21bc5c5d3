"""An example of placement strategies of your own. The daemon knows them once its setting `strategy_modules` names this package, or once it is installed with

    [project.entry-points."clocker_actors.strategies"]
    NotTooMany = "warm_hosts:NotTooMany"

The manager hands over values and takes back a text or a number, so nothing here needs to know how it works inside.
"""

from collections.abc import Sequence
from typing import ClassVar

from clocker_actors.model.placements import HostView, PlacementRequest, Resident
from clocker_actors.model.types import KeyType


class NotTooMany:
    """Only hosts on which one application has at most so many containers."""

    keys: ClassVar[Sequence[KeyType]] = (KeyType("most", "integer", 2, "most containers of one application on a host", 1),)

    def __init__(self, most: int = 2) -> None:
        self.most = most

    def refuses(self, host: HostView, request: PlacementRequest) -> str:
        """Why this host will not do; "" if it will."""
        there = host.applications.get(request.application, 0)
        return f"{there} containers of this application are here, {self.most} may be" if there >= self.most else ""


class Warmest:
    """The busiest host that takes it, so that others can rest."""

    def rank(self, host: HostView, request: PlacementRequest) -> float:  # noqa: ARG002  the whole contract, needed or not
        """The lowest is best."""
        return -(host.cpu or 0.0) - host.containers


def is_database(who: Resident) -> bool:
    """For rules such as `NOT PREDICATE warm_hosts:is_database`."""
    return any(name in who.type for name in ("postgres", "mysql", "redis"))


PREDICATES = (is_database,)

"""Who asks, and what that one may do: a scope, and the applications it is limited to.

    read      see what there is
    operate   deploy, change and delete applications; size, drain and rebalance docker clouds
    admin     docker clouds in blueprints, the catalogue, tokens, backups: all there is

Each scope covers those above it. Whoever opens the unix socket is its owner, and admin. A token that is limited to applications sees nothing but these: its
requests are answered from a view of what people see that holds nothing else (`telemetry/seen.py`).
"""

from dataclasses import dataclass

from clocker_actors.errors import Forbidden
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.tokens import Scope

POOL_FOR_GOOD = frozenset({"delete", "update", "destroyOrphans", "giveBack", "rotateCertificates"})
"""Effectors of a docker cloud that make or end machines by other means than its size."""
PARSED = frozenset({"deploy", "update", "add_types"})
"""Effectors that take what the parser made of a text. A token sends the text, which is checked."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who stands behind a request: `uid:1000` or the name of a token. `applications` are paths; with none, nothing is out of reach. `local` is who came in by the
    unix socket."""

    name: str
    scope: Scope
    applications: tuple[str, ...] = ()
    local: bool = False

    @property
    def limited(self) -> bool:
        """Whether it is for some applications alone."""
        return bool(self.applications)

    def reaches(self, path: str) -> bool:
        """Whether an entity of that path is within its limits."""
        return not self.applications or any(path == each or path.startswith(f"{each}/") for each in self.applications)

    def demand(self, needed: Scope, what: str) -> None:
        """Raises Forbidden unless its scope covers that one; `what` is what it wants to do, in words."""
        if not self.scope.covers(needed):
            raise Forbidden(
                f"{self.name} may {_MAY[self.scope]}; {what} takes a token of scope {needed}", scope=needed, principal=self.name
            )

    def demand_all(self, what: str) -> None:
        """Raises Forbidden if it is limited to applications; `what` tells of others as well."""
        if self.limited:
            limits = ", ".join(self.applications)
            raise Forbidden(f"{self.name} is limited to {limits}; {what} is about more than that, and takes a token without a limit")


_MAY = {Scope.READ: "only read", Scope.OPERATE: "read and operate", Scope.ADMIN: "do everything"}


def effector_scope(kind: EntityKind, effector: str) -> Scope:
    """What it takes to run an effector of an entity of that kind."""
    if kind is EntityKind.ROOT or (kind is EntityKind.POOL and effector in POOL_FOR_GOOD):
        return Scope.ADMIN
    return Scope.OPERATE

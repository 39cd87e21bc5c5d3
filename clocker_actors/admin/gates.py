"""What each route takes: one table of all of them, by which the door decides before a request reaches the application.

A route that is not in the table cannot be reached, and the application is not built: whoever adds a route has to say here what it takes. `target` is the parameter in
its path that names an entity, from which the door finds the path that the request is about. What a token that is limited to applications gets of it:

    OWN       the route reads what people see, and that one sees only what is its own; an order to anything else is as one to nothing
    SHARED    what is the same for everybody and tells of nobody
    JUDGED    what it is about stands in the body: the route has it judged (`judging.py`); if it does not, the answer is withheld
    NOTHING   403, since what it tells of cannot be parted
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from clocker_actors.model.tokens import Scope

KIB, MIB = 1024, 1024 * 1024


class Part(Enum):
    """What a limited token gets of a route."""

    OWN = "own"
    SHARED = "shared"
    JUDGED = "judged"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a route takes. `scope` None is open to all who reach the door; `body` is the most bytes that are taken; `stream` is an answer that goes on, and ends with
    the right to it."""

    scope: Scope | None
    part: Part
    target: str = ""
    body: int = 64 * KIB
    stream: bool = False


_SEE, _DO, _ALL = Scope.READ, Scope.OPERATE, Scope.ADMIN
_TEXT, _BLOB = 16 * MIB, 512 * MIB

TABLE: Mapping[tuple[str, str], Gate] = {
    ("GET", "/healthz"): Gate(None, Part.SHARED),
    ("GET", "/readyz"): Gate(None, Part.SHARED),
    ("GET", "/metrics"): Gate(_SEE, Part.NOTHING),
    ("GET", "/openapi.json"): Gate(_SEE, Part.SHARED),
    ("HEAD", "/openapi.json"): Gate(_SEE, Part.SHARED),
    ("GET", "/docs"): Gate(_SEE, Part.SHARED),
    ("GET", "/docs/oauth2-redirect"): Gate(_SEE, Part.SHARED),
    ("GET", "/static-offline-docs/{file:path}"): Gate(_SEE, Part.SHARED),
    ("GET", "/v1/dump"): Gate(_SEE, Part.NOTHING),
    ("GET", "/v1/applications"): Gate(_SEE, Part.OWN),
    ("POST", "/v1/applications"): Gate(_DO, Part.JUDGED, body=_TEXT),
    ("DELETE", "/v1/applications/{identity}"): Gate(_DO, Part.OWN, "identity"),
    ("POST", "/v1/plan"): Gate(_DO, Part.JUDGED, body=_TEXT),
    ("HEAD", "/v1/blobs/{sha256}"): Gate(_DO, Part.SHARED),
    ("PUT", "/v1/blobs/{sha256}"): Gate(_DO, Part.SHARED, body=_BLOB),
    ("GET", "/v1/catalog"): Gate(_SEE, Part.SHARED),
    ("GET", "/v1/catalog/files"): Gate(_SEE, Part.SHARED),
    ("GET", "/v1/catalog/types/{reference}"): Gate(_SEE, Part.SHARED),
    ("POST", "/v1/catalog"): Gate(_ALL, Part.NOTHING, body=8 * MIB),
    ("DELETE", "/v1/catalog/types/{reference}"): Gate(_ALL, Part.NOTHING),
    ("GET", "/v1/entities"): Gate(_SEE, Part.OWN),
    ("GET", "/v1/hosts"): Gate(_SEE, Part.NOTHING),
    ("GET", "/v1/hosts/{uid}/drain-plan"): Gate(_SEE, Part.NOTHING, "uid"),
    ("GET", "/v1/pools/{uid}/rebalance-plan"): Gate(_SEE, Part.NOTHING, "uid"),
    ("GET", "/v1/entities/{uid}"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/hosts"): Gate(_SEE, Part.NOTHING, "uid"),
    ("GET", "/v1/entities/{uid}/config"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/sensors"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/sensors/{sensor}/history"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/effectors"): Gate(_SEE, Part.OWN, "uid"),
    ("POST", "/v1/entities/{uid}/effectors/{name}"): Gate(_DO, Part.OWN, "uid", body=_TEXT),
    ("GET", "/v1/entities/{uid}/policies"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/decisions"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/explain"): Gate(_SEE, Part.OWN, "uid"),
    ("GET", "/v1/entities/{uid}/logs"): Gate(_SEE, Part.OWN, "uid", stream=True),
    ("GET", "/v1/explain"): Gate(_SEE, Part.OWN),
    ("GET", "/v1/activities"): Gate(_SEE, Part.OWN),
    ("GET", "/v1/activities/{activity}"): Gate(_SEE, Part.OWN),
    ("POST", "/v1/activities/{activity}/cancel"): Gate(_DO, Part.OWN),
    ("GET", "/v1/events"): Gate(_SEE, Part.OWN, stream=True),
    ("GET", "/v1/tokens"): Gate(_ALL, Part.NOTHING),
    ("POST", "/v1/tokens"): Gate(_ALL, Part.NOTHING),
    ("DELETE", "/v1/tokens/{name}"): Gate(_ALL, Part.NOTHING),
    ("GET", "/v1/secrets"): Gate(_ALL, Part.NOTHING),
    ("PUT", "/v1/secrets/{name}"): Gate(_ALL, Part.NOTHING),
    ("DELETE", "/v1/secrets/{name}"): Gate(_ALL, Part.NOTHING),
    ("POST", "/v1/state/rotate-key"): Gate(_ALL, Part.NOTHING),
    ("GET", "/v1/audit"): Gate(_ALL, Part.NOTHING),
    ("POST", "/v1/backup"): Gate(_ALL, Part.NOTHING),
    ("POST", "/v1/simulated/load"): Gate(_ALL, Part.NOTHING),
    ("POST", "/v1/simulated/containers/{container}/die"): Gate(_ALL, Part.NOTHING),
}
"""By method and route, as the route writes its path."""

SOMETIMES = frozenset({("POST", "/v1/simulated/load"), ("POST", "/v1/simulated/containers/{container}/die")})
"""Routes that only some daemons have."""


class Gates:
    """The gates of an application, by what requests ask for."""

    def __init__(self, routes: Iterable[tuple[str, str]]) -> None:
        """Each route as method and path. Raises RuntimeError for routes that are not in the table, and for rows that no route needs."""
        there = set(routes)
        forgotten = sorted(there - TABLE.keys())
        useless = sorted(TABLE.keys() - there - SOMETIMES)
        if forgotten or useless:
            raise RuntimeError(f"admin/gates.py: not in the table: {forgotten}; in it, and no route: {useless}")
        self._fixed = {key: gate for key, gate in TABLE.items() if key in there and "{" not in key[1]}
        self._others = [(method, _pattern(path), gate) for (method, path), gate in TABLE.items() if (method, path) in there and "{" in path]

    def find(self, method: str, path: str) -> tuple[Gate, Mapping[str, str]] | frozenset[str]:
        """The gate, and the parameters in the path; or the methods that are known there, none if nothing is."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        allowed = {known for known, each in self._fixed if each == path}
        for known, pattern, gate in self._others:
            if found := pattern.fullmatch(path):
                if known == method:
                    return gate, found.groupdict()
                allowed.add(known)
        return frozenset(allowed)


def _pattern(path: str) -> re.Pattern[str]:
    """What a request's path looks like for a route."""
    parts = re.split(r"\{(\w+)(:path)?\}", path)
    made = ""
    for index in range(0, len(parts), 3):
        made += re.escape(parts[index])
        if index + 1 < len(parts):
            made += f"(?P<{parts[index + 1]}>{'.*' if parts[index + 2] else '[^/]+'})"
    return re.compile(made, re.DOTALL)

"""Digests of specs, each worked out once for as long as the spec is the same: parents compare them with what children say at every word of theirs."""

from clocker_actors.entities.records import State
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.updating import digest


class Digests:
    """Of the specs that one entity has, and of those it has for others."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, tuple[ServiceSpec, str]] = {}

    def of(self, spec: ServiceSpec) -> str:
        """The digest of a spec."""
        known = self._known.get(spec.id)
        if known is None or known[0] is not spec:
            known = self._known[spec.id] = (spec, digest(spec))
        return known[1]


class Adopted:
    """Of one entity: the digest of the spec that its durable state has, "" for what has none that a parent could change."""

    __slots__ = ("_spec", "digest")

    def __init__(self) -> None:
        self._spec: object = None
        self.digest = ""

    def durable(self, state: State) -> bool:
        """This state is durable; whether its spec is another one than before, which the parent is to hear."""
        spec = getattr(state, "spec", None)
        if spec is self._spec or not isinstance(spec, ServiceSpec):
            return False
        before, self._spec, self.digest = self.digest, spec, digest(spec)
        return before != self.digest

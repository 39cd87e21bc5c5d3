"""Types by whichever of their names a person writes: own name, alias, or Java class name; case, hyphens and the usual suffixes do not matter."""

from collections.abc import Mapping

from clocker_actors.model.types import PolicyType

_SUFFIXES = ("placementstrategy", "strategy", "policy", "enricher")


class TypeIndex:
    """One table of types, made ready for many look-ups."""

    def __init__(self, types: Mapping[str, PolicyType]) -> None:
        self.types = types
        self._exact = {alias: kind for kind in types.values() for alias in kind.aliases} | dict(types)
        self._plain = {_plain(name): kind for name, kind in self._exact.items()}

    def find(self, name: str) -> PolicyType | None:
        """The type of that name, if there is one."""
        bare = name.removeprefix("java:")
        return self._exact.get(bare) or self._plain.get(_plain(bare))


def _plain(name: str) -> str:
    short = name.rpartition(".")[2].lower().replace("-", "").replace("_", "").replace(" ", "").removeprefix("service")
    for suffix in _SUFFIXES:
        if len(short) > len(suffix):
            short = short.removesuffix(suffix)
    return short

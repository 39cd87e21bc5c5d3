"""Who is meant by `self()`, `component("db")` and the like: words of an expression to services of the file.

A service that is what the members of a cluster are stands for all of them, so from outside only its configuration can be asked for; inside, `self` and
`parent` stay what they are until there is a member. Everyone else is named by id.
"""

from dataclasses import dataclass

from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import Mark, quote
from clocker_actors.blueprint.tables import CLUSTER
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.untyped import UNTYPED
from clocker_actors.model.expressions import LITERAL, Expression

SELF, PARENT, ROOT = "self", "parent", "root"


class Lost(Exception):
    """Nobody is meant; the fault is noted, or follows from another."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Who is meant: a service of the file, or in words somebody else, such as `application:billing`."""

    raw: Raw | None = None
    elsewhere: str = ""


class Targets:
    """The services of one file as expressions name them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by_id = context.by_id

    def goal(self, tree: Expression, home: Raw, mark: Mark) -> Goal:
        """Who a target means that is written in `home` at `mark`. Raises Lost."""
        if tree.op == "application":
            return Goal(elsewhere=f"application:{self._id(tree, mark)}")
        if tree.op == SELF:
            return Goal(home)
        on = self.goal(tree.args[0], home, mark).raw
        if on is None:
            raise self._lost(mark, "nothing is known here of what is in another application; ask that application itself")
        if tree.op == PARENT:
            if on.parent is None:
                raise self._lost(mark, "an application has no parent; name a service by component(id), or use self()")
            return Goal(on.parent)
        if tree.op == ROOT:
            return Goal(self._context.raws[0])
        if tree.op == "scopeRoot":
            return Goal(self._scope_root(on, mark))
        return self._by_name(tree, on, mark)

    def _by_name(self, tree: Expression, on: Raw, mark: Mark) -> Goal:
        name = self._id(tree, mark)
        found = self._by_id.get(name)
        if tree.op == "member":
            return self._member(name, on, mark)
        if found is None:
            self._unknown(mark, name, self._by_id)
        related = found is not None and (tree.op == "component" or _is(tree.op, found, on))
        if found is None or not related:
            near = [raw.id for raw in self._by_id.values() if _is(tree.op, raw, on)]
            where = f"{quote(on.id)}" if on.parent else "the application"
            known = f"it has {', '.join(near[:20])}" if near else "it has none"
            raise self._lost(mark, f"{quote(name)} is not a {tree.op} of {where}; {known}, or use component({name})")
        return Goal(found)

    def _member(self, name: str, on: Raw, mark: Mark) -> Goal:
        if on.kind == UNTYPED:
            raise Lost
        if on.kind != CLUSTER or on.member is None:
            raise self._lost(mark, f"{quote(on.id or 'the application')} has no members, for it is no cluster; use child or component")
        if name != on.member.id:
            self._unknown(mark, name, {on.member.id: on.member})
        return Goal(elsewhere=f"member:{name}")

    def _unknown(self, mark: Mark, name: str, known: dict[str, Raw]) -> None:
        """Note that no service has that id, unless one could not be read, which might have had it."""
        if self._context.whole and name not in self._context.ids:
            self._context.faults.unknown(mark, name, "the id of a service here", known)
        raise Lost

    def _id(self, tree: Expression, mark: Mark) -> str:
        name = tree.args[-1]
        if name.op != LITERAL or not isinstance(name.value, str | int):
            raise self._lost(mark, "the id of a service has to be known when the file is read; write it as a text")
        return str(name.value)

    def _lost(self, mark: Mark, text: str) -> Lost:
        self._context.faults.add(mark, text)
        return Lost()

    def _scope_root(self, raw: Raw, mark: Mark) -> Raw:
        """The nearest service that is written in another file than the expression, or the application."""
        while raw.parent is not None and (raw.node.mark.file == mark.file):
            raw = raw.parent
        return raw

    def absolute(self, goal: Goal, home: Raw, mark: Mark) -> str:
        """How an expression written in `home` names its target when it is carried on. Raises Lost."""
        raw = goal.raw
        if raw is None:
            return goal.elsewhere
        if raw.parent is None:
            return ROOT
        inside = top_of(raw)
        if inside is not None and inside is top_of(home):
            return SELF if raw is home else PARENT if raw is home.parent else raw.id
        if inside is not None:
            cluster = inside.parent
            name = quote(cluster.id) if cluster else "its cluster"
            raise self._lost(mark, f"{quote(raw.id)} is what each member of {name} is, so there may be many; ask {name}")
        return raw.id


def top_of(raw: Raw) -> Raw | None:
    """What the members of a cluster are, in which the service stands, or is; None if it stands outside of all clusters' members."""
    while raw.parent is not None:
        if raw.parent.member is raw:
            return raw
        raw = raw.parent
    return None


def _is(relation: str, raw: Raw, on: Raw) -> bool:
    match relation:
        case "child":
            return raw.parent is on
        case "sibling":
            return raw.parent is on.parent and raw is not on
        case "descendant":
            return _above(raw, on)
        case "ancestor":
            return _above(on, raw)
    return True


def _above(raw: Raw, other: Raw) -> bool:
    """Whether `other` stands above `raw`."""
    above = raw.parent
    while above is not None:
        if above is other:
            return True
        above = above.parent
    return False

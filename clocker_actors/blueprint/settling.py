"""Works out the expressions of a file: every node that has one becomes the plain node it stands for, or a `LateNode` for what is known only later.

It runs once over the opened services, before any value is read, so that all readers of keys see plain values, each at the place of the expression it came
from. Configuration of others is looked up on the way and worked out first; what leads to itself is a fault, and so is what would grow beyond bounds.
"""

from dataclasses import replace

from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.dsl import begins, expression_of
from clocker_actors.blueprint.dsl.building import Part
from clocker_actors.blueprint.dsl.forms import scalar_value
from clocker_actors.blueprint.files import with_templates
from clocker_actors.blueprint.nodes import Entry, LateNode, ListNode, LostNode, MapNode, Mark, Node, ScalarNode, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.slips import note_slips
from clocker_actors.blueprint.tables import POOL
from clocker_actors.blueprint.targets import SELF, Goal, Lost, Targets
from clocker_actors.blueprint.templating import data_of
from clocker_actors.blueprint.tree import Raw, look_up
from clocker_actors.blueprint.trees import has_expression, map_of, plain_node, unmarked, weights
from clocker_actors.blueprint.values import lacking
from clocker_actors.errors import BadRequest
from clocker_actors.expressions import fold
from clocker_actors.expressions.folding import FoldFault
from clocker_actors.expressions.templates import sharing, spent
from clocker_actors.expressions.texts import as_text
from clocker_actors.model.expressions import LITERAL, Expression, literal

MOST_WEIGHT = 50_000
"""Values and expressions in one file after everything is worked out; a hundred characters count as one."""
MOST_EXPRESSIONS = 10_000
MOST_TEMPLATE_STEPS = 100_000
"""Steps of all templates of a file together."""
_MOST_STEPS = 30
_MOST_NEAR = 400
_NOT_VALUES = frozenset(
    {"type", "id", "name", "children", "config", "flags", "parameters", "services", "location", "memberSpec", "privileged"}
)
_OF_SERVICES = frozenset({"dependsOn", "links"})
_WHOM = frozenset({"producer", "entityWithMetric"})
_OF_ENTITIES = frozenset({"attributeWhenReady", "entityId", "location"})


def settle(context: Context) -> None:
    """Work out all expressions of the opened services, in place."""
    context.by_id = {raw.id: raw for raw in context.raws if raw.parent is not None}
    settler = Settler(context)
    with sharing(MOST_TEMPLATE_STEPS):
        for raw in context.raws:
            if raw.kind != POOL:
                note_slips(raw, context.faults)
                settler.whole(raw)


class Settler:
    """One pass over one file."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._faults = context.faults
        self._targets = Targets(context)
        self._known: dict[tuple[int, str], Node | None] = {}
        self._open: list[tuple[Raw, str]] = []
        self._left = MOST_WEIGHT
        self._names = False
        self._hears = False
        self._expressions = 0
        self._parts: dict[int, tuple[Node, Part | None]] = {}

    def whole(self, raw: Raw) -> None:
        """All that is written in one service."""
        for section in (raw.head, raw.config):
            for name, entry in tuple(section.entries.items()):
                if name not in _NOT_VALUES:
                    self._put(section, name, entry, raw)
        for key, entry in raw.undeclared.items():
            if has_expression(entry.node):
                raw.undeclared[key] = replace(entry, node=self._own(key, entry, raw))
        for name, parameter in raw.parameters.items():
            if parameter.default is not None and has_expression(parameter.default):
                raw.parameters[name] = replace(parameter, default=self._guarded(parameter.default, raw))

    def _own(self, key: str, entry: Entry, raw: Raw) -> Node:
        """The service's own value of a key, noted as what it has of it unless it may be merged with another's."""
        if key in raw.parameters or (raw.number, key) in self._known:
            return self.looked_up(raw, key) or entry.node
        self._open.append((raw, key))
        node = self._known[raw.number, key] = self._guarded(entry.node, raw)
        self._open.pop()
        return node

    def _put(self, section: Section, name: str, entry: Entry, raw: Raw) -> None:
        if name == "files":
            entry = replace(entry, node=with_templates(entry.node))
        self._names = name in _OF_SERVICES
        if has_expression(entry.node):
            section.put(name, replace(entry, node=self._guarded(entry.node, raw)))
        self._names = False

    def _guarded(self, node: Node, raw: Raw) -> Node:
        try:
            return self.node(node, raw)
        except RecursionError:
            self._faults.add(node.mark, "expressions lead too deep into each other; write it flatter")
            return self._nothing(node.mark)

    def node(self, node: Node, raw: Raw) -> Node:
        """The node with all expressions in it worked out, as they stand in the service."""
        home = self._context.raws[node.home] if node.home >= 0 else raw
        if begins(node):
            return self._expression(node, home)
        if isinstance(node, ListNode):
            return replace(node, items=tuple(self.node(item, home) for item in node.items))
        if isinstance(node, MapNode):
            return replace(
                node, entries={key: replace(entry, node=self._under(key, entry.node, home)) for key, entry in node.entries.items()}
            )
        return node

    def _under(self, key: str, node: Node, home: Raw) -> Node:
        """What stands under a key of a map; where an enricher names whom it hears, an entity is a value."""
        before, self._hears = self._hears, self._hears or key.rpartition(".")[2] in _WHOM
        try:
            return self.node(node, home)
        finally:
            self._hears = before

    def _expression(self, node: Node, home: Raw) -> Node:
        self._expressions += 1
        if self._expressions == MOST_EXPRESSIONS + 1:
            text = f"more than {MOST_EXPRESSIONS} expressions in one file; make services of one kind a cluster, or split the file"
            self._faults.add(node.mark, text)
        if self._faults.full or self._expressions > MOST_EXPRESSIONS or spent():
            return self._nothing(node.mark)
        special = map_of(node)
        if special is not None:
            return self.node(special, home)
        part = self._part(node)
        if part is None:
            return self._nothing(node.mark)
        if part.gives == "entity" and not (self._names or self._hears):
            self._faults.add(node.mark, 'an entity is not a value; write what of it you want, as .config("…") or .attributeWhenReady("…")')
            return self._nothing(node.mark)
        try:
            if part.gives == "entity" and self._hears:
                return ScalarNode(node.mark, self._targets.absolute(self._goal(part.tree, home, node.mark), home, node.mark), plain=False)
            if part.gives == "entity":
                return self._name_of(part.tree, home, node.mark)
            found = fold(self._bound(part.tree, home, node.mark))
            self._pay(found, node.mark)
        except Lost:
            return self._nothing(node.mark)
        except FoldFault as fault:
            mark = replace(node.mark, line=fault.line, column=fault.column) if fault.line else node.mark
            self._faults.add(mark, str(fault))
            return self._nothing(node.mark)
        return self._as_node(found, node, self._told_at(part.tree, home, node.mark))

    def _told_at(self, tree: Expression, home: Raw, mark: Mark) -> Mark:
        """Where what is wrong with a value is to be mended: if a type only hands on what the file says, there."""
        if not mark.file or tree.op != "config" or tree.args[1].op != LITERAL:
            return mark
        value = self._known.get((home.number, as_text(tree.args[1].value))) if tree.args[0].op == SELF else None
        return mark if value is None or value.mark.file else value.mark

    def _part(self, node: Node) -> Part | None:
        """The expression that stands in a node, understood once: services of one type share its nodes."""
        known = self._parts.get(id(node))
        if known is None:
            known = self._parts[id(node)] = node, expression_of(node, self._faults)
        return known[1]

    def _name_of(self, tree: Expression, home: Raw, mark: Mark) -> Node:
        """The id of a service, where one is wanted."""
        goal = self._goal(tree, home, mark)
        if goal.raw is None or goal.raw.parent is None:
            raise FoldFault("only a service of this file can be waited for; name one by component(id)", mark.line, mark.column)
        return ScalarNode(mark, goal.raw.id, plain=False)

    def _nothing(self, mark: Mark) -> Node:
        """What stands for an expression with a fault: whoever reads it need not say more."""
        self._faults.silence(mark)
        return LostNode(mark, "", plain=False)

    # --- trees

    def _bound(self, tree: Expression, home: Raw, mark: Mark) -> Expression:
        """The tree with configuration looked up and targets made absolute. Raises Lost and FoldFault."""
        at = replace(mark, line=tree.line, column=tree.column) if tree.line else mark
        if tree.op == "config":
            return self._config(tree, home, at)
        if tree.op in _OF_ENTITIES:
            return self._late(tree, home, at)
        if tree.op == "template":
            return self._template(tree, home, at)
        args = tuple(self._bound(arg, home, mark) for arg in tree.args)
        return replace(tree, args=args) if tree.args else tree

    def _goal(self, tree: Expression, home: Raw, mark: Mark) -> Goal:
        return self._targets.goal(self._with_names(tree, home, mark), home, mark)

    def _with_names(self, tree: Expression, home: Raw, mark: Mark) -> Expression:
        """A target with the ids in it worked out."""
        if not tree.args:
            return tree
        if tree.op == "application":
            return replace(tree, args=(fold(self._bound(tree.args[0], home, mark)),))
        above = self._with_names(tree.args[0], home, mark)
        return replace(tree, args=(above, *(fold(self._bound(arg, home, mark)) for arg in tree.args[1:])))

    def _text(self, tree: Expression, what: str, home: Raw, mark: Mark) -> str:
        found = fold(self._bound(tree, home, mark))
        if found.op != LITERAL or not isinstance(found.value, str | int | float) or isinstance(found.value, bool):
            raise FoldFault(f"{what} has to be a text that is known when the file is read; write it out", mark.line, mark.column)
        return as_text(found.value)

    def _late(self, tree: Expression, home: Raw, mark: Mark) -> Expression:
        goal = self._goal(tree.args[0], home, mark)
        target = Expression("target", value=self._targets.absolute(goal, home, mark))
        if tree.op == "attributeWhenReady":
            name = self._text(tree.args[1], "the name of a sensor", home, mark)
            self._context.sought.sensors.append((goal.raw, name, mark))
            options = tuple(fold(self._bound(arg, home, mark)) for arg in tree.args[2:])
            return Expression(tree.op, (target, literal(name), *options))
        rest = tuple(fold(self._bound(arg, home, mark)) for arg in tree.args[1:])
        if any(arg.op != LITERAL for arg in rest):
            raise FoldFault(
                "the place in a list of locations has to be known when the file is read; write a number", mark.line, mark.column
            )
        return Expression(tree.op, (target, *rest))

    def _config(self, tree: Expression, home: Raw, mark: Mark) -> Expression:
        key = self._text(tree.args[1], "a key of configuration", home, mark)
        goal = self._goal(tree.args[0], home, mark)
        if goal.raw is None:
            raise FoldFault("configuration of another application is not known here; ask for a sensor of it", mark.line, mark.column)
        if lacking(goal.raw, key) and not self._context.template:
            raise Lost  # the parameter's own fault says it
        known = look_up(goal.raw, key)
        if goal.raw.lost and (known is None or known.node is None):
            raise Lost  # its type may say it
        if known is None and key not in goal.raw.undeclared:
            where = f"{quote(goal.raw.id)}" if goal.raw.parent else "the application"
            owner = _owner(goal.raw, key)
            if owner is not None:
                whose = f"{quote(owner.id)}" if owner.parent else "the application"
                self._faults.add(mark, f"{quote(key)} is a parameter of {whose} that has no value; give it one there, or a `default`")
                raise Lost
            self._faults.unknown(mark, key, f"configuration of {where}", self._keys(goal.raw))
            raise Lost
        node = self.looked_up(goal.raw, key, mark)
        found = literal(None) if node is None else self._as_tree(node)
        if goal.raw is not home and any(each.op == "target" and each.value in ("self", "parent") for each in found.walk()):
            text = (
                f"{quote(key)} depends on which member of a cluster asks, so it can be read only where it is written; write it here again"
            )
            raise FoldFault(text, mark.line, mark.column)
        self._pay(found, mark)
        return found

    def looked_up(self, raw: Raw, key: str, mark: Mark | None = None) -> Node | None:
        """The configuration of a service, worked out; None if it has no value. Raises Lost if it leads to itself, which is noted at `mark`."""
        if (raw.number, key) in self._known:
            return self._known[raw.number, key]
        if (raw, key) in self._open:
            names = [f"{name} of {each.id or 'the application'}" for each, name in self._open[self._open.index((raw, key)) :]]
            text = f"configuration that leads to itself: {' → '.join([*names, names[0]])}; have one of them say a value"
            self._faults.add(mark or raw.node.mark, text)
            raise Lost
        if len(self._open) == _MOST_STEPS:
            self._faults.add(
                mark or raw.node.mark, f"configuration leads through more than {_MOST_STEPS} other keys; have one of them say a value"
            )
            raise Lost
        self._open.append((raw, key))
        try:
            found = look_up(raw, key)
            node = (
                None
                if found is None or found.node is None
                else self._guarded(found.node, raw)
                if has_expression(found.node)
                else found.node
            )
        finally:
            self._open.pop()
        self._known[raw.number, key] = node
        return node

    def _keys(self, raw: Raw) -> list[str]:
        """What somebody may have meant: keys that are declared or written here or above, without the rarer spellings."""
        found = [*raw.config.table.keys]
        above: Raw | None = raw
        while above is not None and len(found) < _MOST_NEAR:
            found += [*above.undeclared, *above.parameters]
            above = above.parent
        return found[:_MOST_NEAR]

    def _template(self, tree: Expression, home: Raw, mark: Mark) -> Expression:
        text = fold(self._bound(tree.args[0], home, mark))
        if text.op != LITERAL:
            raise FoldFault("the text of a template has to be known when the file is read; write it out", mark.line, mark.column)
        try:
            data = data_of(as_text(text.value), tree.args[1] if len(tree.args) > 1 else Expression("map"))
        except BadRequest as fault:
            raise FoldFault(str(fault), mark.line, mark.column) from None
        return Expression("template", (text, self._bound(data, home, mark)), line=mark.line, column=mark.column)

    # --- trees and nodes

    def _as_tree(self, node: Node) -> Expression:
        """What is worked out already, as a tree. Raises Lost where there was a fault."""
        if isinstance(node, LostNode):
            raise Lost
        if isinstance(node, LateNode):
            return node.expression
        if isinstance(node, ScalarNode):
            return literal(scalar_value(node))
        if isinstance(node, ListNode):
            return Expression("list", tuple(self._as_tree(item) for item in node.items))
        pairs = [(literal(entry.key), self._as_tree(entry.node)) for entry in node.entries.values()]
        return Expression("map", tuple(each for pair in pairs for each in pair))

    def _as_node(self, tree: Expression, written: Node, mark: Mark) -> Node:
        if tree.op == LITERAL:
            return plain_node(tree.value, mark)
        if tree.op == "list":
            return ListNode(mark, tuple(self._as_node(arg, written, mark) for arg in tree.args))
        if tree.op == "map":
            entries = {}
            for key, value in zip(tree.args[::2], tree.args[1::2], strict=True):
                entries[as_text(key.value)] = Entry(mark, as_text(key.value), self._as_node(value, written, mark))
            return MapNode(mark, entries)
        text = written.text if isinstance(written, ScalarNode) else f"$brooklyn:{tree.op}(…)"
        return LateNode(mark, text, plain=False, expression=unmarked(tree))

    def _pay(self, tree: Expression, mark: Mark) -> None:
        """Count what was made. Raises FoldFault when it is too much."""
        for weight in weights(tree):
            self._left -= weight
            if self._left < 0:
                text = "the expressions of this file make more than can be kept; have fewer of them repeat what is large"
                raise FoldFault(text, mark.line, mark.column)


def _owner(raw: Raw, key: str) -> Raw | None:
    """Who above a service declares a parameter of this name."""
    above: Raw | None = raw
    while above is not None and key not in above.spelled:
        above = above.parent
    return above

"""Every function of the language, as one table: the parser checks against it, and docs/blueprints.md is made from it.

A row says what a function is called on (nothing, an entity, or a value), what it takes, what comes out, what it means, and an example that a test reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TEXT, INTEGER, ANY, MAP, OPTIONS, LIST = "text", "integer", "any", "map", "options", "list"
"""What an argument is: a text may also be a number, written as it is; options are those of `attributeWhenReady`."""


class On(StrEnum):
    """What a function is called on."""

    NOTHING = "nothing"
    ENTITY = "entity"  # without one, the entity it is written in
    VALUE = "value"


class Gives(StrEnum):
    """What comes out."""

    ENTITY = "entity"
    VALUE = "value"
    LATE = "late"  # a value that is known only when the service runs


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument. With `repeated` there may be any number of it."""

    name: str
    type: str
    required: bool = True
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function."""

    name: str
    on: On
    args: tuple[Arg, ...]
    gives: Gives
    meaning: str
    example: str
    same_as: str = ""
    """The name under which the tree has it, if that is another."""

    @property
    def least(self) -> int:
        """Fewest arguments."""
        return sum(1 for arg in self.args if arg.required)

    @property
    def most(self) -> int | None:
        """Most arguments; None if there is no end."""
        return None if any(arg.repeated for arg in self.args) else len(self.args)

    @property
    def signature(self) -> str:
        """As people write it: `formatString(pattern, argument…)`."""
        parts = [f"{arg.name}…" if arg.repeated else arg.name if arg.required else f"[{arg.name}]" for arg in self.args]
        return f"{self.name}({', '.join(parts)})"

    def arg(self, place: int) -> Arg:
        """The argument at a place."""
        return self.args[min(place, len(self.args) - 1)]


_ID = (Arg("id", TEXT),)
_ROWS = (
    Function("self", On.NOTHING, (), Gives.ENTITY, "the entity in which this is written", '$brooklyn:self().config("size")'),
    Function("parent", On.ENTITY, (), Gives.ENTITY, "the entity above; an application has none", '$brooklyn:parent().config("size")'),
    Function("root", On.ENTITY, (), Gives.ENTITY, "the application", '$brooklyn:root().attributeWhenReady("service.isUp")'),
    Function(
        "scopeRoot",
        On.ENTITY,
        (),
        Gives.ENTITY,
        "the top of what this is written in: the service of a type from the catalogue, else the application",
        '$brooklyn:scopeRoot().attributeWhenReady("service.isUp")',
    ),
    Function(
        "entity",
        On.ENTITY,
        _ID,
        Gives.ENTITY,
        "the service of this id in the application",
        '$brooklyn:entity("db").attributeWhenReady("host.address")',
        same_as="component",
    ),
    Function(
        "component",
        On.ENTITY,
        (Arg("scope", TEXT, required=False), Arg("id", TEXT)),
        Gives.ENTITY,
        "as entity; the scope is one of this, child, parent, sibling, descendant, ancestor, root, scopeRoot, global, member, application",
        '$brooklyn:component("db").attributeWhenReady("host.address")',
    ),
    Function("child", On.ENTITY, _ID, Gives.ENTITY, "the service of this id right below", '$brooklyn:child("inner").config("size")'),
    Function("sibling", On.ENTITY, _ID, Gives.ENTITY, "the service of this id beside it", '$brooklyn:sibling("db").config("size")'),
    Function(
        "descendant",
        On.ENTITY,
        _ID,
        Gives.ENTITY,
        "the service of this id anywhere below; not the entity itself",
        '$brooklyn:descendant("inner").config("size")',
    ),
    Function(
        "ancestor",
        On.ENTITY,
        _ID,
        Gives.ENTITY,
        "the service of this id anywhere above; not the entity itself",
        '$brooklyn:ancestor("tier").config("size")',
    ),
    Function(
        "member",
        On.ENTITY,
        _ID,
        Gives.ENTITY,
        "the member of this cluster with this id",
        '$brooklyn:member("node").attributeWhenReady("host.address")',
    ),
    Function(
        "application",
        On.NOTHING,
        _ID,
        Gives.ENTITY,
        "another application, by its id; it is looked for when the service starts",
        '$brooklyn:application("billing").attributeWhenReady("service.isUp")',
    ),
    Function(
        "config",
        On.ENTITY,
        (Arg("key", TEXT),),
        Gives.VALUE,
        "the configuration of the entity: its own, else that of those above it, else the default",
        '$brooklyn:config("size")',
    ),
    Function(
        "attributeWhenReady",
        On.ENTITY,
        (Arg("sensor", TEXT), Arg("options", OPTIONS, required=False)),
        Gives.LATE,
        "the sensor of the entity; waits until it has a value that is not false, 0 or empty",
        '$brooklyn:component("db").attributeWhenReady("host.address")',
    ),
    Function(
        "attributeWhenReadyAllowingOnFire",
        On.ENTITY,
        (Arg("sensor", TEXT), Arg("options", OPTIONS, required=False)),
        Gives.LATE,
        "as attributeWhenReady, and waits on when the entity has failed",
        '$brooklyn:component("db").attributeWhenReadyAllowingOnFire("host.address")',
    ),
    Function(
        "sensor",
        On.NOTHING,
        (Arg("class", TEXT, required=False), Arg("name", TEXT)),
        Gives.VALUE,
        "the name of a sensor, where one is wanted",
        '$brooklyn:sensor("cpu.mean")',
    ),
    Function(
        "entityId",
        On.ENTITY,
        (),
        Gives.LATE,
        "the uid of the entity, by which `clocker show` knows it",
        '$brooklyn:component("db").entityId()',
    ),
    Function(
        "location",
        On.ENTITY,
        (Arg("index", INTEGER, required=False),),
        Gives.LATE,
        "the name of the host on which the entity runs",
        '$brooklyn:component("db").location()',
    ),
    Function(
        "entitySpec",
        On.NOTHING,
        (Arg("service", MAP),),
        Gives.VALUE,
        "a service as a value, for memberSpec",
        '{$brooklyn:entitySpec: {type: "docker:nginx:1"}}',
    ),
    Function(
        "object",
        On.NOTHING,
        (Arg("object", MAP),),
        Gives.VALUE,
        "something of a type of this manager, such as a placement strategy: {type, config}, where `object.fields` is another name of config; "
        "Java constructors and factory methods cannot be called",
        "{$brooklyn:object: {type: BreadthFirst}}",
    ),
    Function(
        "literal", On.NOTHING, (Arg("value", ANY),), Gives.VALUE, "the value as it is written", '$brooklyn:literal("$brooklyn:self()")'
    ),
    Function(
        "formatString",
        On.NOTHING,
        (Arg("pattern", TEXT), Arg("argument", ANY, required=False, repeated=True)),
        Gives.VALUE,
        "the pattern with %s, %d, %05d, %.2f, %x, %1$s and %% replaced, as Java does",
        '$brooklyn:formatString("%s:%d", "db", 5432)',
    ),
    Function(
        "urlEncode", On.NOTHING, (Arg("text", TEXT),), Gives.VALUE, "the text as part of a form or query", '$brooklyn:urlEncode("a b&c")'
    ),
    Function(
        "regexReplacement",
        On.NOTHING,
        (Arg("text", TEXT), Arg("pattern", TEXT), Arg("replacement", TEXT)),
        Gives.VALUE,
        "the text with all that the regular expression matches replaced; $1 is the first group",
        '$brooklyn:regexReplacement("db:5432", ":.*", "")',
    ),
    Function(
        "function.regexReplacement",
        On.NOTHING,
        (Arg("pattern", TEXT), Arg("replacement", TEXT)),
        Gives.VALUE,
        "a function that does so to what it is given, for enrichers",
        '$brooklyn:function.regexReplacement(":.*", "")',
    ),
    Function(
        "template",
        On.NOTHING,
        (Arg("text", TEXT), Arg("substitutions", MAP, required=False)),
        Gives.VALUE,
        "the text as a Jinja2 template, with config[…], attribute[…], component(id).config[…], component(id).attribute[…] and the substitutions",
        """$brooklyn:template("{{ config['size'] }} GB")""",
    ),
    Function(
        "external",
        On.NOTHING,
        (Arg("provider", TEXT), Arg("key", TEXT)),
        Gives.LATE,
        "a secret, which is looked up where it is used and shown nowhere",
        '$brooklyn:external("vault", "db-password")',
    ),
    Function(
        "chain",
        On.NOTHING,
        (Arg("value", ANY), Arg("call", ANY, required=False, repeated=True)),
        Gives.VALUE,
        "calls each {function: arguments} on what came before, for arguments that are maps or lists",
        '{$brooklyn:chain: [$brooklyn:component("db"), {attributeWhenReady: [host.address, {timeout: 5m}]}]}',
    ),
    Function(
        "get", On.VALUE, (Arg("key", ANY),), Gives.VALUE, "an item of a map or list, as [key] does", '$brooklyn:config("sizes").get("big")'
    ),
    Function("size", On.VALUE, (), Gives.VALUE, "length of a text, list or map", '$brooklyn:config("sizes").size()'),
    Function("toUpperCase", On.VALUE, (), Gives.VALUE, "in capitals", '$brooklyn:config("size").toUpperCase()'),
    Function("toLowerCase", On.VALUE, (), Gives.VALUE, "in small letters", '$brooklyn:config("size").toLowerCase()'),
    Function("trim", On.VALUE, (), Gives.VALUE, "without blanks around it", '$brooklyn:config("size").trim()'),
    Function("toString", On.VALUE, (), Gives.VALUE, "as text", '$brooklyn:config("sizes").toString()'),
)

FUNCTIONS: Mapping[str, Function] = {row.name: row for row in _ROWS}
"""All functions by name; names are unlike each other whatever they are called on."""

SCOPES = ("this", "child", "parent", "sibling", "descendant", "ancestor", "root", "scopeRoot", "global", "member", "application")
"""The scopes that `component(scope, id)` may name."""

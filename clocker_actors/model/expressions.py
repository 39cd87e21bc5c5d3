"""Values that depend on other things, as they stand in specs, messages and records: one node type, so that they encode like any other value.

The blueprint room parses them and works out at once whatever does not change while a service runs (configuration, texts made of it). What is left depends on
readings of entities, on where something runs, or on secrets: it is carried as a tree of `Expression` and resolved by the room `expressions`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum

from clocker_actors.model.values import Value

LITERAL = "literal"
"""The operation of a plain value; every other one is the name of a function, or `select`."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One node: a function `op` of `args`, or a plain `value`. `line` and `column` say where it was written, 0 for what was not."""

    op: str
    args: tuple["Expression", ...] = ()
    value: Value = None
    line: int = 0
    column: int = 0

    def walk(self) -> Iterator["Expression"]:
        """This node and all below it, parents first."""
        yield self
        for arg in self.args:
            yield from arg.walk()


def literal(value: Value) -> Expression:
    """A plain value as a node."""
    return Expression(LITERAL, value=value)


@dataclass(frozen=True, slots=True)
class Late:
    """A text of a container's configuration that is known only when it starts: `field` is `env.NAME`, `labels.NAME`, `command.N`, `entrypoint.N`, `hosts.NAME`
    or `files.PATH`; in the spec itself that text is empty until then. Of a policy, enricher or feed it is a key of its configuration, which has no value."""

    field: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Filled:
    """What the late texts of a container were resolved to, by field; `sealed` are those that hold secrets, with nothing but those left to resolve."""

    texts: Mapping[str, str] = dataclass_field(default_factory=dict)
    sealed: tuple[Late, ...] = ()


class Condition(StrEnum):
    """What a service waits for in one it depends on."""

    STARTED = "started"  # its containers run
    HEALTHY = "healthy"  # it is up
    SENSOR = "sensor"  # an expression about it is true


class OnChange(StrEnum):
    """What becomes of a running service when a value that it was started with has changed."""

    RESTART = "restart"  # its members get new generations, one after the other
    KEEP = "keep"  # the new value is for the next generation


@dataclass(frozen=True, slots=True)
class Dependency:
    """A service waits with its start for another of the same application, by its id in the file; for at most `timeout` seconds."""

    on: str
    condition: Condition = Condition.HEALTHY
    until: Expression | None = None
    timeout: float = 600.0

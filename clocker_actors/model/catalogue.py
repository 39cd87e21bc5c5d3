"""Types of services as they are kept and sent: the text of a YAML file, and where it is from. What is in it is the business of the room `blueprint`."""

from dataclasses import dataclass

from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class TypeSource:
    """One file of types. `filename` is what faults call it; `added` when somebody added it to this manager, else it came with the program; `without` are types
    in it that were removed again, as `id:version`."""

    filename: str
    text: str
    added: bool = False
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterView:
    """A parameter as people see it: `type` as list<string>, `constraints` in words."""

    name: str
    type: str
    label: str = ""
    description: str = ""
    default: Value = None
    pinned: bool = False
    constraints: tuple[str, ...] = ()
    sensor: str = ""


@dataclass(frozen=True, slots=True)
class EffectorView:
    """An effector of a type as people see it: with the names of its parameters; `member` if each member of a cluster has it, and not the cluster."""

    name: str
    description: str = ""
    parameters: tuple[str, ...] = ()
    member: bool = False

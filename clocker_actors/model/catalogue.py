"""Types of services as they are kept and sent: the text of a YAML file, and where it is from. What is in it is the business of the room `blueprint`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeSource:
    """One file of types. `filename` is what faults call it; `added` when somebody added it to this manager, else it came with the program."""

    filename: str
    text: str
    added: bool = False

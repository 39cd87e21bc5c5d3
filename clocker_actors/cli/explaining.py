"""The command that tells why something is as it is."""

import textwrap
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, connect, parts

_STYLES = {
    "state": "bold",
    "problem": "red",
    "decision": "cyan",
    "nothing": "cyan",
    "would-change": "yellow",
    "bound": "magenta",
    "refusal": "red",
    "gap": "dim",
}
NARROWEST = 40


Told = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A path, a uid, the name of a host or container, PATH:POLICY, the id of an activity or decision, or `clocker` for all.",
    ),
]


def explain(identity: Told, json: AsJson = False) -> None:
    """Tell why something is, was done, or was decided so: readings, decisions, hosts considered, activities, what would have changed it."""
    with connect() as client:
        answer = client.get("/v1/explain", name=identity)
    if json:
        output.as_json(answer)
        return
    console = output.console()
    for depth, line in _flat(parts(answer, "lines"), 0):
        indent = "  " * depth
        width = max(console.width - len(indent), NARROWEST)
        for position, piece in enumerate(textwrap.wrap(output.clean(str(line["text"])), width - 2, break_long_words=False) or [""]):
            lead = f"{indent}{'- ' if depth and not position else '  ' if depth else ''}"
            console.print(Text(lead + piece, _STYLES.get(str(line["kind"]), "")), soft_wrap=True)


def _flat(lines: list[Item], depth: int) -> Iterator[tuple[int, Item]]:
    for line in lines:
        yield depth, line
        yield from _flat(parts(line, "lines"), depth + 1)

"""The command that tells why something is as it is."""

import textwrap
from collections.abc import Iterator

from rich.text import Text

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Id, Item, connect, entity, parts, route

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


def explain(identity: Id, json: AsJson = False) -> None:
    """Tell why an entity is as it is: readings, decisions, hosts considered, activities, and what would have changed it."""
    with connect() as client:
        answer = client.get(route(entity(client, identity), "explain"))
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

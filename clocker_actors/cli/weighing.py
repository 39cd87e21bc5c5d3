"""Where something would go, host by host: `clocker hosts --for ID`."""

from collections.abc import Iterator

from clocker_actors.admin.client import Client
from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, parts
from clocker_actors.model.values import Value, as_map, as_number, counted
from clocker_actors.planning.requests import NEXT
from clocker_actors.telemetry import words


def weigh(client: Client, identity: str, json: AsJson) -> None:
    """Show what each host of its pool is worth for ID."""
    answer = client.get("/v1/hosts", **{"for": identity})
    if json:
        output.as_json(answer)
        return
    output.wrapped(_headline(answer), "  ", "bold")
    rows = parts(answer, "items")
    if rows:
        output.table(("RANK", "HOST", "HOLDS", "MEMORY", "CPUS", "WHY"), map(_row, rows), fixed=("RANK", "HOLDS", "MEMORY", "CPUS"))
    for line in _rest(answer, rows):
        output.note(line)


def _headline(answer: Item) -> str:
    considered, accepted = int(as_number(answer["considered"]) or 0), int(as_number(answer["accepted"]) or 0)
    first = next((row["path"] for row in parts(answer, "items") if row["accepted"]), None)
    of = f"of {counted(considered, 'host')} of pool {answer['pool']}"
    cluster, _, number = str(answer["path"]).rpartition("/")
    if not considered:
        return f"{answer['path']} goes nowhere: pool {answer['pool']} has no hosts"
    if number == NEXT:
        who = f"the next member of {cluster} would go"
        return f"{who} to {first}: {accepted} {of} would do" if first else f"{who} nowhere: none {of} would do"
    here = answer["host"]
    where = f"{answer['path']} is on {here or 'no host'}"
    if first is None:
        return f"{where}; none {of} would do"
    best = ", still the best" if first == here else f"; {first} is the best now"
    return f"{where}{best}: {accepted} {of} would do"


def _row(row: Item) -> tuple[Value, ...]:
    rule, reason = str(row["rule"]), str(row["reason"])
    why = reason if row["accepted"] or rule.rpartition(": ")[2] in reason else f"{rule}: {reason}"
    return (
        row["rank"] if row["accepted"] else "no",
        f"{row['name']}{' (here)' if row['here'] else ''}",
        row["containers"],
        None if row["memory_free"] is None else words.figure(row["memory_free"], "bytes"),
        row["cpus_free"] if row["cpus_free"] is None else words.figure(row["cpus_free"]),
        why or "fits",
    )


def _rest(answer: Item, rows: list[Item]) -> Iterator[str]:
    """What a table does not say: by which rules hosts were asked, and which are not in it."""
    asked = answer["strategies"]
    if isinstance(asked, list) and asked:
        yield f"asked by {', '.join(map(str, asked))}; memory and processors are those that nobody has reserved"
    refused = as_map(answer["refused"])
    if refused:
        yield f"refused: {', '.join(f'{count} by {rule}' for rule, count in refused.items())}"
    more = int(as_number(answer["considered"]) or 0) - len(rows)
    if more > 0:
        yield f"and {counted(more, 'more host')} that the table leaves out"

"""Commands that may go on: events, logs, and sensors as they change."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, Seen, connect, looked_at, parts, route
from clocker_actors.model.sensors import unit_of
from clocker_actors.model.values import Value, as_map
from clocker_actors.telemetry import words

if TYPE_CHECKING:
    from rich.table import Table

    from clocker_actors.admin.client import Client, ServerEvent

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")]


def events(
    follow: Follow = False,
    count: Annotated[int, typer.Option("-n", min=0, max=10_000, help="Begin with as many past events.")] = 50,
    json: AsJson = False,
) -> None:
    """Show what happened lately, and with -f what happens."""
    with connect() as client, suppress(KeyboardInterrupt):
        for event in client.events(latest=count, follow=follow):
            if json:
                output.json_line({"id": event.id, "kind": event.kind, **event.data})
            else:
                output.say(_told(event))


def _told(event: "ServerEvent") -> str:
    if event.kind == "gap":
        return f"-- {event.data['message']} --"
    fact = as_map(event.data["fact"])
    return f"{output.hour(event.data['at'])} {event.kind:<12} {event.data['path'] or event.data['entity']} {_happened(event.kind, fact)}"


def _happened(kind: str, fact: object) -> str:
    """The words for one event."""
    seen = as_map(fact)
    match kind:
        case "sensor" | "reading":
            lost = f" (unavailable: {seen['unavailable']})" if seen["unavailable"] else ""
            return f"{seen['sensor']} = {words.figure(seen['value'], unit_of(str(seen['sensor'])))}{lost}"
        case "activity":
            problem = f": {seen['problem']}" if seen["problem"] else f": {seen['note']}" if seen["note"] else ""
            return f"{seen['effector']} {seen['state']} [{seen['id']}]{problem}"
        case "decision":
            return f"{seen['by']} {seen['action'] or 'did nothing'}: {seen['reason']} [{seen['id']}]"
        case "policy":
            return " ".join(
                str(each) for each in (seen["role"], seen["name"], f"({seen['type']})" if seen["type"] else "", seen["state"]) if each
            )
        case "notification":
            return f"{seen['sensor']} {words.figure(seen['value'])}"
        case "entity":
            return f"{seen['kind']} {seen['uid']}"
        case _:
            return ""


def logs(
    identity: Seen,
    follow: Follow = False,
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, max=100_000, help="As many of the last lines.")] = 100,
    json: AsJson = False,
) -> None:
    """Show what the container of a member wrote."""
    with connect() as client, suppress(KeyboardInterrupt):
        for line in client.lines(route(looked_at(client, identity), "logs"), follow=follow, tail=tail):
            if json:
                output.json_line({"line": line})
            else:
                output.say(line)


def sensors(
    identity: Seen,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with new readings, until Ctrl-C.")] = False,
    json: AsJson = False,
) -> None:
    """Show the readings of an entity."""
    with connect() as client, suppress(KeyboardInterrupt):
        found = looked_at(client, identity)
        answer = client.get(route(found, "sensors"))
        if not watch and json:
            output.as_json(answer)
        elif not watch:
            rows = parts(answer, "items")
            if not rows:
                output.note(f"{identity} has no readings yet")
            output.table(("SENSOR", "VALUE", "READ (UTC)"), (_row(each) for each in rows), fixed=("READ (UTC)",))
        else:
            _watch(client, found, answer, json=json)


def _row(reading: Item) -> tuple[str, str, str]:
    unit = "" if reading["sensor"] == "container.started" else str(reading["unit"])
    value = words.figure(reading["value"], unit)
    of = reading["of"]
    if isinstance(of, int) and of > 1:
        value += f" (from {reading['count']} of {of})"
    if reading["unavailable"]:
        value += f" (unavailable: {reading['unavailable']})"
    return str(reading["sensor"]), value, output.hour(reading["at"])


def _watch(client: "Client", found: Item, answer: Item, *, json: bool) -> None:
    """On a terminal a table that changes, else a line for each new reading."""
    console = output.console()
    known: dict[Value, Item] = {each["sensor"]: each for each in parts(answer, "items")}
    following = _readings(client, found, str(answer["event"]))
    if json or not console.is_terminal:
        for reading in [*known.values()]:
            _tell(reading, json=json)
        for reading in following:
            _tell(reading, json=json)
        return
    from rich.live import Live  # noqa: PLC0415 - only here

    with Live(_live_table(known), console=console, refresh_per_second=4) as live:
        for reading in following:
            known[reading["sensor"]] = reading
            live.update(_live_table(known))


def _readings(client: "Client", found: Item, last: str) -> Iterator[Item]:
    for event in client.events(last, readings=True, entity=str(found["uid"])):
        if event.kind in {"sensor", "reading"} and event.data["entity"] == found["uid"]:
            reading = as_map(event.data["fact"])
            yield {**reading, "unit": unit_of(str(reading["sensor"]))}


def _tell(reading: Item, *, json: bool) -> None:
    if json:
        output.json_line(reading)
    else:
        name, value, at = _row(reading)
        output.say(f"{at} {name} = {value}")


def _live_table(known: dict[Value, Item]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - only here

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("SENSOR", "VALUE", "READ (UTC)"):
        made.add_column(name, overflow="fold")
    for reading in sorted(known.values(), key=lambda each: str(each["sensor"])):
        made.add_row(*(output.cell(value) for value in _row(reading)))
    return made

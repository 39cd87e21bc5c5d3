"""The command that lists, shows and changes the catalogue of types of services."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, connect, part, parts
from clocker_actors.cli.waiting import Wait, finish, send
from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value, as_map

ACTIONS = ("ls", "show", "add", "remove")


def catalog(
    action: Annotated[str, typer.Argument(metavar="ls|show|add|remove", help="What to do.")] = "ls",
    what: Annotated[
        str, typer.Argument(metavar="[TYPE|PATH]", help="A type as redis or redis:7.0; for add a YAML file, folder or archive.")
    ] = "",
    text: Annotated[bool, typer.Option("--text", help="With show: the file itself, to begin a type of one's own with.")] = False,
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """List the types of services that blueprints may name, show one, add files of types, or remove a type that was added."""
    if action not in ACTIONS:
        raise BadRequest(f"catalog: there is no action {action!r}; write one of {', '.join(ACTIONS)}", action=action)
    if action == "ls" and what:
        raise BadRequest(f"catalog ls takes no type; write `clocker catalog show {what}`", action=action)
    if action != "ls" and not what:
        raise BadRequest(f"catalog {action} needs {'a file, folder or archive' if action == 'add' else 'a type, as redis'}", action=action)
    if action == "ls":
        _list(json=json)
    elif action == "show":
        _show(what, text=text, json=json)
    elif action == "add":
        _add(what, wait=wait, json=json)
    else:
        _remove(what, wait=wait, json=json)


def _list(*, json: bool) -> None:
    with connect() as client:
        answer = client.get("/v1/catalog")
    if json:
        output.as_json(answer)
        return
    rows = ((each["id"], each["version"], _from(each), each["extends"], each["description"]) for each in parts(answer, "items"))
    output.table(("TYPE", "VERSION", "FROM", "EXTENDS", "WHAT"), rows, fixed=("TYPE", "VERSION", "FROM"))


def _from(each: Item) -> str:
    told = "added" if each["added"] else "built in"
    return f"{told}, deprecated" if each["deprecated"] else told


def _show(reference: str, *, text: bool, json: bool) -> None:
    with connect() as client:
        answer = client.get(f"/v1/catalog/types/{quote(reference, safe=':')}")
    if json:
        output.as_json(answer)
        return
    if text:
        output.say(str(answer["text"]).rstrip("\n"))
        return
    head = part(answer, "type")
    output.say(f"{head['reference']}  {head['name']}", "bold")
    chain = answer["chain"] if isinstance(answer["chain"], list) else []
    by_way = f", by way of {' → '.join(map(str, chain))}" if chain else ""
    output.say(f"a {answer['kind']}{by_way}; it extends {head['extends']}" if head["extends"] else f"a {answer['kind']}{by_way}")
    for told in (head["description"], answer["docs"]):
        if told:
            output.say("")
            output.wrapped(str(told).strip())
    _tell_parameters(parts(answer, "parameters"))
    sensors = as_map(answer["sensors"])
    if sensors:
        output.say("")
        output.table(("SENSOR", "WHAT"), sensors.items(), fixed=("SENSOR",))
    effectors = [(_call(each), each["description"]) for each in parts(answer, "effectors")]
    if effectors:
        output.say("")
        output.table(("EFFECTOR", "WHAT"), effectors, fixed=("EFFECTOR",))


def _call(each: Item) -> str:
    parameters = each["parameters"] if isinstance(each["parameters"], list) else []
    return " ".join((f"{each['name']}", *(f"{name}=…" for name in parameters)))


def _tell_parameters(parameters: list[Item]) -> None:
    if not parameters:
        return
    output.say("")
    rows = ((each["name"], each["type"], _default(each["default"]), _meaning(each)) for each in parameters)
    output.table(("PARAMETER", "TYPE", "DEFAULT", "WHAT"), rows, fixed=("PARAMETER", "TYPE"))


def _default(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else str(value)


def _meaning(each: Item) -> str:
    constraints = each["constraints"] if isinstance(each["constraints"], list) else []
    return "; ".join(map(str, (each["description"] or each["label"], *constraints))).removeprefix("; ")


def _add(path: str, *, wait: bool, json: bool) -> None:
    # Imported here, since it is for this command alone.
    from clocker_actors.admin.archives import from_path  # noqa: PLC0415

    files = {each.filename: each.text for each in from_path(Path(path))}
    with connect() as client:
        finish(client, send(client, "/v1/catalog", {"files": files}), wait=wait, json=json, about=f"adding {path} to the catalogue")


def _remove(reference: str, *, wait: bool, json: bool) -> None:
    with connect() as client:
        reference = str(part(client.get(f"/v1/catalog/types/{quote(reference, safe=':')}"), "type")["reference"])
        accepted = client.delete(f"/v1/catalog/types/{quote(reference, safe=':')}")
        finish(client, accepted, wait=wait, json=json, about=f"removing {reference} from the catalogue")

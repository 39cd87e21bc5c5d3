"""Commands that look: ls, tree, show, effectors, hosts, activities."""

from collections.abc import Mapping
from typing import Annotated, cast

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, Seen, connect, looked_at, part, parts, route
from clocker_actors.model.values import Value, as_map
from clocker_actors.telemetry import words

SomeId = Annotated[str | None, typer.Argument(metavar="[ID]", help="A path (shop/web/3) or a uid (m1k).")]


def ls(json: AsJson = False) -> None:
    """List the applications."""
    with connect() as client:
        answer = client.get("/v1/applications")
    if json:
        output.as_json(answer)
        return
    rows = parts(answer, "items")
    if not rows:
        output.note("no applications yet; deploy one with `clocker deploy FILE`")
        return
    output.table(
        ("APPLICATION", "UID", "STATE", "UP", "MEMBERS", "LOCATION", "SINCE (UTC)"),
        (
            (
                row["path"],
                row["uid"],
                row["state"],
                row["up"],
                f"{row['members_up']}/{row['members']}",
                row["location"],
                output.moment(row["since"]),
            )
            for row in rows
        ),
    )
    _tell_problems(rows)


def tree(identity: SomeId = None, json: AsJson = False) -> None:
    """Show what there is as a tree, from ID down."""
    from rich.tree import Tree  # noqa: PLC0415 - only here

    with connect() as client:
        answer = client.get("/v1/entities", under=identity)
    if json:
        output.as_json(answer)
        return
    made: dict[Value, Tree] = {}
    top: Tree | None = None
    for item in parts(answer, "items"):
        label = _branch(item, whole=top is None)
        above = made.get(item["parent"])
        if above is None:
            above = top
        made[item["uid"]] = above.add(label) if above is not None else Tree(label, guide_style="dim")
        top = top or made[item["uid"]]
    if top is not None:
        output.console().print(top)


def _branch(item: Item, *, whole: bool) -> str:
    path = str(item["path"] or "clocker")
    texts = [path if whole else path.rpartition("/")[2], f"({item['kind']} {item['uid']})", str(item["state"] or "")]
    if item["members"] is not None:
        texts.append(f"{item['members_up'] or 0}/{item['members_wanted'] if item['members_wanted'] is not None else item['members']} up")
    facts = as_map(item["facts"])
    texts += [str(facts[name]) for name in ("host", "image", "address") if facts.get(name)][:1]
    texts += [f"! {name}: {why}" for name, why in as_map(item["problems"]).items()][:1]
    return output.clean(" ".join(text for text in texts if text))


def show(identity: Seen, json: AsJson = False) -> None:
    """Show one entity: state, problems, children, policies."""
    with connect() as client:
        found = looked_at(client, identity)
        detail = client.get(route(found))
    if json:
        output.as_json(detail)
        return
    item = part(detail, "entity")
    _facts(item)
    rows = parts(detail, "children")
    if rows:
        output.say("")
        output.table(
            ("CHILD", "UID", "KIND", "STATE", "UP"), ((each["path"], each["uid"], each["kind"], each["state"], each["up"]) for each in rows)
        )
    policies = parts(detail, "policies")
    if policies:
        output.say("")
        output.table(("POLICY", "TYPE", "ROLE", "STATE"), ((each["name"], each["type"], each["role"], each["state"]) for each in policies))
    output.note(f"{len(parts(detail, 'sensors'))} sensors: `clocker sensors {identity}`")


def _facts(item: Item) -> None:
    lines: dict[str, Value] = {
        "path": item["path"],
        "uid": item["uid"],
        "kind": f"{item['kind']} of type {item['type']}" if item["type"] else item["kind"],
        "state": item["state"],
        "up": item["up"],
        "since": f"{output.moment(item['since'])} UTC",
    }
    if item["gone"] is not None:
        lines["gone"] = f"{output.moment(item['gone'])} UTC"
    if item["members"] is not None:
        lines["members"] = f"{item['members']} of {item['members_wanted']} wanted, {item['members_up'] or 0} up"
    lines |= {name: words.figure(value) for name, value in as_map(item["facts"]).items()}
    lines |= {f"problem {name}": why for name, why in as_map(item["problems"]).items()}
    for name, value in lines.items():
        output.say(f"{name}: {output.cell(value).plain}")


def effectors(identity: Seen, json: AsJson = False) -> None:
    """List what can be done to an entity, with parameters."""
    with connect() as client:
        answer = client.get(route(looked_at(client, identity), "effectors"))
    if json:
        output.as_json(answer)
        return
    for item in parts(answer, "items"):
        output.say(f"{item['name']}: {item['meaning']}")
        for each in parts(item, "parameters"):
            output.say(f"    {_parameter(each)}")


def _parameter(each: Item) -> str:
    bounds = ""
    if each["least"] is not None and each["most"] is not None:
        bounds = f", {each['least']} to {each['most']}"
    need = "" if each["required"] else ", may be left out"
    return f"{each['name']}={str(each['type']).upper()}: {each['meaning']}{bounds}{need}"


def hosts(json: AsJson = False) -> None:
    """List the hosts of all pools."""
    with connect() as client:
        answer = client.get("/v1/hosts")
    if json:
        output.as_json(answer)
        return
    rows = parts(answer, "items")
    if not rows:
        output.note("no hosts; deploy a blueprint with a docker-cloud in it")
        return
    output.table(
        ("HOST", "UID", "UP", "ENGINE", "CORES", "CPU", "MEMORY", "CONTAINERS"),
        (
            (
                row["path"],
                row["uid"],
                row["up"],
                row["engine"],
                row["cores"],
                _figure(row["cpu_percent"], "percent"),
                f"{_figure(row['memory_percent'], 'percent')} of {_figure(row['memory'], 'bytes')}",
                f"{row['ours']} of {words.figure(row['containers']) if row['containers'] is not None else '?'}",
            )
            for row in rows
        ),
    )
    _tell_problems(rows)


def activities(
    identity: SomeId = None,
    running: Annotated[bool, typer.Option("--running", help="Only those that have not ended.")] = False,
    json: AsJson = False,
) -> None:
    """List activities: what was and is being done, of all or of one entity."""
    with connect() as client:
        answer = client.get("/v1/activities", entity=identity, running=running)
    if json:
        output.as_json(answer)
        return
    rows = [(part(item, "activity"), item["path"]) for item in parts(answer, "items")]
    if not rows:
        output.note("no activities")
        return
    output.table(
        ("ID", "BEGAN (UTC)", "TOOK", "STATE", "EFFECTOR", "ENTITY", "NOTE"),
        (
            (each["id"], output.hour(each["began"]), _took(each), each["state"], each["effector"], path or each["entity"], _note(each))
            for each, path in rows
        ),
        fixed=("ID", "BEGAN (UTC)", "STATE"),
    )


def _took(activity: Item) -> str:
    began, ended = activity["began"], activity["ended"]
    return words.span(ended - began) if isinstance(began, int | float) and isinstance(ended, int | float) else "-"


def _note(activity: Item) -> str:
    progress = f"{activity['done']} of {activity['total']} " if activity["total"] else ""
    return f"{progress}{activity['problem'] or activity['note']}"


def _figure(value: Value, unit: str) -> str:
    return "-" if value is None else words.figure(value, unit)


def _tell_problems(rows: list[Item]) -> None:
    for row in rows:
        for name, why in cast("Mapping[str, Value]", row["problems"]).items():
            output.note(f"{row['path']}: {name}: {why}; `clocker explain {row['path']}` tells more")

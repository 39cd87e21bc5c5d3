"""Commands that look: ls, tree, show, effectors, hosts, activities."""

import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, Seen, connect, looked_at, part, parts, route
from clocker_actors.model.values import Value, as_map, counted
from clocker_actors.telemetry import words

AT_REST = frozenset({"starting", "stopping", "stopped"})
"""States in which it is no problem that something is not up."""
READ_ONLY = "read-only:"
"""How a daemon begins that tells why it accepts nothing new."""
LONGEST_PROBLEM = 300
"""Characters of a problem that a list tells; an account of one thing has it whole."""
SomeId = Annotated[str | None, typer.Argument(metavar="[ID]", help="A path (shop/web/3) or a uid (m1k).")]


def ls(json: AsJson = False) -> None:
    """List the applications."""
    with connect() as client:
        answer = client.get("/v1/applications")
        told = client.not_ready()
    if told.startswith(READ_ONLY):
        output.note(f"the daemon is {told}")
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
    _tell_problems([row for row in rows if row["state"] not in AT_REST])


def tree(identity: SomeId = None, json: AsJson = False) -> None:
    """Show what there is as a tree, from ID down."""
    from rich.tree import Tree  # noqa: PLC0415 - only here

    with connect() as client:
        answer = client.get("/v1/entities", under=identity)
    if json:
        output.as_json(answer)
        return
    made: dict[Value, Tree] = {}
    told: dict[tuple[Value, str], str] = {}
    top: Tree | None = None
    for item in parts(answer, "items"):
        label = _branch(item, told, whole=top is None)
        above = made.get(item["parent"])
        if above is None:
            above = top
        made[item["uid"]] = above.add(label) if above is not None else Tree(label, guide_style="dim")
        top = top or made[item["uid"]]
    if top is not None:
        output.show(top)


def _branch(item: Item, told: dict[tuple[Value, str], str], *, whole: bool) -> str:
    """What is said of one entity. `told` has all reasons of those before it, by parent, so that the same ones are told once."""
    path = str(item["path"] or "clocker")
    name = path if whole else path.rpartition("/")[2]
    texts = [name, f"({kind_of(item)} {item['uid']})", str(item["state"] or "")]
    if item["members"] is not None:
        texts.append(f"{item['members_up'] or 0}/{item['members_wanted'] if item['members_wanted'] is not None else item['members']} up")
    facts = as_map(item["facts"])
    texts += [str(facts[fact]) for fact in ("host_name", "image", "address") if facts.get(fact)][:1]
    texts += [f"! {facts[fact]}" for fact in ("update_failed", "behind") if facts.get(fact) and item["kind"] != "member"][:1]
    texts += [f"with {facts['foreign']}"] if facts.get("foreign") else []
    problems = as_map(item["problems"])
    problem = _foremost(problems)
    if problem and item["state"] not in {"stopped", "stopping"}:
        whole_reason = "; ".join(f"{which}: {problems[which]}" for which in sorted(problems))
        first = told.setdefault((item["parent"], whole_reason), name) if item["kind"] == "member" else name
        texts.append(f"! {problem}" if first == name else f"! as {first}")
    return output.clean(" ".join(text for text in texts if text))


_WAITS = "waits"
_INDICATORS = ("health", "quorum", "engine", "children", "container")
"""What only says that something is not up, the one that says least last; all other names are of problems, which say why."""


def _foremost(problems: Mapping[str, Value]) -> str:
    """Of all that is said of an entity the one that is behind the rest: a problem, else what it waits for."""

    def rank(name: str) -> int:
        return 1 if name == _WAITS else _INDICATORS.index(name) + 2 if name in _INDICATORS else 0

    return next((f"{name}: {problems[name]}" for name in sorted(problems, key=rank)), "")


def kind_of(item: Item) -> str:
    """The kind of an entity as people call it: a member that has no container of its own, only services below it, is a group."""
    return "group" if item["kind"] == "member" and item["type"] == "group" else str(item["kind"])


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
            ("CHILD", "UID", "KIND", "STATE", "UP"),
            ((each["path"], each["uid"], kind_of(each), each["state"], each["up"]) for each in rows),
        )
    policies = parts(detail, "policies")
    if policies:
        output.say("")
        output.table(("POLICY", "TYPE", "ROLE", "STATE"), ((each["name"], each["type"], each["role"], each["state"]) for each in policies))
        for each in policies:
            tell_owners(each)
    output.note(
        f"{counted(len(parts(detail, 'sensors')), 'sensor')}: `clocker sensors {identity}`; why it is so: `clocker explain {identity}`"
    )


def tell_owners(policy: Item) -> None:
    """Who, beside the blueprint, set what of a policy."""
    for key, who in as_map(policy["set_by"]).items():
        what = f"{key} = {words.figure(as_map(policy['config']).get(key))}, set by " if key else ""
        output.wrapped(f"{policy['name']}: {what}{who}", "    ")


_FACTS = {
    "size_owner": "size set by",
    "lease": "size on lease",
    "image_wanted": "image wanted",
    "update_failed": "update failed",
    "host_name": "host name",
}
"""How people call facts whose names are for programs."""


def _facts(item: Item) -> None:
    kind = kind_of(item)
    lines: dict[str, Value] = {
        "path": item["path"] or "(the management plane itself)",
        "uid": item["uid"],
        "kind": kind if item["type"] in {"", kind} else f"{kind} of type {item['type']}",
        "state": item["state"],
        "up": item["up"],
        "since": f"{output.moment(item['since'])} UTC",
    }
    if item["gone"] is not None:
        lines |= {"state": "it does not exist any more", "up": False, "gone": f"{output.moment(item['gone'])} UTC"}
    if item["members"] is not None:
        lines["members"] = f"{item['members']} of {item['members_wanted']} wanted, {item['members_up'] or 0} up"
    lines |= {_FACTS.get(name, name): words.figure(value) for name, value in as_map(item["facts"]).items() if value not in ("", {}, [])}
    not_up = "not up" if item["state"] in AT_REST else "problem"
    lines |= {f"{not_up}, {name}": why for name, why in as_map(item["problems"]).items()}
    for name, value in lines.items():
        output.wrapped(f"{name}: {output.cell(value).plain}", "    ")


def effectors(identity: Seen, json: AsJson = False) -> None:
    """List what can be done to an entity, with parameters."""
    with connect() as client:
        answer = client.get(route(looked_at(client, identity), "effectors"))
    if json:
        output.as_json(answer)
        return
    for item in parts(answer, "items"):
        output.wrapped(f"{item['name']}: {item['meaning']}", "    ")
        for each in parts(item, "parameters"):
            output.wrapped(f"    {_parameter(each)}", "        ")


def _parameter(each: Item) -> str:
    default = each["default"]
    given = "" if default in (None, "", {}, []) else f" (default {output.folded(words.figure(default))})"
    need = "" if each["required"] else f", may be left out{given}"
    return f"{each['name']}={str(each['type']).upper()}: {each['meaning']}{_bounds(each['least'], each['most'])}{need}"


def _bounds(least: Value, most: Value) -> str:
    if least is not None and most is not None:
        return f", {words.figure(least)} to {words.figure(most)}"
    if least is not None:
        return f", at least {words.figure(least)}"
    return f", at most {words.figure(most)}" if most is not None else ""


def hosts(
    identity: Annotated[
        str | None, typer.Option("--for", metavar="ID", help="What each is worth for this member, or for the next one of this cluster.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List the hosts of all pools, or say of each why ID would go there or not."""
    with connect() as client:
        if identity is not None:
            from clocker_actors.cli.weighing import weigh  # noqa: PLC0415 - only here

            weigh(client, identity, json)
            return
        answer = client.get("/v1/hosts")
        pools = [] if json else parts(client.get("/v1/entities", kind="pool"), "items")
    if json:
        output.as_json(answer)
        return
    _tell_problems([{**pool, "problems": _of_machines(pool)} for pool in pools])
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
                _use(row),
                str(row["engine"]).partition(" ")[0].partition("+")[0] if row["engine"] else None,
                row["cores"],
                _figure(row["cpu_percent"], "percent"),
                _share(row["memory_percent"], row["memory"]),
                f"{row['ours']} of {words.figure(row['containers'])}" if row["containers"] is not None else row["ours"] or None,
            )
            for row in rows
        ),
    )
    _tell_problems([row for row in rows if row["up"] is not False and not row["phase"]])
    _tell_down([row for row in rows if row["up"] is False and not row["phase"]])
    for row in rows:
        if row["phase"]:
            output.note(f"{row['path']} is {row['phase']}: {row['step'] or 'about to begin'}")


def _of_machines(pool: Item) -> dict[str, Value]:
    """What is wrong with the machines of a pool; all else is shown of its hosts."""
    return {name: why for name, why in as_map(pool["problems"]).items() if name in {"machines", "orphans"}}


def _use(row: Item) -> Value:
    """Whether a host is up, or what else keeps it from being used."""
    if row["up"] is True and not row["phase"]:
        return "draining" if row["draining"] else "cordoned" if row["cordoned"] else True
    return row["phase"] or row["up"]


def activities(
    identity: SomeId = None,
    running: Annotated[bool, typer.Option("--running", help="Only those that have not ended.")] = False,
    json: AsJson = False,
) -> None:
    """List activities: what was done and is being done, of all or of ID."""
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
        ("ID", "BEGAN (UTC)", "TOOK", "STATE", "EFFECTOR", "ENTITY", "DONE"),
        (
            (each["id"], output.hour(each["began"]), _took(each), each["state"], each["effector"], path or each["entity"], _progress(each))
            for each, path in rows
        ),
        fixed=("ID", "BEGAN (UTC)", "STATE", "DONE"),
    )
    for each, _ in rows:
        why = each["problem"] or (each["note"] if each["state"] == "running" else "")
        if why:
            output.wrapped(f"{each['id']} {each['state']}: {output.folded(str(why))}", "    ")


def _took(activity: Item) -> str:
    began, ended = activity["began"], activity["ended"]
    return words.span(ended - began) if isinstance(began, int | float) and isinstance(ended, int | float) else "-"


def _progress(activity: Item) -> str:
    return f"{activity['done']} of {activity['total']}" if activity["total"] else ""


def _figure(value: Value, unit: str) -> str:
    return "-" if value is None else words.figure(value, unit)


def _share(percent: Value, whole: Value) -> str | None:
    """`12 % of 8 GiB`, or as much of it as is known."""
    if percent is None:
        return None if whole is None else words.figure(whole, "bytes")
    return f"{words.figure(percent, 'percent')} of {_figure(whole, 'bytes')}"


def _tell_problems(rows: list[Item]) -> None:
    for row in rows:
        for name, why in as_map(row["problems"]).items():
            told = shorten(str(why), LONGEST_PROBLEM, placeholder=" …")
            output.note(f"{row['path']}: {name}: {told}; `clocker explain {row['path']}` tells more")


def _tell_down(rows: list[Item]) -> None:
    """Since when hosts are not up, and why; one reason for all that differ in nothing but numbers and names."""
    alike: dict[str, list[Item]] = {}
    for row in rows:
        why = "; ".join(str(each) for each in as_map(row["problems"]).values())
        alike.setdefault(re.sub(r"\d+", "#", why.replace(str(row["name"]), "NAME")), []).append(row)
    for same in alike.values():
        first = same[0]
        why = "; ".join(str(each) for each in as_map(first["problems"]).values()) or "nobody has said why"
        since = [f"{row['path']} since {output.hour(row['since'])} UTC" for row in same]
        if len(same) == 1:
            output.note(
                f"{first['path']} is not up since {output.moment(first['since'])} UTC: {why}; `clocker explain {first['path']}` tells more"
            )
        else:
            more = f" and {len(since) - 5} more" if len(since) > 5 else ""
            output.note(f"{len(same)} hosts are not up: {', '.join(since[:5])}{more}")
            output.note(f"for example {first['path']}: {why}; `clocker explain {first['path']}` tells more")

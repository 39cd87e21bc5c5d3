"""How a plan is told: a table of steps per application, what becomes of docker clouds, in which order and how long; and in a few lines before a deploy.

Members of one cluster to which the same happens are told together when they are many. Marks: + made, ~ changed where it runs, ± replaced, - removed, = kept.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from clocker_actors.cli import output
from clocker_actors.cli.reach import Item, parts
from clocker_actors.model.values import Value, counted
from clocker_actors.planning.merging import STAYS_AWAY
from clocker_actors.telemetry import words

MARKS = {"create": "+", "update": "~", "replace": "±", "remove": "-", "keep": "="}
_COLOURS = {"create": "green", "update": "yellow", "replace": "magenta", "remove": "red", "keep": "dim"}
_VERBS = {"create": "create", "update": "update", "replace": "replace", "remove": "remove"}
FOLDED = 8
"""Members of one cluster to which the same happens are told one by one up to this number."""
SHOWN = 12
"""Lines of a summary."""


def tell(answer: Item, file: str) -> None:
    """All of a plan, as data; warnings, refusals and what to do next on stderr. Of what a deploy is refused for as a whole there are no steps to tell."""
    for refusal in parts(answer, "refusals"):
        output.note(f"clocker: {refusal['reason']}")
    if parts(answer, "refusals"):
        return
    for cloud in parts(answer, "clouds"):
        _cloud(cloud)
    for made in parts(answer, "machines"):
        _machines(made)
    for found in parts(answer, "plans"):
        _application(found)
    for warning in parts(answer, "warnings"):
        output.note(f"warning: {warning['path']}: {warning['message']}")
    if answer["changes"] and answer["possible"] and file != "-":
        output.note(f"plan {answer['id']}: `clocker deploy {file} --plan {answer['id']}` does just this, or says what has moved since")


def summary(answer: Item) -> Iterator[str]:
    """What a deploy is about to change, in a few lines: by name, but for what is made below something new or changed, which is only counted. Nothing of one that
    will be refused."""
    if parts(answer, "refusals"):
        return
    steps = [step for found in (*parts(answer, "clouds"), *parts(answer, "plans")) for step in parts(found, "steps")]
    told = [step for step in steps if step["action"] != "keep"]
    above = {step["path"] for step in told if step["kind"] == "cluster" or step["action"] == "create"}
    told = [step for step in told if str(step["path"]).rpartition("/")[0] not in above]
    lines = [f"{MARKS[str(step['action'])]} {step['path']}: {_comes(step) or _why(step)}" for step in told]
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"and {counted(len(lines) - SHOWN, 'change')} more: `clocker plan` tells all"
    for found in parts(answer, "plans"):
        doing = [step for step in parts(found, "steps") if step["action"] != "keep"]
        if doing:
            yield f"{found['application']}: {_counts(doing)}; {_lasting(found)}"
    for found in (answer, *parts(answer, "plans")):
        yield from (f"warning: {warning['path']}: {warning['message']}" for warning in parts(found, "warnings"))


def away(answer: Item) -> Iterator[str]:
    """Warnings of services that somebody deleted: they stay away although the file names them."""
    warnings = (warning for found in parts(answer, "plans") for warning in parts(found, "warnings"))
    yield from (f"warning: {each['path']}: {each['message']}" for each in warnings if str(each["message"]).startswith(STAYS_AWAY))


def _application(found: Item) -> None:
    steps = parts(found, "steps")
    output.say(f"application {found['application']} on {found['pool']}", "bold")
    alike = [list(same) for _, same in groupby(_once(steps), key=_alike)]
    rows = [row for same in alike for row in ([_folded(same)] if len(same) > FOLDED and _alike(same[0])[1] else map(_row, same))]
    output.table(("", "KIND", "PATH", "WHERE", "WHY"), [row[1:] for row in rows], fixed=("", "KIND"), styles=[row[0] for row in rows])
    output.say(_counts(steps))
    doing = [step for step in steps if step["wave"]]
    if len({step["wave"] for step in doing}) > 1:
        output.wrapped(f"in this order: {'; then '.join(_waves(doing))}", "  ")
    if any(step["action"] != "keep" for step in steps) and not found["refusals"]:
        output.wrapped(f"{_lasting(found)}", "  ")
    _refusals(found)
    for warning in parts(found, "warnings"):
        output.note(f"warning: {warning['path']}: {warning['message']}")


def _once(steps: Sequence[Item]) -> Iterator[Item]:
    """The steps; of members of one cluster with the same changes, several each, the first tells them for all."""
    told: dict[str, Item] = {}
    for step in steps:
        above, _, name = str(step["path"]).rpartition("/")
        changes = step["changes"]
        if not (name.isdecimal() and step["kind"] == "member" and isinstance(changes, list) and len(changes) > 1):
            yield step
            continue
        first = told.setdefault(above, step)
        same = first is not step and changes == first["changes"]
        yield {**step, "changes": [f"the same as {first['path']}"]} if same else step


def _alike(step: Item) -> tuple[Value, ...]:
    """What makes members of one cluster be told together; all else differs by its path."""
    above, _, name = str(step["path"]).rpartition("/")
    return step["action"], name.isdecimal() and step["kind"] == "member", above if name.isdecimal() else step["path"], step["manner"]


def _row(step: Item) -> tuple[str, ...]:
    action = str(step["action"])
    return _COLOURS[action], MARKS[action], str(step["kind"]), str(step["path"]), _where(step), _why(step)


def _folded(same: Sequence[Item]) -> tuple[str, ...]:
    """Many members in one row."""
    first, last = same[0], same[-1]
    hosts: dict[str, int] = {}
    for step in same:
        hosts[str(step["host"])] = hosts.get(str(step["host"]), 0) + 1
    where = ", ".join(f"{count} on {host}" for host, count in hosts.items() if host)
    action, path = str(first["action"]), f"{first['path']} to {str(last['path']).rpartition('/')[2]}"
    why = f"for the first: {first['reason']}" if action == "create" else _why(first)
    return _COLOURS[action], MARKS[action], f"{len(same)} members", path, where, why


def _where(step: Item) -> str:
    ports = step["ports"]
    shown = ", ".join(f"{inner}→{outer or 'chosen'}" for inner, outer in ports.items()) if isinstance(ports, dict) else ""
    host = f"{step['origin']} → {step['host']}" if step["origin"] and step["origin"] != step["host"] else str(step["host"])
    pool = f"{step['pool']}/" if step.get("pool") else ""
    return f"{pool}{host}{f' ({shown})' if shown else ''}" if step["host"] else ""


def _why(step: Item) -> str:
    """What changes and how; for the rest the reason."""
    changes = step["changes"]
    changed = "; ".join(str(each) for each in changes) if isinstance(changes, list) else ""
    if step["action"] == "replace":
        since = f", since {step['manner_reason']}" if step["manner"] == "stop-first" else ""
        return f"{changed}; {step['manner']}{since}"
    if step["action"] == "update" and step["kind"] == "member" and step["host"]:
        return f"{changed}; {step['reason']}"
    return str(step["reason"])


def _comes(step: Item) -> str:
    """Where what is made comes; "" for what has no place of its own."""
    return f"on {step['host']}" if step["action"] == "create" and step["host"] else ""


def _counts(steps: Sequence[Item]) -> str:
    return ", ".join(f"{sum(step['action'] == action for step in steps)} to {verb}" for action, verb in _VERBS.items())


def _waves(doing: Sequence[Item]) -> Iterator[str]:
    """The services of each wave; members belong to theirs."""
    for wave in sorted({int(str(step["wave"])) for step in doing}):
        paths = [str(step["path"]) for step in doing if step["wave"] == wave and step["kind"] != "application"]
        yield ", ".join(path for path in paths if path.rpartition("/")[0] not in paths)


def _lasting(found: Item) -> str:
    """How long it should take, and how that is known."""
    seconds, measured = found["seconds"], str(found["measured"])
    if isinstance(seconds, int | float):
        return f"should take about {words.span(max(seconds, 0.1))}{f' ({measured})' if measured else ''}"
    return f"how long it takes is not known{f': {measured}' if measured else ''}"


def _cloud(cloud: Item) -> None:
    """What becomes of a docker cloud; nothing of one that stays as it is. Hosts of which there is nothing particular to tell are told together."""
    doing = [step for step in parts(cloud, "steps") if step["action"] != "keep"]
    for (_, reason), same in groupby(doing, key=lambda step: (step["action"], step["reason"])):
        steps = list(same)
        first, action, changes = steps[0], str(steps[0]["action"]), steps[0]["changes"]
        path = str(first["path"]) if len(steps) == 1 else f"{first['path']} to {str(steps[-1]['path']).rpartition('/')[2]}"
        what = f"{MARKS[action]} {first['kind']}{'s' if len(steps) > 1 else ''} {path}"
        changed = "; ".join(str(each) for each in changes) if isinstance(changes, list) and changes else str(reason)
        plain = first["kind"] == "docker-cloud" and action == "create"
        output.wrapped(what if plain else f"{what}: {changed}", "  ", _COLOURS[action])


def _machines(made: Item) -> None:
    """How many machines a pool would make, where and of which kind."""
    first, more = int(str(made["first"])), int(str(made["more"]))
    kinds = "; or ".join(str(kind) for kind in made["kinds"]) if isinstance(made["kinds"], list) else ""
    why = [f"{first} at first" if first else "", f"{more} for containers that find no room" if more else ""]
    told = f"{made['pool']} would make {counted(first + more, 'machine')} ({', '.join(each for each in why if each)})"
    output.wrapped(f"+ {told} in {made['location']}: {kinds}", "  ", "green")


def _refusals(plan: Item) -> None:
    """Who finds no host and why, members of one cluster with the same reason together."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for refusal in parts(plan, "refusals"):
        would = refusal["would_change"]
        hint = f"; what would help: {'; or '.join(str(each) for each in would)}" if isinstance(would, list) and would else ""
        above, _, name = str(refusal["path"]).rpartition("/")
        alike.setdefault((above, str(refusal["reason"]).removeprefix("no host fits: "), hint), []).append(name)
    steps = [str(step["path"]) for step in parts(plan, "steps")]
    for (above, reason, hint), names in alike.items():
        if len(names) == 1:
            output.note(f"clocker: {above}/{names[0]} finds no host: {reason}{hint}")
        else:
            every = len(names) + sum(path.rpartition("/")[0] == above for path in steps)
            output.note(f"clocker: {len(names)} of {every} members of {above} find no host: {reason}{hint}")

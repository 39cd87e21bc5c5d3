"""Does docs/updating.md say what is so? Its file is deployed and changed step by step on simulated engines, in virtual time; what each command prints is compared with
the page, but for numbers. `python -m tests.test_updating_page` writes what is printed into it anew."""

import asyncio
import contextlib
import json
import re
import shlex
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import typer

from clocker_actors.admin.answers import encoded
from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.admin.views import entity_view
from clocker_actors.blueprint import parse
from clocker_actors.cli import acting, looking, output, plans, waiting
from clocker_actors.cli.reach import Item
from clocker_actors.kernel import VirtualLoop
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.values import Value
from tests.flows.stories import new_world, well
from tests.flows.support import Driven, managed

PAGE = Path(__file__).parent.parent / "docs" / "updating.md"
FENCED = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def changed(text: str, diff: str) -> str:
    """The file with a change of the page."""
    lines = diff.splitlines()
    for before, after in zip(lines[::2], lines[1::2], strict=True):
        assert (before[0], after[0]) == ("-", "+")
        assert text.count(f"{before[1:]}\n") == 1, before
        text = text.replace(before[1:], after[1:])
    return text


def plain(text: str) -> list[str]:
    """What is printed, but for what differs between runs: numbers, ids and where lines are broken."""
    return re.sub(r"\b[0-9a-f]{8}\b|(?<=activity )\w+|\d+(?:\.\d+)?", "#", text).split()


class Story:
    """The page's commands, done to a manager in virtual time."""

    def __init__(self, driven: Driven) -> None:
        self.driven = driven
        self.text = ""

    async def typed(self, command: str) -> str:
        """What one command prints."""
        name, *words = shlex.split(command.removeprefix("clocker "))
        printed = StringIO()
        with redirect_stdout(printed), redirect_stderr(printed), contextlib.suppress(typer.Exit):
            await getattr(self, f"_{name}")(*words)
        return printed.getvalue()

    def planned(self) -> Item:
        """The plan for the file as it is now, as a client gets it."""
        blueprint = parse(self.text, "shop.yaml", type_table()).blueprint
        manager = self.driven.manager
        found = plan_of(blueprint, manager.store, manager.model, type_table())
        return json.loads(encoded(replace(found, id="7c1f04ab")))  # type: ignore[no-any-return]

    async def _plan(self, file: str) -> None:
        plans.tell(self.planned(), file)

    async def _deploy(self, file: str) -> None:
        found = self.planned()
        if not self.driven.gone("shop"):
            for line in plans.summary(found) if found["changes"] else ():
                output.note(line)
        await self._done(await self.driven.deploy(self.text), f"deploy of {file}", "shop")

    async def _resize(self, path: str, size: str, *lease: str) -> None:
        more = {"for": acting._seconds(lease[1])} if lease else {}
        await self._done(await self.driven.invoke(path, "resize", size=int(size), **more), "", "")

    async def _show(self, path: str) -> None:
        model = self.driven.model
        looking._facts(json.loads(encoded(entity_view(model.entry(path)))))

    async def _done(self, activity: str, about: str, subject: str) -> None:
        ended = await self.driven.ended(activity, 200)
        found = json.loads(encoded(ended))
        waiting._conclude(found, self.driven.model.path(ended.entity), about, subject, quiet=False)


async def played(folder: Path, look: Callable[[str, Driven], None] = lambda *_: None) -> str:
    """The page with what its commands print now; `look` sees the manager after each of them."""
    page = PAGE.read_text(encoding="utf-8")
    world = new_world()
    async with managed(folder, world=world, plane="main") as driven:
        story = Story(driven)
        for kind, block in FENCED.findall(page):
            if kind == "yaml":
                story.text = block
            elif kind == "diff":
                story.text = changed(story.text, block)
            elif kind == "console":
                commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
                printed = []
                for command in commands:
                    printed.append(f"$ {command}\n{await story.typed(command)}")
                    look(command, driven)
                page = page.replace(f"```console\n{block}```", f"```console\n\0{''.join(printed)}```", 1)
        await well(driven, world)
    return page.replace("\0", "")


def containers(driven: Driven) -> dict[str, tuple[Value, Value]]:
    """By member, image and id of its container."""
    found = {}
    for entry in driven.entries(EntityKind.CONTAINER):
        member = driven.model.get(str(entry.facts.get("member")))
        if member is not None and entry.facts["generation"] == member.value("generation"):
            found[member.path] = entry.facts["image"], entry.value("container.id")
    return found


async def test_the_page_prints_what_the_commands_print_and_what_it_says_happens(tmp_path: Path) -> None:
    seen: list[dict[str, tuple[Value, Value]]] = []

    def look(_: str, driven: Driven) -> None:
        seen.append(containers(driven))

    page = await played(tmp_path / "s", look)
    assert plain(page) == plain(PAGE.read_text(encoding="utf-8"))
    first, again, planned, second, memory, bad, back, resized, *_ = seen
    assert first == again == planned, "nothing to do, and a plan does nothing"
    assert {path: image for path, (image, _) in second.items()} == {
        "shop/web/1": "clocker/web:2",
        "shop/web/2": "clocker/web:2",
        "shop/db": "clocker/db:2",
    }
    assert memory == second, "changed where they run"
    assert bad == second == back, "a bad image touches nothing, and the way back nothing either"
    assert len(resized) == 4 and len(seen[-1]) == 6


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as there, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        PAGE.write_text(runner.run(played(Path(there) / "s")), encoding="utf-8")

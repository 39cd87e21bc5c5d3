"""Do log lines name what runs, in both forms, also those of other libraries?"""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from clocker_actors.errors import SettingsError
from clocker_actors.kernel import Actor, Kernel
from clocker_actors.model.identity import Cause
from clocker_actors.model.messages import Suspend
from clocker_actors.telemetry import logs
from tests.telemetry.samples import shop


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    named = [logging.getLogger(name) for name in (None, *logs.QUIET)]
    root, levels, ours = named[0], [each.level for each in named], structlog.get_config()
    handlers = root.handlers[:]
    yield
    root.handlers = handlers
    for each, level in zip(named, levels, strict=True):
        each.setLevel(level)
    structlog.configure(**ours)


class Chatty(Actor):
    def on_receive(self, message: object) -> None:
        structlog.get_logger("clocker.test").info("resting", size=3)
        logging.getLogger("somebody.else").warning("count is %d", 7)


async def spoken(kernel: Kernel, form: str) -> str:
    out = io.StringIO()
    logs.configure(form, "info", out, shop().path)
    kernel.spawn("c2:scaler", Chatty)
    kernel.tell("c2:scaler", Suspend(Cause("request-7", "uid:1000")))
    await kernel.settle()
    return out.getvalue()


async def test_json_lines_name_actor_message_cause_and_entity(kernel: Kernel) -> None:
    ours, theirs = (json.loads(line) for line in (await spoken(kernel, "json")).splitlines())
    named = {"actor": "c2:scaler", "message": "Suspend", "cause": "request-7", "principal": "uid:1000", "entity": "shop/web"}
    assert named.items() <= ours.items()
    assert named.items() <= theirs.items()
    assert (ours["event"], ours["size"], ours["level"]) == ("resting", 3, "info")
    assert (theirs["event"], theirs["logger"]) == ("count is 7", "somebody.else")
    assert ours["timestamp"].endswith("Z")


async def test_the_console_is_for_people(kernel: Kernel) -> None:
    text = await spoken(kernel, "console")
    assert "resting" in text
    assert "entity=shop/web" in text
    assert "\x1b" not in text, "no colours but on a terminal"


def test_outside_of_actors_nothing_is_added() -> None:
    out = io.StringIO()
    logs.configure("json", "info", out)
    structlog.get_logger("clocker.daemon").info("started")
    structlog.get_logger("clocker.daemon").debug("not shown")
    line = json.loads(out.getvalue())
    assert "actor" not in line


def test_an_exception_is_part_of_its_line() -> None:
    out = io.StringIO()
    logs.configure("json", "info", out)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert json.loads(out.getvalue())["exception"][0]["exc_value"] == "broken"


@pytest.mark.parametrize(
    ("form", "level", "words"), [("xml", "info", "console, json, auto"), ("json", "loud", "debug, info, warning or error")]
)
def test_a_wrong_setting_is_told(form: str, level: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        logs.configure(form, level)


def test_a_traceback_tells_no_variables() -> None:
    out = io.StringIO()
    logs.configure("json", "info", out)
    secret = "opensesame"
    try:
        raise ZeroDivisionError(len(secret))
    except ZeroDivisionError:
        logging.getLogger("somebody").exception("a fault")
    line = json.loads(out.getvalue())
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert "opensesame" not in out.getvalue()

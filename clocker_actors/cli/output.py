"""How commands speak: tables that fit 80 columns, JSON for programs, complaints on stderr.

Colour only where there is a terminal; elsewhere lines are 80 columns wide (or COLUMNS), and none ends in spaces. What comes from containers or other people may hold control characters; they are taken out.
"""

import json
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, TextIO

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from clocker_actors.errors import BlueprintError, ClockerError
from clocker_actors.model.values import Value

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
"""The option every command has."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TYPED = re.compile(r"`[^`\n]*`")
_GLUE = "\x00"  # no text has it, since it is a control character
NARROWEST = 40
_STYLES = {
    "running": "green",
    "yes": "green",
    "done": "green",
    "up": "green",
    "starting": "yellow",
    "stopping": "yellow",
    "waiting": "yellow",
    "on-fire": "bold red",
    "failed": "bold red",
    "no": "red",
    "down": "red",
    "stopped": "dim",
    "suspended": "yellow",
}


def console() -> Console:
    """Where data goes."""
    return Console(highlight=False, markup=False, emoji=False, width=_width(sys.stdout))


def messages() -> Console:
    """Where errors and progress go."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, width=_width(sys.stderr))


def _width(stream: TextIO) -> int | None:
    """None where rich can ask a terminal. It would also ask that of the other streams, but what is piped is to look the same from everywhere."""
    if stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    return max(int(columns), NARROWEST) if columns.isdecimal() else 80


def say(text: str, style: str = "") -> None:
    """One line of data, as long as it is."""
    console().print(Text(clean(text), style), soft_wrap=True)


def wrapped(text: str, indent: str = "", style: str = "") -> None:
    """A paragraph of data, broken between words; later lines are indented."""
    for line in _broken(text, console().width, indent):
        say(line, style)


def note(text: str, indent: str = "  ") -> None:
    """What is no data: on stderr, broken between words; later lines are indented."""
    there = messages()
    for line in _broken(text, there.width, indent):
        there.print(Text(line), soft_wrap=True)


def _broken(text: str, width: int, indent: str) -> Iterator[str]:
    """Lines of at most `width` columns where words allow it. What stands in backticks is to be typed, and stays whole."""
    whole = _TYPED.sub(lambda found: found.group().replace(" ", _GLUE), clean(text))
    for number, line in enumerate(whole.split("\n")):
        first = indent if number else ""
        for piece in textwrap.wrap(
            line, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ):
            yield piece.replace(_GLUE, " ").rstrip()


def as_json(value: object) -> None:
    """A value as JSON, indented."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def json_line(value: object) -> None:
    """A value as JSON on one line, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def table(
    heads: Sequence[str], rows: Iterable[Sequence[Value]], *, fixed: Sequence[str] = ("UID", "STATE", "UP"), styles: Sequence[str] = ()
) -> None:
    """Columns under heads; those named in `fixed` are never broken, the others fold where the line is too short. `styles` are of the rows."""
    made = Table(box=None, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in heads:
        made.add_column(name, no_wrap=name in fixed, overflow="fold")
    for number, row in enumerate(rows):
        made.add_row(*(cell(value) for value in row), style=styles[number] if styles else None)
    show(made)


def show(made: RenderableType) -> None:
    """A table or tree as data, on a pipe without spaces at the ends of lines."""
    there = console()
    if there.is_terminal:
        there.print(made)
        return
    with there.capture() as captured:
        there.print(made)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def cell(value: Value) -> Text:
    """A value in a table: words for what is true or missing, colour for states; several lines are one, so that columns stay columns."""
    words = "-" if value is None else ("yes" if value else "no") if isinstance(value, bool) else folded(clean(str(value)))
    return Text(words, _STYLES.get(words, ""))


def clean(text: str) -> str:
    """The text without control characters (but tabs and line ends)."""
    return _CONTROL.sub("", text)


def folded(text: str) -> str:
    """Several lines as one."""
    return " / ".join(line for line in (each.strip() for each in text.split("\n")) if line) if "\n" in text else text


def moment(at: Value) -> str:
    """A time in UTC, to the second; "-" for none."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}" if isinstance(at, int | float) else "-"


def hour(at: Value) -> str:
    """A time of day in UTC."""
    return moment(at)[11:] or "-"


def complain(error: ClockerError, *, json: bool = False) -> None:
    """Say what went wrong. The faults of a blueprint stand alone, each with its own position, for editors; as JSON it is one line, as REST has it."""
    if json:
        faults = error.faults if isinstance(error, BlueprintError) else ()
        json_error(type(error).__name__, str(error), error.details, faults)
        return
    if isinstance(error, BlueprintError):
        sys.stderr.writelines(f"{clean(fault)}\n" for fault in error.faults)
    else:
        note(f"clocker: {str(error) or type(error).__name__}")


def complain_usage(error: BaseException, *, json: bool = False, command: str = "") -> None:
    """Say what is wrong with a command line, how the command is used, and where more is said; `error` is the library's, which does not always know the
    `command`."""
    context, words = getattr(error, "ctx", None), str(getattr(error, "format_message", error.__str__)())
    path = context.command_path if context is not None else f"clocker {command}".rstrip()
    if words.startswith("Usage: "):  # nothing was typed, and all help is the answer
        if not json:
            sys.stderr.write(f"{words}\n")
            return
        words = "there is no command"
    if json:
        json_error("BadRequest", f"{words.rstrip('.')}; `{path} -h` says how it is used")
        return
    if context is not None:
        sys.stderr.write(f"{context.get_usage()}\n")
    note(f"Try `{path} -h` for help.")
    note(f"Error: {words}")


def json_error(kind: str, message: str, details: Mapping[str, str] | None = None, faults: Sequence[str] = ()) -> None:
    """An error as JSON, on one line of stderr."""
    problem = {"kind": kind, "message": message, "details": dict(details or {}), "faults": list(faults)}
    sys.stderr.write(json.dumps({"error": problem}, ensure_ascii=False) + "\n")


def complain_unforeseen(error: Exception) -> None:
    """A fault of ours: where it is, without the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    note(f"clocker: something unforeseen ({type(error).__name__}{where}): {error}; please report it with what you typed")

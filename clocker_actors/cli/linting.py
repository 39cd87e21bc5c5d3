"""Commands for people who write blueprints, and for their editors: lint and schema. Neither needs a daemon."""

from typing import Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.blueprints import parsed, read, types_known
from clocker_actors.cli.output import AsJson
from clocker_actors.errors import BlueprintError
from clocker_actors.model.values import counted

FAULTY = 2


def lint(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Blueprints or files of types (YAML); - reads stdin.")],
    json: AsJson = False,
) -> None:
    """Check blueprints, and files of types, without deploying them: every fault with its line and column; exits 2 if there are any."""
    types = types_known()
    faults: list[str] = []
    told: list[dict[str, object]] = []
    for file in files:
        raw, name, folder = read(file)
        try:
            what = parsed(raw, name, types, folder)
            told.append({"file": name, "what": what, "faults": []})
        except BlueprintError as error:
            faults += error.faults
            told.append({"file": name, "what": "", "faults": list(error.faults)})
    if json:
        output.as_json({"files": told})
    else:
        for each in told:
            if each["what"]:
                output.say(f"{each['file']}: {each['what']}")
    if faults:
        if not json:
            output.complain(BlueprintError(tuple(faults)))
            output.note(f"clocker: {counted(len(faults), 'fault')}")
        raise typer.Exit(FAULTY)


def schema(json: AsJson = False) -> None:  # noqa: ARG001 - it is JSON in any case
    """Print a JSON Schema of blueprints, with which editors complete and check them."""
    # Imported here: types come from every policy, which costs more than most commands take.
    from clocker_actors.blueprint.schema import schema_of  # noqa: PLC0415

    output.as_json(schema_of(types_known()))

"""The locations that settings name, read by the grammar of blueprints.

[locations.ireland]                            [locations.rack]
location = "libcloud:ec2:eu-west-1"            location = "byon"
minRam = "8g"                                  hosts = ["10.0.0.{1..9}", {address = "blue", port = 2222}]
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from clocker_actors.blueprint.clouds import lacks
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.locations import Locations
from clocker_actors.blueprint.lookup import TypeIndex
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Mark, Node, ScalarNode
from clocker_actors.credentials import NamedLocation
from clocker_actors.errors import BadRequest, SettingsError
from clocker_actors.model.locations import LocationSpec, SecretRef, settle
from clocker_actors.settings import Settings


def named_locations(settings: Settings) -> Mapping[str, LocationSpec]:
    """The locations by name, for `settle`. Tables of secrets alone are none.

    Raises SettingsError with all that is wrong with them, and with files of secrets.
    """
    faults = settings.secrets.faults()
    found: dict[str, LocationSpec] = {}
    for table in settings.locations.values():
        spec = _location(table, faults)
        if spec:
            found[table.name] = _with_passwords(spec, table.name, settings.secrets.has)
    settled = {name: _settled(name, found, settings.locations[name], faults) for name in found}
    if faults:
        raise SettingsError("\n".join(faults))
    return settled


def _location(table: NamedLocation, faults: list[str]) -> LocationSpec | None:
    options = dict(table.options)
    written = options.pop("location", None)
    if written is None and not options:
        return None
    own = Faults(table.where)
    mark = Mark(table.lines.get("location", table.lines.get("", 1)), 1)
    if not isinstance(written, str | list):
        own.add(mark, f'[locations.{table.name}] has no location; write one, as location = "libcloud:ec2:eu-west-1"')
    elif options and (isinstance(written, list) or "(" in written):
        own.add(mark, f"[locations.{table.name}] has options in two places; write them all as lines of the table, or all in brackets")
    context = Context(own, TypeIndex({}), TypeIndex({}))
    spec = None
    if not own.any:
        node = _node(written, mark)
        if options and isinstance(node, ScalarNode):
            entries = {key: _entry(key, value, table) for key, value in options.items()}
            node = MapNode(mark, {node.text: Entry(mark, node.text, MapNode(mark, entries))})
        spec = Locations(context, table.name).read(node)
        for part in (*spec.parts, spec) if spec else ():
            if words := lacks(part, of_settings=True):
                own.add(mark, words)
    if own.any:
        faults += own.error().faults
        return None
    return spec


def _entry(key: str, value: object, table: NamedLocation) -> Entry:
    mark = Mark(table.lines.get(key, table.lines.get("", 1)), 1)
    return Entry(mark, key, _node(value, mark))


def _node(value: object, mark: Mark) -> Node:
    """A value of TOML as the node that it would be in YAML."""
    if isinstance(value, list):
        return ListNode(mark, tuple(_node(item, mark) for item in value))
    if isinstance(value, dict):
        return MapNode(mark, {key: Entry(mark, key, _node(item, mark)) for key, item in value.items()})
    if isinstance(value, bool):
        return ScalarNode(mark, "true" if value else "false", plain=True)
    return ScalarNode(mark, str(value), plain=not isinstance(value, str))


def _with_passwords(location: LocationSpec, name: str, has: Callable[[str, str], bool]) -> LocationSpec:
    """Machines whose password the settings have under the location's name know its name."""
    parts = tuple(_with_passwords(part, name, has) for part in location.parts)
    machines = location.machines
    if has(name, "password"):
        machines = tuple(each if each.password else replace(each, password=SecretRef(f"{name}.password")) for each in machines)
    return replace(location, parts=parts, machines=machines)


def _settled(name: str, found: Mapping[str, LocationSpec], table: NamedLocation, faults: list[str]) -> LocationSpec:
    """The location with those it names put in."""
    try:
        return settle(found[name], found, (name,))
    except BadRequest as error:
        faults.append(f"{table.where}:{table.lines.get('location', 1)}:1: {error}")
        return found[name]

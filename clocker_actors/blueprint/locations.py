"""Where hosts come from, in every way a person may write it, to a `LocationSpec`.

    docker:yard · localhost · ssh:root@blue:2222 · byon:(hosts="10.0.0.{1..9},h{a,b}", user=admin) · host:(10.0.0.1) · multi:(targets=(…, …)) ·
    libcloud:ec2:eu-west-1 · jclouds:softlayer:ams01 · a name of the settings

Each as a string, with options in brackets, or as a map of one key whose value is the options: `{'libcloud:ec2:eu-west-1': {minRam: 8g}}`. A list is all of them.
"""

from clocker_actors.blueprint.clouds import SIMULATED, read_cloud, read_template, secrets_of
from clocker_actors.blueprint.coerce import text
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.machines import read_machines
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.blueprint.options import NAME, as_list, open_options
from clocker_actors.blueprint.phrases import Phrase, piece, read_phrase
from clocker_actors.blueprint.providers import provider_of
from clocker_actors.blueprint.provisioning_keys import CLOUD_KEYS, MACHINES_KEYS, MULTI_KEYS, NODE_KEYS, SECRET_KEYS
from clocker_actors.blueprint.section import Section
from clocker_actors.model.locations import LocationKind, LocationSpec, MachineSpec

HEADS = ("docker", "localhost", "ssh", "byon", "host", "multi", "libcloud", "jclouds", "simulated", "named")
"""How a location may begin; anything else is a name of the settings."""

_MAIN = {"byon": "hosts", "host": "hosts", "multi": "targets"}
"""The option that a value without a key is for."""

LOCAL = "local"
"""The docker cloud every manager has: the engine of its own machine."""

_DEEPEST = 8
_EXAMPLES = "write for example libcloud:ec2:eu-west-1, byon:(hosts=10.0.0.{1..9}) or ssh:user@host"


def read_place(node: Node, context: Context, what: str) -> str:
    """The docker cloud that `what` runs in, of several the first; "" after a fault. Other locations are for the docker cloud, which the fault shows how to write."""
    if isinstance(node, ListNode) and node.items:
        first, *_ = [_place(item, context, what) for item in node.items]
        return first
    return _place(node, context, what)


def _place(node: Node, context: Context, what: str) -> str:
    found = _cloud_named(node, context, what)
    if found:
        context.places.setdefault(found, node.mark)
    return found


def _cloud_named(node: Node, context: Context, what: str) -> str:
    if isinstance(node, ScalarNode) and not is_null(node) and not set(node.text) & set(":(="):
        name = text(node, "`location`", context.faults) or ""
        return LOCAL if name.lower() == "localhost" else name
    found = Locations(context).read(node)
    if found is None or found.kind is LocationKind.POOL:
        return found.pool if found else ""
    if found.kind is LocationKind.LOCAL:
        return LOCAL
    if found.kind is LocationKind.NAMED:
        right = "write the name of a docker cloud alone, and these options at that docker-cloud's own `location`"
    elif any(part.kind in {LocationKind.POOL, LocationKind.NAMED} for part in found.parts):
        right = "name docker clouds alone, in a list of which the first counts"
    else:
        written = ", ".join(f"'{part.name}'" for part in found.parts or (found,))
        right = (
            f"write `location: hosts`, and in services: {{type: docker-cloud, name: hosts, location: [{written[:200]}], initialSize: 2}}"
        )
    context.faults.add(node.mark, f"{what} runs in one docker cloud, which gets its hosts from such a location; {right}")
    return ""


class Locations:
    """Reads the locations of one file. `owner` is the name under which settings have the secrets, "" in a blueprint."""

    def __init__(self, context: Context, owner: str = "") -> None:
        self._context = context
        self._faults = context.faults
        self._owner = owner
        self._depth = 0

    def read(self, node: Node) -> LocationSpec | None:
        """The location of a node; None after a fault that leaves nothing of it."""
        if self._depth == _DEEPEST:
            self._faults.add(node.mark, f"locations inside locations more than {_DEEPEST} deep; write them as one list")
            return None
        self._depth += 1
        found = self._any(node)
        self._depth -= 1
        return found

    def _any(self, node: Node) -> LocationSpec | None:
        if isinstance(node, ListNode):
            return self._several(node.items, node.mark, "multi")
        if isinstance(node, MapNode):
            phrase = self._from_map(node)
        elif is_null(node) or not node.text.strip():
            self._faults.add(node.mark, f"a location is missing here; {_EXAMPLES}")
            return None
        else:
            phrase = read_phrase(node, self._faults) if self._context.room_for_location(node.text, node.mark) else None
        return self._of(phrase) if phrase else None

    def _from_map(self, node: MapNode) -> Phrase | None:
        if len(node.entries) != 1:
            self._faults.add(
                node.mark, "a location is a map of one key, itself, with its options below; write {'libcloud:ec2:eu-west-1': {minRam: 8g}}"
            )
            return None
        entry = next(iter(node.entries.values()))
        word = ScalarNode(entry.mark, entry.key.strip(), plain=True, straight=True)
        if isinstance(entry.node, MapNode):
            return Phrase(word, entry.node)
        if is_null(entry.node):
            return Phrase(word)
        main = _MAIN.get(word.text.lower())
        if main:
            return Phrase(word, MapNode(entry.node.mark, {main: Entry(entry.node.mark, main, entry.node)}))
        if isinstance(entry.node, ScalarNode):
            whole = piece(entry.node, 0, f"{word.text}:{entry.node.text}")
            return read_phrase(whole, self._faults) if self._context.room_for_location(whole.text, whole.mark) else None
        self._faults.add(entry.node.mark, f"{quote(entry.key)} has {describe(entry.node)}; write its options as a map, key: value")
        return None

    def _of(self, phrase: Phrase) -> LocationSpec | None:
        scheme, colon, rest = phrase.head.partition(":")
        scheme = scheme.strip().lower()
        if "=" in phrase.head:
            self._faults.add(phrase.mark, "options stand in brackets; write them as libcloud:ec2:eu-west-1:(key=value)")
            return None
        if scheme not in _MAIN and phrase.bare:
            self._faults.add(phrase.bare[0].mark, "an option has no value; write key=value")
        match scheme:
            case "docker":
                return self._pool(phrase, rest)
            case "localhost":
                return self._localhost(phrase, rest)
            case "ssh" | "host" | "byon":
                return self._machines(phrase, scheme, rest)
            case "multi":
                return self._multi(phrase, rest)
            case "libcloud" | "jclouds":
                return self._cloud(phrase, rest)
            case "simulated":
                return self._simulated(phrase, rest)
            case "named":
                return self._named(phrase, rest)
        if colon:
            self._faults.add(phrase.mark, self._hint(phrase.head, scheme))
            return None
        return self._named(phrase, phrase.head)

    def _hint(self, head: str, scheme: str) -> str:
        if provider_of(scheme):
            return f"{quote(scheme)} is a cloud; write {quote('libcloud:' + head)}"
        if "@" in head:
            return "this is not a kind of location; for a machine write ssh:user@host"
        return f"{quote(scheme)} is not a kind of location; {self._faults.hint(scheme, HEADS)}"

    # --- each kind

    def _pool(self, phrase: Phrase, name: str) -> LocationSpec | None:
        if phrase.options and list(phrase.options.entries) not in ([], ["name"]):
            self._faults.add(
                phrase.options.mark, "a docker cloud takes no options where it is named; write them at the docker-cloud itself"
            )
        if not name or ":" in name:
            self._faults.add(
                phrase.mark, "docker: names one docker cloud; write docker:NAME (for one host of it use the strategy Hostname)"
            )
            return None
        return LocationSpec(LocationKind.POOL, name, pool=name)

    def _localhost(self, phrase: Phrase, rest: str) -> LocationSpec:
        section = self._options(phrase, "localhost", MACHINES_KEYS)
        if "tls" in section:
            section.fault("tls", "Docker of this machine is reached through its socket; remove `tls`")
        if rest or "hosts" in section:
            self._faults.add(phrase.mark, "localhost is this machine alone; write localhost, or ssh:user@host for another")
        machine = MachineSpec("localhost", "localhost", zone=section.text("zone"))
        return LocationSpec(LocationKind.LOCAL, section.text("name") or "localhost", machines=(machine,))

    def _machines(self, phrase: Phrase, scheme: str, rest: str) -> LocationSpec | None:
        if rest.startswith("//"):
            self._faults.add(phrase.mark, f"a location has no slashes; write {scheme}:user@host, as ssh:root@10.0.0.1")
            return None
        section = self._options(phrase, f"a {scheme} location", MACHINES_KEYS)
        given: list[Node] = [piece(phrase.word, len(phrase.head) - len(rest), rest)] if rest else []
        given += phrase.bare
        hosts = section.node("hosts")
        if hosts is not None:
            given.append(hosts)
        if len(given) > 1 and not (hosts is None and not rest):
            self._faults.add(phrase.mark, f"hosts of {scheme} stand in two places here; write them once")
        items: Node | None = given[0] if len(given) == 1 else ListNode(phrase.mark, tuple(given)) if given else None
        machines = read_machines(section, items, self._owner or "NAME", self._context)
        if scheme != "byon" and len(machines) > 1:
            self._faults.add(phrase.mark, f"{scheme} is one machine, and this names {len(machines)}; write byon:(hosts=…)")
        return LocationSpec(LocationKind.MACHINES, section.text("name") or phrase.head, machines=machines, tls=section.boolean("tls"))

    def _multi(self, phrase: Phrase, rest: str) -> LocationSpec | None:
        section = self._options(phrase, "a multi location", MULTI_KEYS)
        targets = section.node("targets")
        if rest or (targets is None and not phrase.bare):
            self._faults.add(phrase.mark, "multi has no targets; write multi:(targets=(libcloud:ec2:eu-west-1,ssh:user@host)), or a list")
            return None
        items = [*phrase.bare]
        nodes: tuple[Node, ...] = tuple(items)
        if targets is not None:
            listed = as_list(targets)
            nodes = (*items, *(listed.items if isinstance(listed, ListNode) else (listed,)))
        return self._several(nodes, phrase.mark, section.text("name") or "multi")

    def _several(self, nodes: tuple[Node, ...], mark: Mark, name: str) -> LocationSpec | None:
        if not nodes:
            self._faults.add(mark, f"the list of locations is empty; {_EXAMPLES}")
            return None
        parts = tuple(part for part in map(self.read, nodes) if part)
        if len(parts) < len(nodes):
            return None
        return parts[0] if len(nodes) == 1 else LocationSpec(LocationKind.MULTI, name, parts=parts)

    def _cloud(self, phrase: Phrase, rest: str) -> LocationSpec | None:
        if not rest:
            self._faults.add(phrase.mark, f"{quote(phrase.head)} names no cloud; write it behind, as libcloud:ec2:eu-west-1")
            return None
        name, _, behind = rest.partition(":")
        section = self._options(phrase, "a cloud location", CLOUD_KEYS, secrets_of(provider_of(name) or "NAME"))
        mark = phrase.word.at(len(phrase.head) - len(rest))
        cloud = read_cloud(name, behind, mark, section, self._owner, self._context)
        called = section.text("name") or phrase.head
        return LocationSpec(LocationKind.CLOUD, called, cloud=cloud, tls=section.boolean("tls")) if cloud else None

    def _simulated(self, phrase: Phrase, rest: str) -> LocationSpec | None:
        section = self._options(phrase, "a simulated location", CLOUD_KEYS, SIMULATED)
        cloud = read_cloud(SIMULATED, rest, phrase.mark, section, self._owner, self._context)
        return LocationSpec(LocationKind.SIMULATED, section.text("name") or phrase.head, cloud=cloud) if cloud else None

    def _named(self, phrase: Phrase, name: str) -> LocationSpec | None:
        if not NAME.fullmatch(name):
            self._faults.add(phrase.mark, f"{quote(name)} is not a location; {_EXAMPLES}")
            return None
        if phrase.options and not phrase.options.entries.keys() <= {*NODE_KEYS.spellings, *SECRET_KEYS}:
            near = self._faults.near(name, HEADS, cutoff=0.7)
            if near:
                self._faults.add(phrase.mark, f"{quote(name)} is not a kind of location; did you mean {quote(near[0])}?")
                return None
        section = self._options(phrase, f"the location {name}", NODE_KEYS, name)
        return LocationSpec(LocationKind.NAMED, name, overrides=read_template(section, self._context))

    def _options(self, phrase: Phrase, what: str, table: KeyTable, owner: str = "NAME") -> Section:
        return open_options(phrase.options, what, table, phrase.mark, self._owner or owner, self._context)

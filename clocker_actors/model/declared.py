"""Effectors that a blueprint may declare, as rows of the table of types: an entity runs them, no actor of their own is made.

initializers:
- type: exec-effector
  name: flush
  command: redis-cli flushall
  parameters: {seconds: {type: integer, default: 5, description: how long it may take}}
"""

import re
from collections.abc import Mapping

from clocker_actors.errors import BadRequest
from clocker_actors.model.effectors import Effector, Parameter, bind
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.specs import EffectorKind, EffectorSpec
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map, as_number

ROLE = "effector"
_LONGEST = 60
"""Characters of a command that are shown in place of a description."""
_PARAMETER_TYPES = {
    "": "string",
    "string": "string",
    "integer": "integer",
    "int": "integer",
    "long": "integer",
    "double": "number",
    "number": "number",
    "float": "number",
    "boolean": "boolean",
    "java.lang.string": "string",
    "java.lang.integer": "integer",
    "java.lang.double": "number",
    "java.lang.boolean": "boolean",
}
_PARAMETER_KEYS = ("type", "description", "default", "defaultValue", "required", "least", "most")
_NAME = KeyType("effector", "string", None, "name of the effector", required=True, also=("name", "effectorName"))
_MEANING = KeyType("description", "string", "", "what it does, for people")
_PARAMETERS = KeyType(
    "parameters",
    "map",
    {},
    f"its parameters: {{name: {{{', '.join(_PARAMETER_KEYS)}}}}} or {{name: default}}; types are string, integer, double, boolean; commands get them in the environment",
)
_PLACE = re.compile(r"[$][{]([A-Za-z_][A-Za-z0-9_.-]*)[}]")
_TIMEOUT = KeyType("timeout", "duration", 60.0, "longest run", least=0.1, most=86400)


def parameters_of(written: Value) -> tuple[Parameter, ...]:
    """The parameters of an effector. Raises BadRequest."""
    found = []
    for name, how in as_map(written).items():
        parts: Mapping[str, Value] = how if isinstance(how, Mapping) else {"default": how}
        strange = [key for key in parts if key not in _PARAMETER_KEYS]
        if strange:
            raise BadRequest(f"parameter {name} has {strange[0]!r}; write {', '.join(_PARAMETER_KEYS)}", key="parameters")
        kind = _PARAMETER_TYPES.get(str(parts.get("type") or "").lower())
        if kind is None:
            raise BadRequest(f"parameter {name} is of type {parts['type']!r}; write string, integer, double or boolean", key="parameters")
        default = parts.get("default", parts.get("defaultValue"))
        meaning = str(parts.get("description") or name)
        required = parts.get("required") is True or (default is None and parts.get("required") is not False)
        found.append(Parameter(name, kind, meaning, required, default, as_number(parts.get("least")), as_number(parts.get("most"))))
        if default is not None:
            _check_default(found[-1], default)
    return tuple(found)


def _check_default(parameter: Parameter, default: Value) -> None:
    try:
        bind(Effector(parameter.name, parameter.meaning, frozenset(), (parameter,)), {parameter.name: default})
    except BadRequest:
        words = f"the default of parameter {parameter.name}, {default!r}, is none that it takes ({parameter.type}); write another, or another type"
        raise BadRequest(words, key="parameters") from None


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    try:
        parameters = parameters_of(config["parameters"])
    except BadRequest as fault:
        return "parameters", str(fault)
    if parameters and config.get("shell") is False:
        return "shell", "parameters reach a command by its shell only; leave `shell` as it is"
    return None


def _check_body(config: Mapping[str, Value]) -> tuple[str, str] | None:
    """That a parameter which is to stand in the body is one of the effector's."""
    known = [each.name for each in parameters_of(config["parameters"])]
    for name in _PLACE.findall(str(config["body"] or "")):
        if name not in known:
            return (
                "body",
                f"${{{name}}} stands for a parameter, and this effector has {', '.join(known) or 'none'}; declare it under parameters",
            )
    return None


EXEC = PolicyType(
    "exec-effector",
    ROLE,
    (
        _NAME,
        KeyType("command", "string", None, "command to run inside the container: a line for its shell", required=True),
        KeyType("shell", "boolean", True, "whether /bin/sh reads the line; else it is split into words, for images without a shell"),
        _MEANING,
        _PARAMETERS,
        _TIMEOUT,
    ),
    ("SshCommandEffector", "ssh-command-effector", "exec-command-effector", "org.apache.brooklyn.core.effector.ssh.SshCommandEffector"),
    "declares an effector that runs a command inside the container; its output is the activity's result",
    kinds=(EntityKind.MEMBER,),
    check=_check,
)
CONTAINER = PolicyType(
    "container-effector",
    ROLE,
    (
        _NAME,
        KeyType("image", "string", None, "image of the container to run", required=True, also=("containerImage",)),
        KeyType("command", "string", None, "line for its shell; without it, what the image runs", also=("bashScript",)),
        KeyType("env", "map", {}, "environment of the container", also=("shellEnvironment", "shell.env")),
        _MEANING,
        _PARAMETERS,
        _TIMEOUT,
    ),
    ("ContainerEffector", "org.apache.brooklyn.tasks.kubectl.ContainerEffector"),
    "declares an effector that runs a container of its own to its end and removes it; its output is the activity's result",
    kinds=(EntityKind.MEMBER, EntityKind.CLUSTER),
    check=_check,
)
HTTP = PolicyType(
    "http-effector",
    ROLE,
    (
        _NAME,
        KeyType("uri", "string", None, "url to ask; or write port, and the container is asked", also=("url",)),
        KeyType("port", "integer", None, "port of the container to ask, wherever it is published", least=1, most=65535),
        KeyType("path", "string", "/", "path and query to ask for, with port"),
        KeyType("method", "string", "POST", "how it is asked", choices=("GET", "POST", "PUT", "DELETE", "PATCH"), also=("httpVerb",)),
        KeyType("headers", "map", {}, "headers to send"),
        KeyType("body", "string", "", "what is sent; ${NAME} stands for a parameter", also=("httpPayload",)),
        _MEANING,
        _PARAMETERS,
        _TIMEOUT,
    ),
    ("HttpCommandEffector", "org.apache.brooklyn.core.effector.http.HttpCommandEffector"),
    "declares an effector that asks by HTTP; the answer is the activity's result",
    kinds=(EntityKind.MEMBER,),
    check=lambda config: (
        ("uri", "give either uri (a whole url) or port (of the container)")
        if (config["uri"] is None) == (config["port"] is None)
        else _check(config) or _check_body(config)
    ),
)
KINDS: Mapping[str, EffectorKind] = {EXEC.name: EffectorKind.EXEC, CONTAINER.name: EffectorKind.CONTAINER, HTTP.name: EffectorKind.HTTP}
DECLARED: Mapping[str, PolicyType] = {row.name: row for row in (EXEC, CONTAINER, HTTP)}


def effector_of(kind: PolicyType, config: Mapping[str, Value]) -> EffectorSpec:
    """The effector of a checked row. Raises BadRequest."""
    whole = {key.name: config.get(key.name, key.default) for key in kind.keys}
    rest = {name: value for name, value in whole.items() if name not in {"effector", "description", "parameters"} and value is not None}
    name, meaning = str(whole["effector"]), str(whole["description"] or _does(KINDS[kind.name], whole))
    return EffectorSpec(KINDS[kind.name], name, meaning, parameters_of(whole["parameters"]), rest)


def _does(kind: EffectorKind, config: Mapping[str, Value]) -> str:
    """What it does, in words, for one that is not described."""
    if kind is EffectorKind.EXEC:
        return f"runs {_quoted(config['command'])} in the container"
    if kind is EffectorKind.CONTAINER:
        command = f"{_quoted(config['command'])} in " if config["command"] else ""
        return f"runs {command}a container of {config['image']}"
    where = str(config["uri"] or "").partition("?")[0] or f"{config['path']} at port {config['port']} of the container"
    return f"asks {where} by {config['method']}"


def _quoted(command: Value) -> str:
    """A command on one line, cut where it is long."""
    text = " ".join(str(command).split())
    return f"`{text if len(text) <= _LONGEST else f'{text[: _LONGEST - 1]}…'}`"

"""Where an engine is and how to reach it: an url, and the keys that go with its scheme.

`tcp://` with TLS keys becomes `https://`, because a client given both would silently speak plain HTTP. Keys and certificates are paths on the
manager's machine, written from the root, because the manager's working folder is nobody's business.
"""

from urllib.parse import SplitResult, urlsplit

from clocker_actors.blueprint.coerce import text
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import Mark, Node, ScalarNode, quote
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.tables import ENGINE_KEYS, SSH_KEYS, TLS_KEYS
from clocker_actors.errors import BadRequest
from clocker_actors.model.simulated import SCHEME, read_simulated
from clocker_actors.model.specs import EngineSpec

_SCHEMES = ("unix", "tcp", "https", "ssh", SCHEME)


def read_engine(node: Node, context: Context) -> EngineSpec | None:
    """The engine of a node: an url alone, or a map of `url` and keys."""
    if isinstance(node, ScalarNode):
        url = text(node, "`engine`", context.faults)
        return None if url is None else _with_keys(url, node.mark, None, None, context)
    section = Section.read(node, "an engine", ENGINE_KEYS, context.faults)
    tls_node, ssh_node = section.node("tls"), section.node("ssh")
    tls = Section.read(tls_node, "`tls`", TLS_KEYS, context.faults) if tls_node else None
    ssh = Section.read(ssh_node, "`ssh`", SSH_KEYS, context.faults) if ssh_node else None
    url = section.text("url")
    if not url:
        context.faults.add(node.mark, "this engine has no `url`; write one, as https://host:2376 or ssh://user@host")
        return None
    return _with_keys(url, section.mark_of("url"), tls, ssh, context)


def _with_keys(url: str, mark: Mark, tls: Section | None, ssh: Section | None, context: Context) -> EngineSpec | None:
    scheme, problem = check_url(url)
    if problem:
        context.faults.add(mark, problem)
        return None
    if scheme == "tcp" and tls:
        scheme, url = "https", "https" + url.removeprefix("tcp")
    if tls and scheme != "https":
        context.faults.add(tls.mark, f"`tls` does not go with {scheme}://; write the url as https://host:port, or remove it")
    if ssh and scheme != "ssh":
        context.faults.add(ssh.mark, f"`ssh` does not go with {scheme}://; write the url as ssh://user@host, or remove it")
    if scheme == "https" and (tls is None or not tls.text("cert") or not tls.text("key")):
        context.faults.add(mark, "https:// needs our client certificate; write `tls: {ca: path, cert: path, key: path}` beside `url`")
    return EngineSpec(
        url,
        tls_ca=_path(tls, "ca"),
        tls_cert=_path(tls, "cert"),
        tls_key=_path(tls, "key"),
        ssh_key=_path(ssh, "key"),
        ssh_known_hosts=_path(ssh, "knownHosts"),
        ssh_socket=_path(ssh, "socket") or "/var/run/docker.sock",
    )


def _path(section: Section | None, name: str) -> str:
    found = section.text(name) if section else ""
    if section and found and not found.startswith("/"):
        section.fault(
            name, f"{section.spelled(name)} is {quote(found)}; write the path on the manager's machine from the root, beginning with `/`"
        )
    return found


def check_url(url: str) -> tuple[str, str]:
    """The scheme of an engine's url, and in words what is wrong with it ("" if nothing) and what would be right."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", f"{quote(url)} is not an url; write a host and a port from 1 to 65535, as https://host:2376"
    if parts.scheme not in _SCHEMES or "://" not in url:
        return "", f"{quote(url)} is not an engine's url; {_scheme_hint(url, parts)}"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "", f"{quote(url)} has a space in it; remove it"
    if parts.scheme == "unix":
        return "unix", "" if not parts.netloc and len(
            parts.path
        ) > 1 else f"{quote(url)} has no absolute path; write three slashes, as unix:///var/run/docker.sock"
    if not parts.hostname:
        return "", f"{quote(url)} names no host; write {parts.scheme}://host"
    if parts.password is not None:
        return "", "the url has a password in it, which would be shown to people; use a key file"
    if parts.scheme == SCHEME:
        return SCHEME, _simulated_fault(url)
    if parts.scheme in {"tcp", "https"} and not port:
        return "", f"{quote(url)} has no port; add one, as :2376 with TLS or :2375 without"
    if parts.scheme in {"tcp", "https"} and (parts.path.strip("/") or parts.query or parts.username):
        return "", f"{quote(url)} has more than host and port; write {parts.scheme}://host:port"
    if parts.scheme == "ssh" and (not parts.username or parts.path.strip("/")):
        return "", f"{quote(url)} is not user and host; write ssh://user@host, and another socket as `ssh: {{socket: /path}}`"
    return parts.scheme, ""


def _simulated_fault(url: str) -> str:
    try:
        read_simulated(url)
    except BadRequest as fault:
        return str(fault)
    return ""


def _scheme_hint(url: str, parts: SplitResult) -> str:
    if url.startswith("/"):
        return f"for a socket write {quote('unix://' + url)}"
    if parts.scheme == "http":
        return f"for a plain connection write {quote('tcp' + url.removeprefix('http'))}"
    return f"write one of {', '.join(f'{scheme}://' for scheme in _SCHEMES[:4])}"

"""Where an engine is: an `EngineSpec` read into a base URL and a way to make connectors.

Connectors are our own because the defaults have neither bounds nor keepalive: a pulled cable would never be noticed. Base URLs are
`http://docker` for sockets and `https://…` with TLS; `tcp://` with certificates would silently speak plain HTTP.
"""

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from clocker_actors.errors import BadRequest
from clocker_actors.model.specs import EngineSpec

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
KNOWN = "unix:///path, tcp://host:port, https://host:port or ssh://user@host[:port]"


@dataclass(frozen=True, slots=True)
class Address:
    """An engine's place. `socket` is the unix socket for unix, the remote one for ssh; `host` is "" for unix."""

    scheme: str
    host: str
    port: int
    user: str
    socket: str

    @property
    def base(self) -> str:
        """What requests start with."""
        if self.scheme in ("tcp", "https"):
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"{'https' if self.scheme == 'https' else 'http'}://{host}:{self.port}"
        return "http://docker"

    @property
    def advice(self) -> str:
        """The one thing to do when nobody answers there."""
        match self.scheme:
            case "unix":
                return "check that dockerd runs and that this user may open its socket"
            case "ssh":
                return "check that the host is up, and that ssh to it with the same key and known hosts works"
            case "https":
                return "check that the host is up, that dockerd listens there, and the certificates"
            case _:
                return "check that the host is up and that dockerd listens there"


def parse(spec: EngineSpec) -> Address:
    """Read a spec's url; raises BadRequest when it is not of a known form."""
    try:
        parts = urlsplit(spec.url)
        port = parts.port
    except ValueError as error:
        raise BadRequest(f"engine url {spec.url!r}: {error}; write {KNOWN}") from error
    host = parts.hostname or ""
    match parts.scheme:
        case "unix" if parts.path:
            return Address("unix", "", 0, "", parts.netloc + parts.path)
        case "ssh" if host:
            return Address("ssh", host, port or 22, parts.username or "", spec.ssh_socket)
        case "https" if host:
            return Address("https", host, port or 2376, "", "")
        case "tcp" | "http" if host:
            return Address("tcp", host, port or 2375, "", "")
        case _:
            raise BadRequest(f"engine url {spec.url!r} is not one we can use: write {KNOWN}")


def connector(address: Address, spec: EngineSpec, path: str, limit: int) -> aiohttp.BaseConnector:
    """A new connector with at most `limit` connections; `path` is the local socket for unix and ssh."""
    if address.scheme in ("unix", "ssh"):
        return aiohttp.UnixConnector(path, limit=limit)
    if address.scheme == "https":
        return aiohttp.TCPConnector(ssl=_tls(spec), limit=limit, limit_per_host=limit, socket_factory=_watchful_socket)
    return aiohttp.TCPConnector(limit=limit, limit_per_host=limit, socket_factory=_watchful_socket)


def _tls(spec: EngineSpec) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=spec.tls_ca or None)
        if spec.tls_cert:
            context.load_cert_chain(spec.tls_cert, spec.tls_key or None)
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(filter(None, (spec.tls_ca, spec.tls_cert, spec.tls_key)))
        raise BadRequest(
            f"certificates for engine {spec.url} cannot be used ({error}): check {files or 'tls_ca, tls_cert, tls_key'}"
        ) from error
    return context


def _watchful_socket(info: AddressInfo) -> socket.socket:
    """A socket that notices a dead peer within three seconds, idle or not."""
    family, kind, protocol, _, _ = info
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    for level, name, value in (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 2),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 3000),
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    ):
        if hasattr(socket, name):  # not every system has all of them
            made.setsockopt(level, getattr(socket, name), value)
    return made

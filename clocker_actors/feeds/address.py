"""Where a feed asks: a url as it is written, or a port of the container, found by where that is published now. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType
from clocker_actors.model.values import Value, as_map

ADDRESS_KEYS = (
    KeyType("uri", "string", None, "url to ask, as http://host:port/path; or write port, and the container is asked", also=("url",)),
    KeyType("port", "integer", None, "port of the container to ask, wherever it is published", least=1, most=65535),
    KeyType("path", "string", "/", "path and query to ask for, with port"),
    KeyType("scheme", "string", "http", "how a port is asked", choices=("http", "https")),
    KeyType("verify", "boolean", True, "whether the certificate of an https server has to be known"),
)


def wrong_address(config: Mapping[str, Value]) -> tuple[str, str] | None:
    """What is wrong with where to ask."""
    uri, port = config["uri"], config["port"]
    if (uri is None) == (port is None):
        return "uri" if uri else "", "give either uri (a whole url) or port (of the container)"
    if isinstance(uri, str):
        return wrong_url(uri, "uri")
    return (
        None if str(config["path"]).startswith("/") else ("path", f"path {config['path']!r} does not begin with /; write /{config['path']}")
    )


def wrong_url(url: str, key: str) -> tuple[str, str] | None:
    """What is wrong with a url."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right, parts = False, urlsplit("")
    if not right:
        return key, f"{key} {url[:100]!r} is no url that can be asked; write http://host:port/path"
    if parts.password is not None or parts.username is not None:
        return key, f"{key} has a user or password in it, which would be shown to people; take it out"
    return None


def url(config: Mapping[str, Value], endpoints: Reading | None) -> tuple[str, str]:
    """(url, "") to ask now, or ("", why there is none)."""
    if isinstance(config["uri"], str):
        return config["uri"], ""
    if endpoints is None or endpoints.unavailable or not isinstance(endpoints.value, list | tuple) or not endpoints.value:
        return "", (endpoints.unavailable if endpoints else "") or "the service does not run"
    port = config["port"]
    for each in map(as_map, endpoints.value):
        if str(each.get("container")).removesuffix("/tcp") == str(port):
            return f"{config['scheme']}://{_host(each)}:{each.get('port')}{config['path']}", ""
    bare = next((each for each in map(as_map, endpoints.value) if not each.get("port")), None)
    if bare is not None:
        return f"{config['scheme']}://{_host(bare)}:{port}{config['path']}", ""
    return "", f"port {port} of the container is not published; add it to openPorts"


def _host(endpoint: Mapping[str, Value]) -> str:
    host = str(endpoint.get("host"))
    return f"[{host}]" if ":" in host else host

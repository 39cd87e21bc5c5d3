"""The little the demo asks of an engine by itself: whether it answers, to kill a container, and to remove what carries its own label."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from clocker_actors.model.identity import LABEL_PLANE

USUAL = "unix:///var/run/docker.sock"


@contextmanager
def _door(url: str) -> Iterator[httpx.Client]:
    limits = httpx.Timeout(30.0, connect=2.0)
    if url.startswith("unix://"):
        transport = httpx.HTTPTransport(uds=url.removeprefix("unix://"))
        client = httpx.Client(transport=transport, base_url="http://docker", timeout=limits, trust_env=False)
    else:
        client = httpx.Client(base_url=url.replace("tcp://", "http://", 1), timeout=limits, trust_env=False)
    with client:
        yield client


def version(url: str) -> str | None:
    """The engine's version; None when no engine answers at this address within two seconds."""
    if not url.startswith(("unix://", "tcp://")):
        return None
    try:
        with _door(url) as client:
            answer = client.get("/version", timeout=2.0)
            return str(answer.json()["Version"]) if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError, KeyError):
        return None


def kill(url: str, container: str) -> None:
    """SIGKILL to a container, as if it had crashed. httpx.HTTPError if the engine refuses."""
    with _door(url) as client:
        client.post(f"/containers/{container}/kill").raise_for_status()


def labelled(url: str, plane: str) -> list[str]:
    """What on the engine carries the label of this plane, as `kind name`: containers, networks, volumes, images."""
    with _door(url) as client:
        return [f"{kind} {name}" for kind, name, _ in _found(client, plane)]


def clear(url: str, plane: str) -> list[str]:
    """Remove all that carries the label of this plane, and nothing else; what could not be removed."""
    with _door(url) as client:
        for _, _, path in _found(client, plane):
            client.delete(path)
        return [f"{kind} {name}" for kind, name, _ in _found(client, plane)]


def _found(client: httpx.Client, plane: str) -> list[tuple[str, str, str]]:
    filters = json.dumps({"label": [f"{LABEL_PLANE}={plane}"]})

    def listed(path: str, **query: str) -> list[dict[str, object]]:
        answer = client.get(path, params={"filters": filters, **query}).json()
        rows = answer.get("Volumes") if isinstance(answer, dict) else answer
        return rows if isinstance(rows, list) else []

    found = [("container", str(row["Id"])[:12], f"/containers/{row['Id']}?force=1&v=1") for row in listed("/containers/json", all="1")]
    found += [("network", str(row["Name"]), f"/networks/{row['Id']}") for row in listed("/networks")]
    found += [("volume", str(row["Name"]), f"/volumes/{row['Name']}") for row in listed("/volumes")]
    found += [("image", str(row["Id"])[7:19], f"/images/{row['Id']}?force=1") for row in listed("/images/json")]
    return found

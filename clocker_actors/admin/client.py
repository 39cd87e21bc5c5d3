"""The client of the REST application, for the CLI and for scripts: finds the daemon, speaks HTTP over its unix socket, and raises the errors it answers.

It imports neither the server nor the kernel: starting the CLI must be quick.
"""

import ipaddress
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httpx

from clocker_actors import errors
from clocker_actors.model.values import Value

CONNECT_LIMIT, ANSWER_LIMIT = 3.0, 30.0
_START = "start one with `clocker daemon`, or say where it is with CLOCKER_URL"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One server-sent event: its number, kind and data."""

    id: str
    kind: str
    data: Mapping[str, Value]


class Client:
    """Talks to the daemon at `url`: unix:///path/to.sock, https://host:port or, on this machine, http://host:port (these two with a token). `ca` is a file with the
    certificate of who signed the daemon's ("": those that the system knows). Close it when done.

    Making one raises SettingsError for an address or file that will not do. Making one and every method raise NoDaemon when nobody answers, TimedOut when the answer takes too long, and what the daemon refuses with.
    """

    def __init__(self, url: str, token: str = "", ca: str = "") -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Timeout(ANSWER_LIMIT, connect=CONNECT_LIMIT)
        if url.startswith("unix://"):
            _look(url)
            # No TLS there; reading all authorities for nothing takes 40 ms.
            transport = httpx.HTTPTransport(uds=url.removeprefix("unix://"), verify=False)
            self._http = httpx.Client(transport=transport, base_url="http://clocker", headers=headers, timeout=limits, trust_env=False)
        elif url.startswith(("http://", "https://")):
            verified = _authorities(ca) if url.startswith("https://") else False
            if token and not verified and not _here(url):
                raise errors.SettingsError(f"CLOCKER_URL={url!r} would send the token in plain text; write https://, or go through SSH")
            self._http = httpx.Client(base_url=url, headers=headers, timeout=limits, trust_env=False, verify=verified)
        else:
            raise errors.SettingsError(f"CLOCKER_URL={url!r} is no address of a daemon; write unix:///path/to.sock or https://host:port")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections."""
        self._http.close()

    def get(self, path: str, /, **query: str | float | bool | None) -> dict[str, Value]:
        """The JSON answer to a GET; query values that are None are left out."""
        return self._json("GET", path, query)

    def items(self, path: str, /, **query: str | float | bool | None) -> list[dict[str, Value]]:
        """The items of a list answer."""
        return cast("list[dict[str, Value]]", self.get(path, **query)["items"])

    def post(self, path: str, body: object = None, /, **query: str | float | bool | None) -> dict[str, Value]:
        """The JSON answer to a POST of a JSON body; query values that are None are left out."""
        return self._json("POST", path, query, json.dumps(body if body is not None else {}).encode())

    def delete(self, path: str) -> dict[str, Value]:
        """The JSON answer to a DELETE."""
        return self._json("DELETE", path, {})

    def not_ready(self) -> str:
        """What the daemon says of why it is not ready, "" when it is."""
        answer = self._send("GET", "/readyz", {}, None, raising=False)
        try:
            return "" if answer.status_code == 200 else str(json.loads(answer.content)["reason"])
        except (ValueError, KeyError, TypeError):
            raise _stranger(answer) from None

    def put(self, path: str, content: bytes) -> dict[str, Value]:
        """The JSON answer to a PUT of a text."""
        return self._json("PUT", path, {}, content)

    def upload(self, sha256: str, content: bytes) -> None:
        """Keep a file at the daemon, unless it is there already."""
        known = self._send("HEAD", f"/v1/blobs/{sha256}", {}, None, raising=False).status_code
        if known != 200:  # whoever may not is told so before all of it is sent
            self._send("PUT", f"/v1/blobs/{sha256}", {}, content if known == 404 else b"")

    def events(self, last: str = "", **query: str | float | bool | None) -> Iterator[ServerEvent]:
        """Server-sent events until the stream ends; `last` is the number of the last one known."""
        headers = {"Last-Event-ID": last} if last else {}
        fields: dict[str, str] = {}
        for line in self.lines("/v1/events", headers, **query):
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                if "data" in fields:
                    yield ServerEvent(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
                fields = {}

    def lines(self, path: str, headers: Mapping[str, str] | None = None, **query: str | float | bool | None) -> Iterator[str]:
        """The lines of a text answer as they come, without a limit in time."""
        limits = httpx.Timeout(None, connect=CONNECT_LIMIT)
        with (
            self._told(),
            self._http.stream("GET", path, params=_query(query), headers=dict(headers or {}), timeout=limits) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _error_of(answer)
            yield from answer.iter_lines()

    def download(self, path: str, body: object) -> Iterator[bytes]:
        """The bytes of the answer to a POST as they come, without a limit in time."""
        limits = httpx.Timeout(None, connect=CONNECT_LIMIT)
        with self._told(), self._http.stream("POST", path, json=body, timeout=limits) as answer:
            if answer.is_error:
                answer.read()
                raise _error_of(answer)
            yield from answer.iter_bytes()

    def _json(
        self, method: str, path: str, query: Mapping[str, str | float | bool | None], content: bytes | None = None
    ) -> dict[str, Value]:
        answer = self._send(method, path, query, content)
        try:
            return cast("dict[str, Value]", json.loads(answer.content))
        except ValueError:
            raise _stranger(answer) from None

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | float | bool | None],
        content: bytes | None,
        *,
        raising: bool = True,
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if method == "POST" else {}
        with self._told():
            answer = self._http.request(method, path, params=_query(query), content=content, headers=headers)
        if raising and answer.is_error:
            raise _error_of(answer)
        return answer

    def _told(self) -> "_Translated":
        return _Translated(self.url)


def _authorities(ca: str) -> ssl.SSLContext:
    """Whom to believe that a daemon is who it says. Raises SettingsError."""
    try:
        return ssl.create_default_context(cafile=ca or None)
    except (OSError, ssl.SSLError) as error:
        raise errors.SettingsError(
            f"CLOCKER_CA={ca!r} cannot be used ({getattr(error, 'strerror', None) or error}); it is to be a file with certificates, in PEM"
        ) from None


def _here(url: str) -> bool:
    """Whether an address is of this machine alone."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _look(url: str) -> None:
    """Whether anybody listens on a unix socket: the library leaves its socket open when it finds nobody. Raises NoDaemon."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_LIMIT)
        try:
            probe.connect(url.removeprefix("unix://"))
        except OSError as error:
            why = f" ({error.strerror})" if isinstance(error, PermissionError) else ""
            raise errors.NoDaemon(f"no daemon answers at {url}{why}: {_START}", url=url) from None


class _Translated:
    """Turns the library's errors into ours."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, httpx.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise errors.NoDaemon(
                f"who answers at {self._url} has no certificate that we believe ({_why(str(error))}): "
                "set CLOCKER_CA to the certificate of who signed it, and CLOCKER_URL to the name in it",
                url=self._url,
            ) from None
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            raise errors.NoDaemon(f"no daemon answers at {self._url}: {_START}", url=self._url) from None
        if isinstance(error, httpx.TimeoutException):
            raise errors.TimedOut(
                f"the daemon at {self._url} did not answer in {ANSWER_LIMIT:.0f} s: look into its log", url=self._url
            ) from None
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise errors.NoDaemon(f"the daemon at {self._url} broke off ({error}): see whether it still runs", url=self._url) from None


def _why(told: str) -> str:
    """What the library says of a certificate, without its own codes."""
    return told.partition("verify failed: ")[2].partition(" (_ssl")[0] or told


def _query(query: Mapping[str, str | float | bool | None]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items() if value is not None}


def _error_of(answer: httpx.Response) -> errors.ClockerError:
    """The error that an answer tells of, as the class it was at the daemon if that is one of ours."""
    try:
        told = json.loads(answer.content)["error"]
        kind, message = str(told["kind"]), str(told["message"])
        faults, details = told.get("faults") or (), told.get("details") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return _stranger(answer)
    if kind == "BlueprintError":
        return errors.BlueprintError(tuple(faults))
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, errors.ClockerError):
        return known(message, **details)
    return errors.ClockerError(message, **details)


def _stranger(answer: httpx.Response) -> errors.ClockerError:
    """The error for an answer that no daemon of ours gives."""
    return errors.ClockerError(
        f"{answer.request.url} answered {answer.status_code} and no words of ours: see that CLOCKER_URL names a daemon"
    )

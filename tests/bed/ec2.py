"""Amazon's EC2 in this process: moto behind a server of our own, which also has bad days.

moto knows a region from the host it is asked at, and leaves out the slash that ends EC2's XML namespace: both are put right here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

IMAGE = "ami-03cf127a"
_ACTIONS = {"create": "RunInstances", "nodes": "DescribeInstances", "destroy": "TerminateInstances"}
_ERROR = "<Response><Errors><Error><Code>{code}</Code><Message>{words}</Message></Error></Errors><RequestID>1</RequestID></Response>"


@dataclass(slots=True)
class Ec2:
    """`endpoint` is where it listens; the controls hold for the next calls of an operation."""

    endpoint: str = ""
    before: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def refuse(self, operation: str, status: int, code: str, words: str) -> None:
        """The next call does nothing and is answered with this error."""
        self.before.setdefault(_ACTIONS.get(operation, operation), []).append((status, _ERROR.format(code=code, words=words)))

    def lose_reply(self, operation: str) -> None:
        """The next call is done, and a gateway answers in its stead."""
        action = _ACTIONS.get(operation, operation)
        self.lost[action] = self.lost.get(action, 0) + 1


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name it has in the base
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Ec2]:
    """EC2 while in the block."""
    ec2 = Ec2()
    inner = DomainDispatcherApplication(create_backend_app)

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        action = parse_qs(environ.get("QUERY_STRING", "")).get("Action", [""])[0]
        if refusals := ec2.before.get(action):
            status, words = refusals.pop(0)
            start(f"{status} Refused", [("Content-Type", "text/xml")])
            return [words.encode()]
        environ["HTTP_HOST"] = "ec2.eu-west-1.amazonaws.com"
        answered: list[Any] = []
        body = b"".join(inner(environ, lambda *answer: answered.extend(answer[:2])))
        if ec2.lost.get(action, 0):
            ec2.lost[action] -= 1
            start("502 Bad Gateway", [("Content-Type", "text/html")])
            return [b"<html>the answer is lost"]
        headers = [(name, value) for name, value in answered[1] if name.lower() != "content-length"]
        start(answered[0], headers)
        return [body.replace(b'/doc/2016-11-15"', b'/doc/2016-11-15/"')]

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="ec2", daemon=True)
    thread.start()
    ec2.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield ec2
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)

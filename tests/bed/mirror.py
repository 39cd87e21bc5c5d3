"""The bed's package mirror: a small HTTP proxy on this machine's address in a bed, so that nodes install packages without a route out.

No forwarding and no packet filter rule of the machine is changed for it. A package that went through once is kept for the run (in a file, or in memory
outside one), so the second node's packages cost no network. `closed` is a machine's day without one.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select
from typing import ClassVar

from tests.once import folder

PORT = 3142
_KEPT = ".deb"
_HEADERS = ("Range", "If-Modified-Since", "If-Range", "Cache-Control", "User-Agent")


class Mirror:
    """Open from `start` to `close`. `closed` refuses everybody for a while."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}:{PORT}"
        self._address = address
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._handler = type("Handler", (_Handler,), {"kept": {}})

    def start(self) -> None:
        """Listen."""
        server = self._server = ThreadingHTTPServer((self._address, PORT), self._handler)
        server.daemon_threads = True
        server.block_on_close = False
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="bed mirror", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections end when their clients do."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.server_close()
            self._thread.join(5.0)

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Nobody listens while in the block."""
        self.close()
        try:
            yield
        finally:
            self.start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    kept: ClassVar[dict[str, bytes]]

    def do_GET(self) -> None:
        if "Range" not in self.headers and (body := self._kept()) is not None:
            self._answer(200, body)
            return
        headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
        try:
            # the url is apt's, which has it from this machine's own configuration
            with urllib.request.urlopen(urllib.request.Request(self.path, headers=headers), timeout=60) as answer:
                body = answer.read()
                if answer.status == 200 and self.path.endswith(_KEPT):
                    self._keep(body)
                self._answer(answer.status, body, answer.headers.get("Last-Modified"), answer.headers.get("Content-Range"))
        except urllib.error.HTTPError as error:
            self._answer(error.code, b"" if error.code == 304 else error.read())
        except OSError as error:
            self._answer(502, str(error).encode())

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        try:
            far = socket.create_connection((host, int(port)), timeout=10)
        except OSError as error:
            self._answer(502, str(error).encode())
            return
        self.send_response(200)
        self.end_headers()
        with far:
            _pipe(self.connection, far)
        self.close_connection = True

    def _kept(self) -> bytes | None:
        file = self._file()
        if file is None:
            return self.kept.get(self.path)
        return file.read_bytes() if file.exists() else None

    def _keep(self, body: bytes) -> None:
        file = self._file()
        if file is None:
            self.kept[self.path] = body
            return
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as unfinished:
            unfinished.write(body)
        Path(unfinished.name).rename(file)

    def _file(self) -> Path | None:
        shared = folder()
        return shared / f"{hashlib.sha256(self.path.encode()).hexdigest()}{_KEPT}" if shared is not None else None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base
        """Say nothing."""

    def _answer(self, status: int, body: bytes, modified: str | None = None, ranged: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (("Last-Modified", modified), ("Content-Range", ranged)):
            if value:
                self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the node may have lost its power
            self.wfile.write(body)


def _pipe(one: socket.socket, two: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while ready := select([one, two], [], [], 60)[0]:
            for side in ready:
                if not (data := side.recv(65536)):
                    return
                (two if side is one else one).sendall(data)

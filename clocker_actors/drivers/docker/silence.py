"""Why nobody answers, in plain words: the client's own name sockets, modes of TLS and error numbers that help nobody who reads them."""

import os
import socket
import ssl

import aiohttp


def why(error: Exception, limit: float | None, connect_limit: float) -> str:
    """What kept an engine from answering; `limit` is that of the whole call, `connect_limit` that of a connection, in seconds."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not taken ({_of_tls(error.certificate_error)})"
        case aiohttp.ClientConnectorDNSError():
            return f"the name {error.host} leads to no address"
        case aiohttp.ClientConnectorSSLError():
            return f"no TLS with it ({_of_tls(error.os_error)})"
        case aiohttp.ClientConnectorError():
            return _of_system(error.os_error)
        case aiohttp.ConnectionTimeoutError():
            return f"no connection within {connect_limit:g} s"
        case aiohttp.ServerTimeoutError():
            return "it began to answer and then said no more"
        case aiohttp.ClientPayloadError():
            return "it hung up in the middle of its answer"
        case aiohttp.ServerDisconnectedError() | ConnectionResetError():
            return "it hung up without an answer"
        case aiohttp.ClientOSError():
            return _of_system(error)
        case aiohttp.ClientError():
            return str(error) or "no answer"
        case TimeoutError():
            return f"no answer within {limit:g} s" if limit else "no answer"
    return _of_system(error)


def _of_system(error: Exception) -> str:
    match error:
        case ConnectionRefusedError():
            return "nothing listens there"
        case FileNotFoundError():
            return "there is no such socket"
        case PermissionError():
            return "this user may not open its socket"
        case TimeoutError():
            return "no connection in time"
        case socket.gaierror():
            return "its name leads to no address"
        case ssl.SSLError():
            return _of_tls(error)
        case OSError() if error.errno is not None and error.errno > 0:
            return os.strerror(error.errno).lower()
    return str(error) or "no answer"


def _of_tls(error: Exception) -> str:
    """The verdict on a certificate, or the library's name for the fault as words."""
    verdict = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
    return str(verdict).replace("_", " ").lower()

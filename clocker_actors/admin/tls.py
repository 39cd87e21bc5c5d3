"""The certificate of the TCP door: read again when its files change, so that whoever renews it need not stop the daemon."""

import ssl
from pathlib import Path

import structlog

from clocker_actors.errors import SettingsError

log = structlog.get_logger(__name__)

_OTHERS = 0o007


class Certificate:
    """A certificate (with those above it) and its key in PEM. Raises SettingsError for files that are none, do not belong together, or show the key to others."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._stamps()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """What the next connection is to be met with. Files that were changed and are wrong are warned of, and the last good ones go on."""
        stamps = self._stamps()
        if stamps != self._seen:
            self._seen = stamps
            try:
                self._context = self._read()
                log.info("certificate of the door was read again", tls_cert=str(self._files[0]))
            except SettingsError as fault:
                log.warning("the door keeps its old certificate", problem=str(fault))
        return self._context

    def _read(self) -> ssl.SSLContext:
        certificate, key = self._files
        try:
            if key.stat().st_mode & _OTHERS:
                raise SettingsError(f"tls_key {key} can be read by others; run `chmod 600 {key}`")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            # Without this the library asks at the terminal for the password of a key that has one.
            context.load_cert_chain(certificate, key, password="")
        except (OSError, ssl.SSLError) as error:
            why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise SettingsError(
                f"tls_cert {certificate} and tls_key {key} cannot be used ({why}); they are to be a certificate and its key without a password, in PEM"
            ) from error
        return context

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(map(_stamp, self._files))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size

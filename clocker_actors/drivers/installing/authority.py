"""An authority of our own for engines that listen on the network: it signs their certificates and the manager's.

Its own files and the manager's lie in one folder of the state directory that only the manager's user may read. Whoever has `ca-key.pem` owns all hosts. The
key of an engine is on its machine alone.
`cryptography` comes with asyncssh and is imported when first used.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from clocker_actors.errors import StoreFault

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

LASTING = timedelta(days=730)
"""What is signed ends with who signed it, so there is one end to know of. Pools make a new authority long before (`certifying.py`)."""
LEAST_DAYS = 30
"""A certificate with less than this to go is made anew."""


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """Paths of what the manager shows engines: for `tls_ca`, `tls_cert` and `tls_key` of an engine's spec."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes


def client_files(folder: Path) -> ClientFiles:
    """Where the manager's files of the authority in this folder are, once it was opened there."""
    return ClientFiles(*(folder / name for name in ("ca.pem", "client.pem", "client-key.pem")))


def expiry(folder: Path) -> float | None:
    """When the authority in this folder ends (epoch seconds); None where there is none. Raises StoreFault."""
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()).not_valid_after_utc.timestamp()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreFault(f"{folder}/ca.pem cannot be read ({error}): check it, or rotate the certificates") from error


class Authority:
    """Opens the authority in a folder, and makes it where there is none: to be called in a thread. Raises StoreFault when the folder cannot be used."""

    def __init__(self, folder: Path, now: datetime | None = None) -> None:
        self._folder = folder
        self._now = now or datetime.now(UTC)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ca = self._kept("ca", ["clocker authority"], None)
            self._client = self._kept("client", ["clocker manager"], "client")
        except (OSError, ValueError) as error:
            raise StoreFault(f"certificates in {folder} cannot be read or made ({error}): check the folder, or move it away") from error

    @property
    def ca(self) -> bytes:
        """The authority's own certificate, as PEM."""
        return self._ca.certificate

    def server(self, names: Sequence[str]) -> Certificate:
        """A new certificate for an engine at these addresses and names."""
        return self._make(names, "server")

    def knows(self, certificate: bytes, names: Sequence[str]) -> bool:
        """Whether a certificate (PEM) is of this authority, for all these addresses and names, and good for a while."""
        from cryptography import x509  # noqa: PLC0415
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415

        try:
            seen = x509.load_pem_x509_certificate(certificate)
            seen.verify_directly_issued_by(x509.load_pem_x509_certificate(self._ca.certificate))
            good_for = list(seen.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion, x509.ExtensionNotFound):
            return False
        except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return False
        return self._lasts(seen) and all(_alternative(name) in good_for for name in names)

    def _lasts(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_after_utc - self._now > timedelta(days=LEAST_DAYS)

    def _kept(self, name: str, names: Sequence[str], usage: str | None) -> Certificate:
        from cryptography import x509  # noqa: PLC0415

        files = self._folder / f"{name}.pem", self._folder / f"{name}-key.pem"
        if all(file.exists() for file in files):
            kept = Certificate(*(file.read_bytes() for file in files))
            if usage is None or self._lasts(x509.load_pem_x509_certificate(kept.certificate)):
                return kept
        made = self._make(names, usage)
        for file, content in zip(files, (made.certificate, made.key), strict=True):
            new = file.with_suffix(".new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(content)
            new.replace(file)
        return made

    def _make(self, names: Sequence[str], usage: str | None) -> Certificate:
        from cryptography import x509  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(names[0])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))  # a machine's clock may be slow
            .not_valid_after(self._ends(usage))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=usage is None, path_length=0 if usage is None else None), critical=True)
        )
        signer, issuer = key, subject
        if usage is None:
            made = made.add_extension(_may_sign(), critical=True)
        else:
            signer, issuer = self._signer()
            made = made.add_extension(_usage(usage), critical=False)
            made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        if usage == "server":
            made = made.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        signed = made.issuer_name(issuer).sign(signer, hashes.SHA256())
        plain = serialization.NoEncryption()
        return Certificate(
            signed.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        )

    def _ends(self, usage: str | None) -> datetime:
        from cryptography import x509  # noqa: PLC0415

        return self._now + LASTING if usage is None else x509.load_pem_x509_certificate(self._ca.certificate).not_valid_after_utc

    def _signer(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Name]:
        from cryptography import x509  # noqa: PLC0415
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        key = serialization.load_pem_private_key(self._ca.key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key, x509.load_pem_x509_certificate(self._ca.certificate).subject


def _name(common: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _may_sign() -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415

    others = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **others)


def _usage(usage: str) -> x509.ExtendedKeyUsage:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH if usage == "client" else ExtendedKeyUsageOID.SERVER_AUTH])


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

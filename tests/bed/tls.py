"""Certificates of a bed: an authority of its own, one server certificate per host and one for clients. They last two days."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bed.process import run

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Paths of what a client of a TLS host needs."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; its own is `ca.pem` in the folder."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def client(self) -> ClientCertificate:
        """The client certificate; all hosts of the bed accept it."""
        return ClientCertificate(self.ca, self.folder / "client.pem", self.folder / "client-key.pem")

    def server_flags(self, name: str, address: str) -> tuple[str, ...]:
        """Sign a certificate for a host and return the flags that make dockerd use it and ask clients for theirs."""
        certificate, key = self._sign(name, f"subjectAltName=IP:{address},DNS:{name}", "serverAuth")
        return ("--tlsverify", f"--tlscacert={self.ca}", f"--tlscert={certificate}", f"--tlskey={key}")

    def _sign(self, name: str, extra: str, usage: str) -> tuple[Path, Path]:
        certificate, key, request = (self.folder / f"{name}{end}" for end in (".pem", "-key.pem", ".csr"))
        run("openssl", "req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"{extra}\nextendedKeyUsage={usage}\n")
        signed = ("-CA", str(self.ca), "-CAkey", str(self.folder / "ca-key.pem"), "-CAcreateserial", "-days", "2")
        run("openssl", "x509", "-req", "-in", str(request), *signed, "-extfile", str(extensions), "-out", str(certificate))
        return certificate, key


def make_authority(folder: Path) -> Authority:
    """Make an authority and its client certificate in a new folder."""
    folder.mkdir(mode=0o700)
    authority = Authority(folder)
    keys = ("-keyout", str(folder / "ca-key.pem"), "-out", str(authority.ca))
    constraints = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    run("openssl", "req", "-x509", *_KEY, "-subj", "/CN=bed authority", "-days", "2", *constraints, *keys)
    authority._sign("client", "basicConstraints=CA:FALSE", "clientAuth")
    return authority

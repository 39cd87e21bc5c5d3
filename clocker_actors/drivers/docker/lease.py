"""The lease: a container whose only process ends when nobody answers it any more, so that what shares its PID namespace ends with it, by the kernel.

    lease ──its clock, once a second, on stdout──▶ manager ──the same line, on stdin──▶ lease: lives until that clock + ttl
                                                   (silence, or only old lines) ──▶ it ends, and with it all processes of its PID namespace

An answer carries the lease's own time of asking, so one that comes late (a cable that is back sends what it held) does not prolong anything. The program is
1016 bytes: `lease.c` beside this file, made by
`gcc -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie -fcf-protection=none
-Wl,--build-id=none,-z,norelro,-z,noseparate-code,-N` and `strip -s -R .comment -R .note.gnu.property`. It is built into an image on the engine itself, from
nothing, so no registry is asked. It is for x86-64 alone: an engine on another processor refuses to start it.
"""

import base64
import io
import tarfile

IMAGE = "clocker/lease:1"
LABEL = "clocker.image"
_PROGRAM = """
f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAsABAAAAAAABAAAAAAAAAAPgCAAAAAAAAAAAAAEAAOAACAEAABAADAAEAAAAHAAAAsAAAAAAAAACwAEAAAAAAALAA
QAAAAAAALwIAAAAAAAAvAgAAAAAAAAEAAAAAAAAAUeV0ZAYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAABIiedI
g+Tw6DIAAABIjXQk8EUx0rjkAAAAMdK/BwAAAA8FSItEJPi+QEIPADHSSGlMJPDoAwAASPf2SAHIw0iDPwG63gJAAH4ESItXEEUxyYoCg+gwPAl3EE1ryQpI
D77ASP/CSQHB6+dNhcl1GkG4PAAAAL8CAAAAMdJFMdJMicBIidYPBevxQVdFMdK4SAAAAL8BAAAAQVa+BAAAALoBCAAAQVVBVFVTSIPsIA8F6Fj///9FMeRF
McBFMe1JvwAAAAABAAAASo0cCOg8////SInFSDnYcxFBvj0AAABIg8//ugEAAADrGkG4PAAAAL8BAAAAMdJFMdJMicBIidYPBevxRTHSMfZMifAPBUiFwH/x
SInoTI10JAxMKehIPecDAAB3BU2F7XVHTInyuTwAAABIiehI0+iD4A+NcFeD+Al/A41wMIPpBECIMkj/woP5/HXeuAEAAADGRCQcCkUx0kyJ9roRAAAASInH
DwVJie29BwAAAEyJfCQMRTHSTIn3SInovgEAAAC6+gAAAA8FSIXAD44y////9kQkEgF1CjH2SInoSIn36yQx/0iNdCQLRTHSugEAAABIifgPBUiFwH8SSIno
SIn+uvoAAAAPBen2/v//ikQkC41Q0ID6CXcGSA++wusPjVCfgPoFdxaD6FdID77AScHgBEH/xEkJwOnG/v//PAp1GkGD/BB1FOj4/f//TDnAcgpNAchMOcNJ
D0LYRTHkRTHA6Z3+//8AAC5zaHN0cnRhYgAudGV4dAAucm9kYXRhAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAALAAAAAQAAAAcAAAAAAAAAsABAAAAAAACwAAAAAAAAAC4CAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAEQAAAAEAAAAyAAAA
AAAAAN4CQAAAAAAA3gIAAAAAAAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAABAAAAAAAAAAEAAAADAAAAAAAAAAAAAAAAAAAAAAAAAN8CAAAAAAAAGQAAAAAA
AAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAA=
"""
_DOCKERFILE = b'FROM scratch\nCOPY lease /lease\nENTRYPOINT ["/lease"]\n'
MEMORY = 8 * 1024 * 1024


def program() -> bytes:
    """The executable."""
    return base64.b64decode(_PROGRAM)


def context() -> bytes:
    """The tar that the image is built from."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, body, mode in (("Dockerfile", _DOCKERFILE, 0o644), ("lease", program(), 0o755)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), mode
            tar.addfile(entry, io.BytesIO(body))
    return made.getvalue()


def request(labels: dict[str, str], ttl: float) -> dict[str, object]:
    """The body of `create`: no network, no rights, no restart, and a log that keeps nothing."""
    return {
        "Image": IMAGE,
        "Cmd": [str(round(ttl * 1000))],
        "Labels": labels,
        "OpenStdin": True,
        "StdinOnce": False,
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 4,
            "Memory": MEMORY,
            "MemorySwap": MEMORY,
            "LogConfig": {"Type": "none"},
            "RestartPolicy": {"Name": "no"},
        },
    }

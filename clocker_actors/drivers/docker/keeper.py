"""The keeper of secrets: one container per host that keeps a volume in memory mounted, so that files written there last, and never touch a disk.

    volume of the local driver, type tmpfs ──mounted by──▶ keeper, which sleeps          /secrets/m4.g2/0/db-password
         └── its folder m4.g2/0 ──mounted, read-only──▶ the container of m4.g2, at /run/secrets

Such a volume is empty again when no container mounts it, and what is put into a container's mount before its start is lost by the start; the keeper was there
before. Nobody but a generation's own container mounts its folder. The program is 1168 bytes (x86-64) or 1472 (arm64): `keeper.c` beside this file, made by
`gcc -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie
-Wl,--build-id=none,-z,norelro,-z,noseparate-code,-N` (on x86-64 also `-fcf-protection=none`) and `strip -s -R .comment -R .note.gnu.property`. Without an
argument it sleeps; `ls` names the folders, `rm NAME…` takes them away. It is built into an image on the engine itself, from nothing.
"""

import base64
import io
import tarfile
from collections.abc import Mapping, Sequence

from clocker_actors.model.containers import KeptFile

IMAGE = "clocker/keeper:1"
FOLDER = "/secrets"
PROGRAM = "/keeper"
MEMORY = 16 * 1024 * 1024
"""Most that all secrets of a host take."""
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""What engines call processors, and whose program that is."""
_OWN_MEMORY = 8 * 1024 * 1024
_OPTIONS = {"type": "tmpfs", "device": "tmpfs", "o": f"size={MEMORY},mode=0700,nosuid,nodev,noexec"}
_PROGRAMS = {
    "amd64": """
f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAsABAAAAAAABAAAAAAAAAAJADAAAAAAAAAAAAAEAAOAACAEAABAADAAEAAAAHAAAAsAAAAAAAAACwAEAAAAAAALAAQAAAAAAAxgIAAAAAAADGAgAAAAAAAA
EAAAAAAAAAUeV0ZAYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAABIiedIg+Tw6GIBAABBV0Ux0kUxwLgHAQAAQVZBVUGJ1THSQVRVU0iB7CgIAABIiXwk
CEiJdCQQDwVIhcAPhBoBAABFhe0PhBEBAABJicFIi3wkCEiLdCQQuAEBAAC6AAADAA8FQbxAAAAASInHTI18JCBIhcB5EUmD+f4PhdsAAAAxwOnUAAAARTHSRTHAuNkAAAC6AAgAAEyJ/g8FMdtJic
Yx0kw5831ASY0sH4B9Ey51EYpFFITAdCY8LnUGgH0VAHQcQY1V/0iNdRNIiXwkGOg2////SIt8JBi6AQAAAA+3RRBIAcPru0iF0nVNRTHSRTHAuAMAAABIidYPBbgHAQAASIt8JAhIi3QkELoAAgAA
DwVIhcAPhGT///9Ii3wkCEiLdCQQuAEBAAC6AAADAA8FSInHSIXAeBxJ/8wPhUT///9FMdJFMcC4AwAAAEyJ5kyJ4g8FuAEAAABIgcQoCAAAW11BXEFdQV5BX8NBV0FWQVVBVFVTSIHsCAgAAEyLN0
mD/gF/G0G5DwEAADHSRTHSRTHATInISInXSInWDwXr60iJ/UUx0kUxwL5tA0AAuAEBAABIx8ec////ugAAAQAPBUG8AwAAAEiJw0iFwA+IzAAAAEiLRRCAOHJ0F0mJ5EG+2QAAAEG/AAgAAEG9AQAA
AOtSQb0CAAAARTHkTTn1D4SaAAAASot07QiAPi50EroEAAAASInf6O39//9IhcB0BkG8AQAAAEn/xevQD7dGEEkBwYB+Ey51R4pGFITAdTZJOel8H0Ux0kUxwEyJ8EiJ30yJ5kyJ+g8FSInFSIXAfj
tFMclLjTQMMdKAfBYTAHS7SP/C6/Q8LnUGgH4VAHTAxkQWEwpFMdJI/8JIg8YTRTHATInoTInvDwXrpEUx5EG5PAAAADHSRTHSRTHATInITInnSInWDwXr6y9zZWNyZXRzAAAuc2hzdHJ0YWIALnRl
eHQALnJvZGF0YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAsAAAABAAAABwAAAAAAAACwAEAAAAAAALAAAAAAAAAAvQIAAA
AAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAARAAAAAQAAADIAAAAAAAAAbQNAAAAAAABtAwAAAAAAAAkAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAAQAAAAMAAAAAAAAAAAAAAAAAAAAA
AAAAdgMAAAAAAAAZAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAA==
""",
    "arm64": """
f0VMRgIBAQAAAAAAAAAAAAIAtwABAAAAsABAAAAAAABAAAAAAAAAAIAEAAAAAAAAAAAAAEAAOAACAEAABQAEAAEAAAAHAAAAsAAAAAAAAACwAEAAAAAAALAAQAAAAAAArAMAAAAAAACsAwAAAAAAAA
gAAAAAAAAAUeV0ZAYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAADgAwCRawAAFOgDAKoEAIDS4AMBquEDAqriAwOqAwCA0gEAANTAA1/W/0Mh0QMAgNL9
ewCp/QMAkfNTAan0AwCq9VsCqfUDAar3YwOp+AMCKuIDAarhAwCqYASA0vlrBKnq//+XHwAA8eUDAKoEG0B6YAEAVOIDFarhAxSqAwCY0gAHgNLh//+X8wMAqoAB+La/CACxoQgAVAUAgNL9e0Cp4A
MFqvNTQan1W0Kp92NDqflrRKn/QyGRwANf1hgHAFEZCIDS4kMBkeEDE6oDAIHSoAeA0s3//5cXAIDS+gMAqgAAgNL/AhrrqwMAVGACALXhAxOqAwCA0gIAgNIgB4DSwv//l+IDFarhAxSqA0CA0mAE
gNK9//+XAPz/tOIDFarhAxSqAwCY0gAHgNK3//+X8wMAqgAB+Lc5BwDxQfz/VOEDE6oDAIDSAgCA0iAHgNKu//+XJQCA0tH//xfhQwGRNgAXi8FOQDk/uABx4QAAVMFSQDlBAQA0P7gAcWEAAFTBVk
A5wQAANOIDGCrBTgCR4AMTqqX//5cgAIDSwSJAefcCAYvQ//8X5QMAqrz//xf/QyDR/XsAqf0DAJELAED5fwUA8ewAAFQDAIDSAgCA0gEAgNIgCYDSjP//l/v//xfmAwCqAwCI0gIAAJBhDICSQhAP
kQAHgNKE//+X5wMAqmAI+LfACED5AABAOR/IAXHAAwBUSQGAUuJDAJHhAweqAwCB0qAHgNJ4//+X5QMAqh8AAPEsAwBUCQCA0g0AABTBeGr4IABAOR+4AHGgAABU4AMHqoIAgFJ0//+XQAAAtCkAgN
JKBQCRXwEL66H+/1ThAwmqAwCA0gIAgNKgC4DSYv//l/v//xfGIACRSgCA0gkAgNL1//8XBgCA0uBDAJEDAIDSBAAGi4JMAJFAaGM4oAIANYAgQHnGAACLgExAOR+4AHHhAABUgFBAOWABADQfuABx
YQAAVIBUQDngAAA0hAADiyEAgNJjBACRAAiA0olMADlF//+XvwAG6wz9/1TG//8XYwQAken//xdpAIDS2P//Fy9zZWNyZXRzAAAAABAAAAAAAAAAAXpSAAR4HgEbDB8AEAAAABgAAADM/P//IAAAAA
AAAABEAAAALAAAANj8//+IAQAAAEEO0BBCnYoCnokCQpOIApSHAkKVhgKWhQJCl4QCmIMCRZmCApqBAlYK3d7Z2tfY1dbT1A4AQQsYAAAAdAAAABj+//9kAQAAAEEOkBBBnYICnoECAC5zaHN0cnRh
YgAudGV4dAAucm9kYXRhAC5laF9mcmFtZQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAsAAAABAAAABwAAAAAAAACwAEAAAA
AAALAAAAAAAAAAFAMAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAARAAAAAQAAADIAAAAAAAAAxANAAAAAAADEAwAAAAAAAAkAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAGQAAAAEA
AAACAAAAAAAAANADQAAAAAAA0AMAAAAAAACMAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAAAAAAAAEAAAADAAAAAAAAAAAAAAAAAAAAAAAAAFwEAAAAAAAAIwAAAAAAAAAAAAAAAAAAAAEAAAAAAA
AAAAAAAAAAAAA=
""",
}
_DOCKERFILE = b'FROM scratch\nCOPY keeper /keeper\nENTRYPOINT ["/keeper"]\n'


def program(architecture: str) -> bytes:
    """The executable for `amd64` or `arm64`."""
    return base64.b64decode(_PROGRAMS[architecture])


def context(architecture: str) -> bytes:
    """The tar that the image is built from."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, body, mode in (("Dockerfile", _DOCKERFILE, 0o644), ("keeper", program(architecture), 0o755)):
            _add(tar, tarfile.TarInfo(name), body, mode)
    return made.getvalue()


def packed(folder: str, files: Sequence[KeptFile]) -> bytes:
    """The tar of a folder of secrets, to be unpacked in the memory: whoever mounts the folder may look into it, and each file says who may read it."""
    made = io.BytesIO()
    above = {
        f"{folder}/{'/'.join(file.path.split('/')[:depth])}".rstrip("/") for file in files for depth in range(file.path.count("/") + 1)
    }
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted({folder, *above}):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for file in files:
            entry = tarfile.TarInfo(f"{folder}/{file.path}")
            entry.uid, entry.gid = file.uid, file.gid
            _add(tar, entry, file.content.encode(), file.mode)
    return made.getvalue()


def _add(tar: tarfile.TarFile, entry: tarfile.TarInfo, body: bytes, mode: int) -> None:
    entry.size, entry.mode = len(body), mode
    tar.addfile(entry, io.BytesIO(body))


def volume(name: str, labels: Mapping[str, str]) -> dict[str, object]:
    """The body that makes the memory."""
    return {"Name": name, "Labels": dict(labels), "Driver": "local", "DriverOpts": _OPTIONS}


def request(name: str, labels: Mapping[str, str]) -> dict[str, object]:
    """The body of `create`: no network, no rights, no restart (it would come back with nothing), and a log that keeps nothing."""
    return {
        "Image": IMAGE,
        "Labels": dict(labels),
        "StopSignal": "SIGKILL",
        "HostConfig": {
            "Mounts": [{"Type": "volume", "Source": name, "Target": FOLDER}],
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 8,
            "Memory": _OWN_MEMORY,
            "MemorySwap": _OWN_MEMORY,
            "LogConfig": {"Type": "none"},
            "RestartPolicy": {"Name": "no"},
        },
    }

"""What an engine is told beside its defaults: nothing, unless it is to listen on the network, with certificates. Pure.

What is in its settings already stays, as far as it is not about where it listens.
"""

import json
from collections.abc import Mapping

FILE = "/etc/docker/daemon.json"
FOLDER = "/etc/docker/clocker"
CA, CERTIFICATE, KEY = f"{FOLDER}/ca.pem", f"{FOLDER}/cert.pem", f"{FOLDER}/key.pem"
DROP_IN = "/etc/systemd/system/docker.service.d/clocker.conf"


def with_tls(text: str, socket: str, port: int) -> str | None:
    """The settings for an engine that listens on its socket and, for clients with certificates, on a port; None when they are so already.

    Raises ValueError when `text` is no settings file.
    """
    had = json.loads(text) if text.strip() else {}
    if not isinstance(had, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - of a text, not of an argument
    ours: Mapping[str, object] = {
        "hosts": [f"unix://{socket}", f"tcp://0.0.0.0:{port}"],
        "tlsverify": True,
        "tlscacert": CA,
        "tlscert": CERTIFICATE,
        "tlskey": KEY,
    }
    made = {"live-restore": True, **had, **ours}  # containers run on while it is started anew, with other certificates
    return None if made == had else json.dumps(made, indent=2, sort_keys=True) + "\n"


def unit(dockerd: str) -> str:
    """systemd's own words for the engine without addresses, since those of its unit contradict the settings."""
    return f"[Service]\nExecStart=\nExecStart={dockerd}\n"

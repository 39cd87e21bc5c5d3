"""How a service is started: by systemd, OpenRC, System V scripts, or by nobody but us. Pure words."""

import shlex
from enum import StrEnum

SOCKET = "/var/run/docker.sock"
OWN_LOG = "/var/log/clocker-dockerd.log"
_PID = "/var/run/docker.pid"


class Init(StrEnum):
    """Who keeps services."""

    SYSTEMD = "systemd"
    OPENRC = "openrc"
    SYSV = "sysv"
    NONE = "none"


WHICH = (
    "if [ -d /run/systemd/system ]; then echo systemd; elif [ -d /run/openrc ] && command -v rc-service >/dev/null; then echo openrc; "
    "elif command -v service >/dev/null && [ -x /etc/init.d/docker ]; then echo sysv; else echo none; fi"
)
"""Prints the Init, once the engine's packages are there."""

ANSWERS = f"docker -H unix://{SOCKET} version --format '{{{{.Server.Version}}}} {{{{.Server.APIVersion}}}}'"
"""Prints the engine's version and API version, and fails while there is none."""

# dockerd refuses to start when the process of an old pid file lives, whoever that is now.
_ALIVE = f'p=$(cat {_PID} 2>/dev/null) && [ "$(cat /proc/$p/comm 2>/dev/null)" = dockerd ]'
_DIRECT_START = f"{_ALIVE} || {{ rm -f {_PID}; setsid dockerd </dev/null >>{OWN_LOG} 2>&1 & }}"
_DIRECT_STOP = f'{_ALIVE} && kill $p; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do [ -e /proc/"${{p:-none}}" ] || break; sleep 1; done'

_STARTS = {
    Init.SYSTEMD: "systemctl daemon-reload; systemctl unmask docker.service docker.socket; systemctl enable docker.service; systemctl start docker.service",
    Init.OPENRC: "rc-update add docker default; rc-service docker start",
    Init.SYSV: "service docker start",
    Init.NONE: _DIRECT_START,
}
_RESTARTS = {
    Init.SYSTEMD: "systemctl daemon-reload; systemctl enable docker.service; systemctl restart docker.service",
    Init.OPENRC: "rc-update add docker default; rc-service docker restart",
    Init.SYSV: "service docker restart",
    Init.NONE: f"{_DIRECT_STOP}; {_DIRECT_START}",
}
_RELOADS = {
    Init.SYSTEMD: "systemctl daemon-reload; systemctl reload docker.service || systemctl kill -s HUP docker.service",
    Init.OPENRC: f"kill -HUP $(cat {_PID})",
    Init.SYSV: f"kill -HUP $(cat {_PID})",
    Init.NONE: f"kill -HUP $(cat {_PID})",
}
_LOGS = {
    Init.SYSTEMD: "journalctl -u docker -n 20 --no-pager -o cat",
    Init.OPENRC: "tail -n 20 /var/log/docker.log",
    Init.SYSV: "tail -n 20 /var/log/docker.log",
    Init.NONE: f"tail -n 20 {OWN_LOG}",
}


def start(init: Init, *, again: bool) -> str:
    """Start the engine; `again`: if it runs, it is to read its settings anew. Both are fine with one that runs."""
    return (_RESTARTS if again else _STARTS)[init]


def reload(init: Init) -> str:
    """Have it read those settings anew that it can change while it runs: `live-restore` is one, and has to hold before it is stopped."""
    return f"{{ {_RELOADS[init]}; }}; sleep 1"


def admit(user: str) -> str:
    """Put a user into the group that may open the engine's socket; prints something if that had to be done."""
    name = shlex.quote(user)
    return (
        f"id -nG {name} | tr ' ' '\\n' | grep -qx docker || "
        f"{{ if command -v usermod >/dev/null; then usermod -aG docker {name}; else addgroup {name} docker >&2; fi && echo done; }}"
    )


def log(init: Init) -> str:
    """Print the end of the engine's log."""
    return _LOGS[init]

"""Does an engine's text become the right error? The texts are recorded from engines 20.10 to 29 and from registries."""

import pytest

from clocker_actors.drivers.docker.faults import fault
from clocker_actors.errors import (
    ClockerError,
    EngineFault,
    EngineUnavailable,
    ImageNotFound,
    NameConflict,
    NotFound,
    OutOfDisk,
    PortTaken,
    PullDenied,
)

WHERE = "unix:///run/docker.sock"
HOLDER = "27abc948a19902c361d0ee20f77309acddf54db64df29e886e4643c0bd0ff11d"
NETWORK = "driver failed programming external connectivity on endpoint c3 (6f05c3448a86d9ea)"

RECORDED = [
    ("create", 404, "No such image: nix:1", ImageNotFound),
    ("create", 409, f'Conflict. The container name "/c1" is already in use by container "{HOLDER}". You have to remove it.', NameConflict),
    ("create", 409, f'Conflict. The container name "/c1" is already in use by container {HOLDER}.', NameConflict),
    ("create", 400, "Minimum memory limit allowed is 6MB", EngineFault),
    ("create", 400, "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", EngineFault),
    ("create", 500, "mkdir /var/lib/docker/overlay2/1-init: no space left on device", OutOfDisk),
    ("start", 500, f"{NETWORK}: Bind for 0.0.0.0:20001 failed: port is already allocated", PortTaken),
    ("start", 500, f"{NETWORK}: listen tcp4 0.0.0.0:80: bind: address already in use", PortTaken),
    ("start", 500, "failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use", PortTaken),
    ("start", 404, "No such container: nobody", NotFound),
    ("start", 404, "network shop not found", EngineFault),
    ("start", 400, 'OCI runtime create failed: exec: "nope": executable file not found in $PATH: unknown', EngineFault),
    ("remove_volume", 409, "remove v1: volume is in use - [27abc948a199]", EngineFault),
    ("pull", 404, "pull access denied for foo/bar, repository does not exist or may require 'docker login'", PullDenied),
    ("pull", 404, "manifest for busybox:nope not found: manifest unknown: manifest unknown", ImageNotFound),
    ("pull", 500, 'Get "https://reg:5000/v2/": dial tcp: lookup reg on 127.0.0.1:53: connection refused', ImageNotFound),
    ("pull", 500, "unauthorized: authentication required", PullDenied),
    ("pull", 404, "reg:5000/team/app:1: denied", PullDenied),
    ("pull", 404, 'reg:5000/app:1: failed to resolve reference "reg:5000/app:1": reg:5000/app:1: not found', ImageNotFound),
    ("build", 0, "app:1: open /src: permission denied", EngineFault),
    ("pull", 0, "write /var/lib/docker/tmp/GetImageBlob1: no space left on device", OutOfDisk),
    ("build", 0, "app:1: The command '/bin/sh -c false' returned a non-zero code: 1", EngineFault),
    ("build", 0, "app:1: pull access denied for nix, repository does not exist", PullDenied),
    ("list", 500, "", EngineFault),
    ("start", 500, "grpc: the client connection is closing: context canceled", EngineUnavailable),
    ("create", 500, "transport is closing", EngineUnavailable),
    (
        "start",
        500,
        "runc create failed: error running hook #0: error running hook: exit status 1, stdout: , stderr: level=fatal",
        EngineUnavailable,
    ),
]


@pytest.mark.parametrize(("operation", "status", "text", "kind"), RECORDED)
def test_an_engines_text_becomes_its_error(operation: str, status: int, text: str, kind: type[ClockerError]) -> None:
    error = fault(WHERE, operation, status, text)
    assert type(error) is kind
    assert error.details.items() >= {"status": str(status), "operation": operation, "engine": WHERE}.items()


@pytest.mark.parametrize(("operation", "status", "text"), [row[:3] for row in RECORDED])
def test_each_text_says_what_where_and_one_thing_to_do(operation: str, status: int, text: str) -> None:
    said = str(fault(WHERE, operation, status, text))
    what, _, advice = said.rpartition("; ")
    assert text in what
    assert WHERE in what
    assert operation in what
    assert len(advice.split()) > 2


def test_a_taken_name_tells_who_has_it() -> None:
    error = fault(WHERE, "create", 409, f'The container name "/c" is already in use by container "{HOLDER}".')
    assert error.details["existing"] == HOLDER

"""Whatever the OpenAPI page allows, and much that it does not, is answered as it says; nothing is answered by a fault of the server.

EXAMPLES_OF_REQUESTS says how many of each route (make soak: 200).
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.admin.house import open_house

CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance,response_headers_conformance,content_type_conformance"
EXAMPLES = os.environ.get("EXAMPLES_OF_REQUESTS", "")
LIMIT = 120 if not EXAMPLES else 3600


@pytest.mark.real_loop
@pytest.mark.parametrize(
    ("scope", "examples", "checks"),
    [
        pytest.param("admin", "3", CHECKS, id="admin"),
        pytest.param("", "1", f"{CHECKS},ignored_auth", id="nobody"),
        pytest.param(
            "read", "1", CHECKS, id="read", marks=pytest.mark.skipif(not EXAMPLES, reason="for make soak: test_gates asks the same")
        ),
    ],
)
async def test_any_request_is_answered_as_described(tmp_path: Path, scope: str, examples: str, checks: str) -> None:
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        described = tmp_path / "openapi.json"
        async with house.client() as http:
            described.write_bytes((await http.get("/openapi.json")).content)
        given = ("-H", f"Authorization: Bearer {await house.token('fuzz', scope)}") if scope else ()
        bounds = ("--checks", checks, "-n", EXAMPLES or examples, "--phases", "fuzzing", "--request-timeout", "10", "--seed", "1")
        streams = ("--exclude-path", "/v1/events", "--exclude-path", "/v1/entities/{uid}/logs")  # these need not end
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).parent / "schemathesis",
            *("run", str(described), "--url", f"http://127.0.0.1:{house.door.port}", *given, *bounds, *(streams if scope else ())),
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), LIMIT)
        if scope != "admin":
            assert not house.invoked
    assert process.returncode == 0, said.decode()

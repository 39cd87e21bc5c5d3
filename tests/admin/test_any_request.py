"""Whatever the OpenAPI page allows, and much that it does not, is answered as it says; nothing is answered by a fault of the server."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.admin.house import open_house

CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"


@pytest.mark.real_loop
async def test_any_request_is_answered_as_described(tmp_path: Path) -> None:
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        token = await house.token("fuzz")
        url = f"http://127.0.0.1:{house.door.port}/openapi.json"
        bounds = ("--checks", CHECKS, "-n", "4", "--phases", "fuzzing", "--request-timeout", "10", "--seed", "1")
        streams = ("--exclude-path", "/v1/events", "--exclude-path", "/v1/entities/{uid}/logs")  # these need not end
        program = Path(sys.executable).parent / "schemathesis"
        process = await asyncio.create_subprocess_exec(
            program,
            *("run", url, "-H", f"Authorization: Bearer {token}", *bounds, *streams),
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, said.decode()

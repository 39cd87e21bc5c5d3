"""The OpenAPI page tells the truth: whatever it allows is answered as it says, and nothing that is sent breaks the daemon."""

from typing import Any

import httpx
import pytest

from tests.admin.house import House

pytestmark = pytest.mark.real_loop


async def test_every_route_is_described_with_its_errors(http: httpx.AsyncClient) -> None:
    schema = (await http.get("/openapi.json")).json()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], f"{method} {path}"
            assert {"401", "403", "413", "429"} <= set(operation["responses"]), f"{method} {path}"
            assert "500" not in operation["responses"], f"{method} {path}: a fault of ours is no answer to be expected"


@pytest.mark.parametrize("path", ["/v1/applications", "/v1/entities", "/v1/entities/c2", "/v1/entities/c2/sensors", "/v1/entities/c2/policies", "/v1/entities/c2/effectors", "/v1/entities/c2/decisions", "/v1/activities", "/v1/hosts"])  # fmt: skip
async def test_answers_have_the_fields_that_are_promised(house: House, http: httpx.AsyncClient, path: str) -> None:
    await http.post("/v1/entities/c2/effectors/start")
    schema = (await http.get("/openapi.json")).json()
    template = path.replace("/c2", "/{uid}")
    promised = schema["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = (await http.get(path)).json()
    fields = properties(schema, promised)
    assert set(fields) == set(answer)
    for item in answer.get("items", ()):
        assert set(properties(schema, fields["items"]["items"])) == set(item)


Json = dict[str, Any]


def properties(schema: Json, part: Json) -> Json:
    """The fields of an object in the schema, its reference followed."""
    found: Json = part
    if "$ref" in part:
        found = schema
        for name in str(part["$ref"]).removeprefix("#/").split("/"):
            found = found[name]
    fields: Json = found["properties"]
    return fields

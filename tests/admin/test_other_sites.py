"""A person's browser reaches the unix socket through SSH, and any page it shows can try to: does only our own page get in?"""

import pytest

from tests.admin.house import House

START = "/v1/entities/c2/effectors/start"


@pytest.mark.real_loop
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:8440", "Origin": "http://elsewhere.example"},
        {"Host": "localhost:8440", "Origin": "http://localhost:3000"},
        {"Host": "localhost:8440", "Origin": "null"},
        {"Host": "localhost:8440", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_orders_from_pages_of_others_are_refused(house: House, headers: dict[str, str]) -> None:
    async with house.client(headers) as http:
        for path in (START, "/v1/applications", "/v1/plan"):
            answer = await http.post(path, content="services:\n- type: docker:nginx:1.25\n")
            assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "Forbidden")
            assert "another site" in answer.json()["error"]["message"]
        assert (await http.delete("/v1/applications/shop")).status_code == 403
    assert not house.invoked


@pytest.mark.real_loop
@pytest.mark.parametrize("host", ["elsewhere.example", "rebound.elsewhere.example:8440", "localhost.elsewhere.example", "a.b:x"])
async def test_a_name_that_may_be_anybodys_is_refused(house: House, host: str) -> None:
    """A name that is made to lead here lets a page of others read answers, too."""
    async with house.client({"Host": host}) as http:
        for answer in (await http.get("/v1/applications"), await http.post(START), await http.get("/openapi.json")):
            assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "Forbidden")
            assert host in answer.json()["error"]["message"] and "localhost" in answer.json()["error"]["message"]
        assert (await http.get("/healthz")).status_code == 200
    assert not house.invoked


@pytest.mark.real_loop
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:8440", "Origin": "http://localhost:8440", "Sec-Fetch-Site": "same-origin"},
        {"Host": "LOCALHOST"},
        {"Host": "clocker.localhost:8440"},
        {"Host": "127.0.0.1:8440"},
        {"Host": "[::1]:8440"},
        {"Host": "manager"},
    ],
)
async def test_our_own_page_and_commands_get_in(house: House, headers: dict[str, str]) -> None:
    async with house.client(headers) as http:
        assert (await http.get("/v1/applications")).status_code == 200
        assert (await http.post(START)).status_code == 202

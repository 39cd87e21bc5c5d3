"""What containers may not have is refused at the door, at the very word, before anything is planned or deployed."""

from dataclasses import replace

import httpx
import pytest

from clocker_actors.admin.secrecy import Known
from clocker_actors.allowances import NOTHING, Allowance, Allowances
from tests.admin.house import House

pytestmark = pytest.mark.real_loop

STRONG = """name: mine
services:
- type: docker:nginx:1.25
  id: web
  privileged: true
  capabilities:
    add: [NET_RAW, NET_ADMIN]
  volumes:
  - data:/data
  - /var/run/docker.sock:/engine
"""


@pytest.mark.parametrize("path", ["/v1/applications", "/v1/plan"])
async def test_all_that_is_too_much_is_told_with_its_place(house: House, http: httpx.AsyncClient, path: str) -> None:
    house.context.known = replace(Known(), allow=NOTHING)
    answer = await http.post(path, content=STRONG)
    assert answer.status_code == 422
    starts = [fault.partition(", which")[0] for fault in answer.json()["error"]["faults"]]
    assert starts == [
        "blueprint.yaml:5:15: mine/web runs privileged",
        "blueprint.yaml:7:10: mine/web adds the capability NET_ADMIN",
        "blueprint.yaml:10:5: mine/web mounts /var/run/docker.sock of its host",
    ]
    assert not house.invoked


async def test_what_settings_allow_goes_through(house: House, http: httpx.AsyncClient) -> None:
    everything = Allowance(privileged=True, capabilities=frozenset({"NET_ADMIN"}), host_paths=("/var/run/docker.sock",))
    house.context.known = replace(Known(), allow=Allowances(pools={"local": everything}))
    answer = await http.post("/v1/applications", content=STRONG)
    assert answer.status_code == 202, answer.text

"""`clocker hosts --for ID`: where something would go, in words that fit 80 columns and as JSON."""

import json
from typing import cast

import pytest

from clocker_actors.admin.client import Client
from clocker_actors.cli.weighing import weigh
from clocker_actors.model.values import Value


def host(name: str, rank: int, rule: str, reason: str, *, here: bool = False) -> dict[str, Value]:
    return {
        "uid": name,
        "path": f"yard/{name}",
        "name": name,
        "accepted": not rule,
        "rank": rank,
        "rule": rule,
        "reason": reason,
        "here": here,
        "containers": 3,
        "cores": 4,
        "cpus_free": 3.5,
        "memory": 8 << 30,
        "memory_free": 6 << 30,
        "disk_free": None,
        "cpu_percent": 1.0,
        "zone": "east",
        "labels": {},
    }


def answer(*hosts: dict[str, Value], path: str = "shop/web/3", at: str = "", considered: int = 0) -> dict[str, Value]:
    refused = {str(each["rule"]): 1 for each in hosts if each["rule"]}
    return {
        "event": 1,
        "entity": "m1",
        "path": path,
        "pool": "yard",
        "host": at,
        "considered": considered or len(hosts),
        "accepted": sum(not each["rule"] for each in hosts),
        "refused": refused,
        "strategies": ["MaxContainers", "BreadthFirst"],
        "affinity": [],
        "items": list(hosts),
    }


class Told:
    """In place of a client."""

    def __init__(self, value: dict[str, Value]) -> None:
        self.value, self.asked = value, ""

    def get(self, path: str, **query: str) -> dict[str, Value]:
        self.asked = f"{path}?for={query['for']}"
        return self.value


ANT = host("ant", 1, "", "0 of this cluster, 3 containers", here=True)
BEE = host("bee", 0, "affinity: NOT TYPE db", "bee has 1 of those; NOT TYPE db wants none there")
CAT = host("cat", 0, "up", "it does not answer")


@pytest.mark.parametrize(
    ("told", "first"),
    [
        (answer(ANT, BEE, at="yard/ant"), "shop/web/3 is on yard/ant, still the best: 1 of 2 hosts of pool yard would do"),
        (answer(ANT, BEE, at="yard/bee"), "shop/web/3 is on yard/bee; yard/ant is the best now: 1 of 2 hosts of pool yard would do"),
        (answer(BEE), "shop/web/3 is on no host; none of 1 host of pool yard would do"),
        (answer(ANT, path="shop/web/next"), "the next member of shop/web would go to yard/ant: 1 of 1 host of pool yard"),
        (answer(BEE, path="shop/web/next"), "the next member of shop/web would go nowhere: none of 1 host of pool yard"),
        (answer(), "shop/web/3 goes nowhere: pool yard has no hosts"),
    ],
)
def test_the_first_line_says_where(
    told: dict[str, Value], first: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    weigh(cast(Client, Told(told)), "shop/web/3", False)
    said = capsys.readouterr()
    assert " ".join(said.out.split()).startswith(first)
    assert max(map(len, (said.out + said.err).splitlines())) <= 80 and "\x1b" not in said.out


def test_a_rule_is_named_once_and_hosts_left_out_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    weigh(cast(Client, Told(answer(ANT, BEE, CAT, considered=500))), "shop/web/3", False)
    said = capsys.readouterr()
    folded = " ".join(said.out.split())
    assert folded.count("NOT TYPE db") == 1 and "up: it does not answer" in folded
    assert "and 497 more hosts" in said.err and "1 by affinity: NOT TYPE db" in said.err


def test_as_json_it_is_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    client = Told(answer(ANT))
    weigh(cast(Client, client), "shop/web", True)
    assert json.loads(capsys.readouterr().out) == client.value
    assert client.asked == "/v1/hosts?for=shop/web"

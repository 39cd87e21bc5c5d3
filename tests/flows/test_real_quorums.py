"""Do etcd and ZooKeeper form a cluster on a real engine, agree, and go on agreeing while members die, come and go?"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.values import as_map
from tests.bed.bed import Bed
from tests.bed.software import with_debian
from tests.flows.bedside import POOL, deleted, done, members_up, on_hosts
from tests.flows.support import Driven

pytestmark = pytest.mark.real

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
BUILT_WITHIN = 300


@pytest.fixture(scope="module")
def debian(bed3: Bed) -> Iterator[Bed]:
    """The bed with Debian's image on the host that these tests use."""
    with with_debian(bed3, bed3.hosts[:1]):
        yield bed3


async def deploy(driven: Driven, text: str) -> None:
    """Deploy as the command and the door do, with what the types bring along."""
    parsed = parse(text, "shop.yaml", type_table())
    for content in parsed.inline.values():
        await driven.manager.blobs.put(content)
    blueprint = with_blobs(parsed, {})
    await done(driven, await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint)), BUILT_WITHIN)


def at(driven: Driven, cluster: str, port: int) -> Mapping[str, str]:
    """Where each member of a cluster is reached that is up, by its path."""
    found: dict[str, str] = {}
    for entry in driven.entries(EntityKind.MEMBER, f"{cluster}/"):
        endpoints = driven.value(entry.uid, "service.endpoints")
        for each in map(as_map, endpoints if driven.up(entry.uid) and isinstance(endpoints, list) else ()):
            if str(each["container"]).partition("/")[0] == str(port):
                found[entry.path] = f"{each['host']}:{each['port']}"
    return found


async def etcd_members(address: str) -> set[str]:
    """The names of the members, as the cluster says itself; "" for one that has not begun."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.post(f"http://{address}/v3/cluster/member/list", content="{}")).json()
    return {each.get("name", "") for each in answer["members"]}


T = TypeVar("T")


async def within(seconds: float, ask: Callable[[], Awaitable[T]], wanted: T) -> None:
    """What is asked for has to become this."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (found := await ask()) != wanted:
        assert loop.time() < until, f"{found} and not {wanted}"
        await asyncio.sleep(0.5)


async def etcd(address: str, what: str, **body: str) -> Mapping[str, object]:
    """One question of etcd's API over HTTP, keys and values as base64."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(f"http://{address}/v3/kv/{what}", content=json.dumps(body))
    return as_map(answer.json())


async def etcd_value(address: str) -> str:
    """What is written under the key of the tests; "" if nothing is, or nobody can say."""
    found = (await etcd(address, "range", key="a2V5")).get("kvs")
    return str(as_map(found[0])["value"]) if isinstance(found, list | tuple) else ""


async def test_etcd_agrees_and_goes_on_while_members_die_come_and_go(debian: Bed, tmp_path: Path) -> None:
    text = (BLUEPRINTS / "20-etcd.yaml").read_text() + f"location: {POOL}\n"
    keys = "agreed/keys"
    async with on_hosts(debian.hosts[:1], tmp_path, "etcd") as driven:
        await deploy(driven, text)
        one, two, three = at(driven, keys, 2379).values()
        await etcd(one, "put", key="a2V5", value="b25l")
        assert [await etcd_value(each) for each in (two, three)] == ["b25l", "b25l"]
        assert await etcd_members(one) == {"m1", "m2", "m3"}
        names = ("isLeader", "hasLeader", "leader.changes", "proposals.committed", "proposals.failed", "database.bytes", "keys")
        await driven.until(lambda: all(driven.value(f"{keys}/1", f"etcd.{name}") is not None for name in names), 30, "its sensors")
        await driven.until(lambda: driven.value(f"{keys}/1", "etcd.keys") == 1, 15, "the key counted")
        assert [driven.value(f"{keys}/{each}", "etcd.isLeader") for each in (1, 2, 3)].count(1) == 1
        ran = await done(driven, await driven.invoke(f"{keys}/1", "members"))
        assert "m3" in str(ran.result)

        # with its data back on its volume, without asking anybody
        await done(driven, await driven.invoke(f"{keys}/2", "restart"))
        assert await etcd_value(at(driven, keys, 2379)[f"{keys}/2"]) == "b25l"

        # one that is down for good is replaced by another, which joins; those that stay take the dead one out
        await done(driven, await driven.invoke(f"{keys}/1", "stop"))
        await done(driven, await driven.invoke(keys, "replaceMember", member=driven.model.resolve(f"{keys}/1")), 120)
        await driven.until(lambda: members_up(driven, keys) == 3, 60, "three members")
        four = at(driven, keys, 2379)[f"{keys}/4"]
        assert await etcd_value(four) == "b25l"
        await within(30, lambda: etcd_members(four), {"m2", "m3", "m4"})

        # down to one: each is taken out before it stops, else the last would be alone without a majority
        await done(driven, await driven.invoke(keys, "resize", size=1), 120)
        ((_, left),) = at(driven, keys, 2379).items()
        await within(15, lambda: etcd_value(left), "b25l")  # it may have to become the leader first
        await etcd(left, "put", key="a2V5", value="dHdv")
        assert len(await etcd_members(left)) == 1
        await deleted(driven, "agreed")


async def ask_zookeeper(engine: Bed, container: str, *lines: str) -> str:
    """What ZooKeeper's own client says to these lines, in the container of a member."""
    script = "".join(f"{line}\\n" for line in (*lines, "quit"))
    java = "java -Xmx64m -Dorg.slf4j.simpleLogger.defaultLogLevel=off org.apache.zookeeper.ZooKeeperMain -server 127.0.0.1:2181"
    return engine.hosts[0].command("exec", container, "sh", "-c", f"printf '{script}' | {java} 2>&1", timeout=60.0)


def containers_of(driven: Driven, cluster: str) -> Mapping[str, str]:
    """The names of the containers of a cluster's members, by their paths."""
    return {entry.path: str(entry.facts["container"]) for entry in driven.entries(EntityKind.MEMBER, f"{cluster}/")}


async def test_zookeeper_agrees_and_goes_on_while_members_die_come_and_go(debian: Bed, tmp_path: Path) -> None:
    zoo = "names/zoo"
    text = f"name: names\nlocation: {POOL}\nservices: [{{type: zookeeper, id: zoo, heap: 128m}}]\n"
    async with on_hosts(debian.hosts[:1], tmp_path, "zookeeper") as driven:
        await deploy(driven, text)
        one, two, three = containers_of(driven, zoo).values()
        await ask_zookeeper(debian, one, "create /colour red")
        assert "red" in await ask_zookeeper(debian, two, "sync /", "get /colour")
        assert "red" in await ask_zookeeper(debian, three, "sync /", "get /colour")
        names = (
            "myid",
            "state",
            "latency",
            "outstandingRequests",
            "packetsReceived",
            "packetsSent",
            "connections",
            "nodes",
            "ephemerals",
            "data.bytes",
        )
        await driven.until(lambda: all(driven.value(f"{zoo}/1", f"zookeeper.{name}") is not None for name in names), 30, "its sensors")
        states = ["follower", "follower", "leader"]

        def told() -> list[str]:
            return sorted(str(driven.value(f"{zoo}/{each}", "zookeeper.state")) for each in (1, 2, 3))

        await driven.until(lambda: told() == states, 15, "one leader")
        assert members_of(await done(driven, await driven.invoke(f"{zoo}/1", "members"))) == {1, 2, 3}

        await done(driven, await driven.invoke(f"{zoo}/2", "stop"))
        await done(driven, await driven.invoke(zoo, "replaceMember", member=driven.model.resolve(f"{zoo}/2")), 120)
        await driven.until(lambda: members_up(driven, zoo) == 3, 60, "three members")
        four = containers_of(driven, zoo)[f"{zoo}/4"]
        assert "red" in await ask_zookeeper(debian, four, "get /colour")

        async def said() -> set[int]:
            return members_of(await done(driven, await driven.invoke(f"{zoo}/4", "members")))

        await within(30, said, {1, 3, 4})
        await done(driven, await driven.invoke(zoo, "resize", size=1), 120)
        (left,) = containers_of(driven, zoo).values()
        assert "red" in await ask_zookeeper(debian, left, "get /colour")
        await deleted(driven, "names")


def members_of(ran: Activity) -> set[int]:
    """The numbers of the members in the answer of the effector."""
    return {
        int(number)
        for number in re.findall(
            r"^server[.](\d+)=", str(as_map(ran.result)["output"] if isinstance(ran.result, Mapping) else ran.result), re.MULTILINE
        )
    }

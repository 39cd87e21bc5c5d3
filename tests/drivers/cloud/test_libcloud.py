"""Are libcloud's many ways seen as one: its errors, its busy clouds, its drivers' arguments, its secrets?"""

import asyncio
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import quote

import pytest
from libcloud.common.exceptions import BaseHTTPError, RateLimitReachedError
from libcloud.common.types import InvalidCredsError, LibcloudError, MalformedResponseError
from libcloud.compute.base import NodeDriver
from libcloud.compute.drivers.ec2 import EC2SecurityGroup
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider

from clocker_actors.blueprint.providers import LOCKED, PROVIDERS
from clocker_actors.drivers.cloud import LibcloudCloud, kinds
from clocker_actors.drivers.cloud.faults import fault
from clocker_actors.drivers.cloud.remembered import Remembered
from clocker_actors.drivers.cloud.threads import THREADS, WAITING, Threads
from clocker_actors.errors import CloudDenied, CloudFault, CloudUnavailable, Overloaded, QuotaReached
from clocker_actors.model.locations import CloudSpec, NodeTemplate, SecretRef
from clocker_actors.ports.cloud import NodeRequest
from tests.bed.ec2 import serving
from tests.contracts.engine.lab import Calls

KEY = "ssh-ed25519 AAAA somebody"


def _http(code: int, words: str) -> Exception:
    return BaseHTTPError(code, words)  # type: ignore[no-untyped-call]


def _busy(after: str = "") -> Exception:
    return RateLimitReachedError(headers={"retry-after": after} if after else {})  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_busy("3"), CloudUnavailable),
        (_http(503, "RequestLimitExceeded: Request limit exceeded."), CloudUnavailable),
        (_http(400, "InstanceLimitExceeded: You have requested more instances"), QuotaReached),
        (_http(400, "VcpuLimitExceeded: more vCPU capacity than your current limit"), QuotaReached),
        (_http(400, "InsufficientInstanceCapacity: no t3.small"), QuotaReached),
        (_http(403, "Quota exceeded for instances: Requested 1, but already used 10 of 10"), QuotaReached),
        (_http(422, "creating this/these droplet(s) will exceed your droplet limit"), QuotaReached),
        (InvalidCredsError("AuthFailure"), CloudDenied),
        (_http(401, "Unable to authenticate you"), CloudDenied),
        (_http(403, "UnauthorizedOperation: You are not authorized to perform this operation."), CloudDenied),
        (_http(500, "Internal Server Error"), CloudUnavailable),
        (MalformedResponseError("Failed to parse XML", body="<html>"), CloudUnavailable),
        (ConnectionRefusedError(111, "refused"), CloudUnavailable),
        (TimeoutError(), CloudUnavailable),
        (LibcloudError("it is broken"), CloudFault),
        (_http(400, "InvalidParameterValue: no"), CloudFault),
        (KeyError("extra"), CloudFault),
        (Exception(), CloudFault),
    ],
)
def test_refusals_in_our_words(error: Exception, kind: type[Exception]) -> None:
    said = fault("ec2:here", "create_node", error)
    assert type(said) is kind
    assert "ec2:here" in str(said)
    assert said.details["operation"] == "create_node"


def _threads(calls: Calls | None = None) -> Threads:
    return Threads("somewhere", lambda: cast(NodeDriver, object()), calls or Calls(), Remembered(lambda ref: ref.name))


async def test_a_busy_cloud_is_asked_again_after_the_pause_it_names() -> None:
    calls = Calls()
    threads = _threads(calls)
    errors = [_busy("7"), _busy(), _busy()]

    def action(driver: NodeDriver) -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    began = asyncio.get_running_loop().time()
    assert await threads.call("x", action) == "done"
    assert asyncio.get_running_loop().time() - began == pytest.approx(7 + 1 + 2)
    assert [result for _, result in calls.lines] == ["CloudUnavailable"] * 3 + ["ok"]
    threads.close()


async def test_a_cloud_that_stays_busy_is_said_so() -> None:
    threads = _threads()

    def action(driver: NodeDriver) -> str:
        raise _busy()

    with pytest.raises(CloudUnavailable, match="wants fewer calls"):
        await threads.call("x", action)
    assert asyncio.get_running_loop().time() < 60
    threads.close()
    with pytest.raises(CloudUnavailable, match="was closed"):
        await threads.call("x", action)


async def test_only_what_was_not_done_is_repeated() -> None:
    threads = _threads()
    seen = []

    def action(driver: NodeDriver) -> str:
        seen.append(1)
        raise TimeoutError

    with pytest.raises(CloudUnavailable):
        await threads.call("create_node", action)
    assert len(seen) == 1
    threads.close()


@pytest.mark.real_loop
async def test_few_threads_and_a_bound_on_who_waits() -> None:
    threads = _threads()
    gate, most, now = threading.Event(), 0, 0
    lock = threading.Lock()

    def action(driver: NodeDriver) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        gate.wait(10)
        with lock:
            now -= 1

    waiting = [asyncio.create_task(threads.call("x", action)) for _ in range(WAITING)]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded):
        await threads.call("x", action)
    gate.set()
    await asyncio.gather(*waiting)
    assert most == THREADS
    threads.close()


def _request(**template: object) -> NodeRequest:
    return NodeRequest("clocker-p-h1", NodeTemplate(tags={"team": "a"}, **template), {"clocker-plane": "p"}, KEY)  # type: ignore[arg-type]


def _driver(provider: str, region: str = "", endpoint: str = "") -> NodeDriver:
    return kinds.make_driver(CloudSpec(provider, region, SecretRef("a"), SecretRef("b"), endpoint), lambda ref: ref.name)


def test_ec2_gets_keys_by_user_data_and_leaves_no_key_pair() -> None:
    given = kinds.arguments(_driver("ec2", "eu-west-1", "https://ec2.example:8443"), _request(security_groups=("web",)))
    assert set(given) == {"ex_userdata", "ex_metadata", "ex_security_groups"}
    assert given["ex_metadata"] == {"team": "a", "clocker-plane": "p"}
    assert KEY in str(given["ex_userdata"])
    assert "disable_root: false" in str(given["ex_userdata"])
    assert "disable_root" not in kinds.cloud_config(KEY, "debian")


def test_ports_are_opened_by_a_group_that_is_made_once() -> None:
    with serving() as ec2:
        driver = _driver("ec2", "eu-west-1", ec2.endpoint)
        for _ in range(2):
            given = kinds.arguments(driver, _request(inbound_ports=(80, 22), security_groups=("default",)))
            assert given["ex_security_groups"] == ["default", "clocker-ports-22-80"]
        groups = driver.ex_list_security_groups()  # type: ignore[attr-defined]
        assert groups.count("clocker-ports-22-80") == 1


class Groups:
    """EC2's security groups, of which one is there already with these rules; `late` is made by somebody else when we make it."""

    name = "EC2"
    features: Mapping[str, Sequence[str]] = {}

    def __init__(self, rules: list[dict[str, object]], *, late: bool = False) -> None:
        self.rules, self.late, self.opened = rules, late, list[int]()

    def create_node(self, ex_userdata: str = "", ex_security_groups: Sequence[str] = ()) -> None: ...

    def ex_list_security_groups(self) -> list[str]:
        return [] if self.late else ["clocker-ports-22-80"]

    def ex_create_security_group(self, name: str, description: str) -> None:
        self.late = False
        raise _http(400, f"InvalidGroup.Duplicate: {name}")

    def ex_get_security_groups(self, *, group_names: list[str]) -> list[EC2SecurityGroup]:
        return [EC2SecurityGroup("sg-1", name, self.rules, []) for name in group_names]  # type: ignore[no-untyped-call]

    def ex_authorize_security_group(self, name: str, from_port: int, to_port: int, cidr_ip: str) -> None:
        self.opened.append(from_port)


def _rule(protocol: str, first: str | None, last: str | None, *ranges: str) -> dict[str, object]:
    return {"protocol": protocol, "from_port": first, "to_port": last, "group_pairs": [], "cidr_ips": list(ranges)}


@pytest.mark.parametrize(
    ("rules", "opened"),
    [
        ([], [22, 80]),
        ([_rule("tcp", "22", "22", "0.0.0.0/0")], [80]),
        ([_rule("tcp", "20", "100", "0.0.0.0/0")], []),
        ([_rule("-1", None, None, "0.0.0.0/0")], []),
        ([_rule("-1", None, None)], [22, 80]),
        ([_rule("icmp", "-1", "-1", "0.0.0.0/0")], [22, 80]),
        ([_rule("udp", "22", "22", "0.0.0.0/0"), _rule("tcp", "80", "80", "10.0.0.0/8")], [22, 80]),
    ],
)
def test_ports_that_a_groups_rules_open_already(rules: list[dict[str, object]], opened: list[int]) -> None:
    groups = Groups(rules)
    given = kinds.arguments(cast(NodeDriver, groups), _request(inbound_ports=(80, 22)))
    assert given["ex_security_groups"] == ["clocker-ports-22-80"]
    assert groups.opened == opened


def test_a_group_that_another_node_made_meanwhile() -> None:
    groups = Groups([], late=True)
    kinds.arguments(cast(NodeDriver, groups), _request(inbound_ports=(80, 22)))
    assert groups.opened == [22, 80]


def test_digitalocean_has_other_words() -> None:
    given = kinds.arguments(_driver("digitalocean", "ams3"), _request())
    assert set(given) == {"ex_user_data", "ex_create_attr"}
    assert given["ex_create_attr"] == {"tags": ["team:a", "clocker-plane:p"]}


def test_linode_has_yet_others() -> None:
    given = kinds.arguments(_driver("linode"), _request())
    assert set(given) == {"ex_userdata", "ex_tags"}


def test_a_provider_that_lets_nobody_in_is_refused() -> None:
    with pytest.raises(CloudFault, match="takes neither user data nor keys"):
        kinds.arguments(_driver("scaleway"), _request())


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_which_providers_let_somebody_in(provider: str) -> None:
    if provider in {"openstack", "digitalocean", "linode", "vultr"}:  # whose classes are chosen by the version of the api
        driver: object = _driver(provider, "", "https://cloud.example:5000/v3")
    else:
        driver = get_driver(provider)
    found = cast(NodeDriver, driver)
    entered = any(kinds.takes(found, name) for name in ("ex_userdata", "ex_user_data", "cloud_init"))
    assert (entered or "ssh_key" in found.features.get("create_node", [])) == (provider not in LOCKED)


def test_a_provider_nobody_knows() -> None:
    with pytest.raises(CloudFault, match="no provider 'nimbostratus'"):
        _driver("nimbostratus")
    assert hasattr(Provider, "EC2")


def test_names_say_what_tags_would() -> None:
    assert kinds.tags_of_name("clocker-my-plane-h12") == {"clocker-plane": "my-plane", "clocker-host": "h12"}
    assert kinds.tags_of_name("web-1") == {}


class Secretive:
    """A provider's driver that tells all it knows; `valid` is the credential that it takes."""

    valid = "open-sesame/1"

    def __init__(self, resolve: Remembered) -> None:
        self.identity, self.credential = resolve(SecretRef("x.identity")), resolve(SecretRef("x.credential"))

    def list_nodes(self) -> str:
        if self.credential != self.valid:
            raise InvalidCredsError(f"credential {self.credential} is wrong")
        raise LibcloudError(f"GET /v1/nodes?api_key={quote(self.identity, safe='')}: signature of {self.credential} is wrong")

    def list_sizes(self) -> str:
        if self.credential != self.valid:
            raise InvalidCredsError(f"credential {self.credential} is wrong")
        return "sizes"


def _secretive(given: dict[str, str]) -> Threads:
    secrets = Remembered(lambda ref: given[ref.name])
    return Threads("somewhere", lambda: cast(NodeDriver, Secretive(secrets)), Calls(), secrets)


async def test_secrets_are_not_in_errors_whichever_of_them_is_the_token() -> None:
    threads = _secretive({"x.identity": "my token", "x.credential": "open-sesame/1"})
    with pytest.raises(CloudFault, match=r"api_key=\*\*\*: signature of \*\*\* is wrong") as refusal:
        await threads.call("list_nodes", lambda driver: driver.list_nodes())
    assert refusal.value.__suppress_context__
    shown = "".join(traceback.format_exception(refusal.value))
    assert not [word for word in ("open-sesame", "my token", "my%20token") if word in shown]
    threads.close()


async def test_a_secret_that_was_changed_is_read_again_when_the_old_one_is_refused() -> None:
    given = {"x.identity": "somebody", "x.credential": "open-sesame/0"}
    threads = _secretive(given)

    async def ask() -> object:
        return await threads.call("list_sizes", lambda driver: driver.list_sizes())

    for _ in range(2):
        with pytest.raises(CloudDenied, match=r"credential \*\*\* is wrong"):
            await ask()
    given["x.credential"] = Secretive.valid
    assert await ask() == "sizes"
    given["x.credential"] = "open-sesame/2"
    assert [await ask() for _ in range(THREADS)] == ["sizes"] * THREADS, "what is let in is not asked to prove it again"
    threads.close()


async def test_a_secret_changed_meanwhile_is_not_shown_either() -> None:
    given = {"x.identity": "somebody", "x.credential": "open-sesame/0"}
    threads = _secretive(given)
    with pytest.raises(CloudDenied):
        await threads.call("list_sizes", lambda driver: driver.list_sizes())
    given["x.credential"] = "open-sesame/9"

    def quoting(driver: NodeDriver) -> str:
        raise LibcloudError("neither open-sesame/9 nor open-sesame/0")

    with pytest.raises(CloudFault, match=r"neither \*\*\* nor \*\*\*"):
        await threads.call("x", quoting)
    threads.close()


@pytest.mark.parametrize("provider", ["digitalocean", "linode", "vultr"])
async def test_a_token_is_not_in_what_its_cloud_says(provider: str) -> None:
    """libcloud's drivers for these have no secret, only a key."""
    secrets = Remembered(lambda ref: f"token-of-{ref.name}")
    spec = CloudSpec(provider, "ams3", SecretRef("a"), SecretRef("b"))
    threads = Threads(provider, lambda: kinds.make_driver(spec, secrets), Calls(), secrets)

    def quoting(driver: NodeDriver) -> str:
        raise LibcloudError(f"Bearer {driver.key} is unknown")

    with pytest.raises(CloudFault, match=r"Bearer \*\*\* is unknown"):
        await threads.call("x", quoting)
    threads.close()


async def test_a_cloud_that_nobody_reaches() -> None:
    spec = CloudSpec("ec2", "eu-west-1", SecretRef("a"), SecretRef("b"), "http://127.0.0.1:1")
    cloud = LibcloudCloud(spec, lambda ref: ref.name, Calls())
    with pytest.raises(CloudUnavailable, match="check its endpoint"):
        await cloud.nodes({})
    await cloud.close()


def test_libcloud_is_not_imported_before_a_cloud_is_used() -> None:
    program = (
        "import sys, clocker_actors.drivers.cloud, clocker_actors.drivers.shell, clocker_actors.drivers.installing as i\n"
        "i.EngineInstaller()\n"
        "sys.exit(any(name in sys.modules for name in ('libcloud', 'asyncssh', 'cryptography', 'requests')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

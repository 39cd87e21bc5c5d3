"""Do the hosts of a bed behave like machines: run containers that can be reached, lose power, hang, fall off the network?"""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.bed import Bed, BedHost
from tests.bed.engine import ping
from tests.bed.image import WEB_PORT, WEB_TAG, Variant, build_variant, spin_path
from tests.bed.load import apply_load, fetch
from tests.bed.process import wait_until

pytestmark = pytest.mark.real


async def _web(host: BedHost, port: int, *flags: str) -> str:
    return (await host.docker("run", "-d", "-p", f"{port}:{WEB_PORT}", *flags, WEB_TAG)).strip()


async def _answers(host: BedHost, port: int, timeout: float = 5.0) -> str:
    """The page of a container, tried until it listens."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while True:
        try:
            return (await fetch(host.address, port, timeout=1.0))[1]
        except (OSError, TimeoutError):
            if loop.time() > end:
                raise
            await asyncio.sleep(0.05)


def _tcp_answers(host: BedHost, timeout: float = 0.5) -> bool:
    try:
        with socket.create_connection((host.address, 2375), timeout) as line:
            line.settimeout(timeout)
            line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in line.recv(64)
    except OSError:
        return False


async def test_containers_of_all_hosts_are_reachable_on_one_port(bed3: Bed) -> None:
    names = await asyncio.gather(*(_web(host, 18080, "--hostname", f"on-{host.name}") for host in bed3.hosts))
    try:
        pages = await asyncio.gather(*(_answers(host, 18080) for host in bed3.hosts))
        assert pages == [f"hello from on-{host.name}\n" for host in bed3.hosts]
    finally:
        await asyncio.gather(*(host.docker("rm", "-f", name) for host, name in zip(bed3.hosts, names, strict=True)))


async def test_the_web_image_needs_no_privilege(bed3: Bed) -> None:
    host = bed3.hosts[2]
    name = await _web(host, 18084, "--read-only", "--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    try:
        await _answers(host, 18084)
        assert (await fetch(host.address, 18084, spin_path(10)))[1].endswith("spun 10\n")
    finally:
        await host.docker("rm", "-f", name)


async def test_a_container_reaches_another_host(bed3: Bed) -> None:
    here, there, _ = bed3.hosts
    name = await _web(there, 18081)
    try:
        await _answers(there, 18081)
        page = await here.docker("run", "--rm", WEB_TAG, "wget", "-qO-", f"http://{there.address}:18081/")
        assert page.startswith("hello from")
    finally:
        await there.docker("rm", "-f", name)


async def test_load_burns_cpu_in_the_container(bed3: Bed) -> None:
    host = bed3.hosts[0]
    name = await _web(host, 18082)
    try:
        await _answers(host, 18082)
        before = await _cpu_seconds(host, name)
        report = await apply_load([(host.address, 18082)], spin_path(30_000), seconds=20, clients=2, requests=20)
        assert (report.good, report.failed) == (20, 0)
        assert await _cpu_seconds(host, name) - before > 0.2
    finally:
        await host.docker("rm", "-f", name)


async def _cpu_seconds(host: BedHost, name: str) -> float:
    """What the container's control group used, by version 1 or 2 of cgroups."""
    group = "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || cat /sys/fs/cgroup/cpu.stat"
    words = (await host.docker("exec", name, "sh", "-c", group)).split()
    return int(words[0]) / 1e9 if len(words) == 1 else int(words[1]) / 1e6


async def test_hosts_are_different_engines(bed3: Bed) -> None:
    ids = {await host.docker("info", "--format", "{{.ID}}") for host in bed3.hosts}
    assert len(ids) == len(bed3.hosts)


async def test_leftovers_are_found_by_label(bed3: Bed) -> None:
    host = bed3.hosts[1]
    label = ("--label", "clocker.plane=bedtest")
    await host.docker("create", "--name", "left", *label, WEB_TAG)
    await host.docker("network", "create", *label, "leftnet")
    await host.docker("volume", "create", *label, "leftvol")
    assert await host.leftovers("bedtest") == ["container left", "network leftnet", "volume leftvol"]
    assert await host.leftovers("other") == []
    await host.clear()
    assert await host.leftovers("bedtest") == []


async def test_power_cut_and_back(bed_host: BedHost) -> None:
    identity = await bed_host.docker("info", "--format", "{{.ID}}")
    name = await _web(bed_host, 18080)
    await bed_host.power_cut()
    assert not _tcp_answers(bed_host)
    await bed_host.power_on()
    assert _tcp_answers(bed_host)
    assert await bed_host.docker("info", "--format", "{{.ID}}") == identity
    state = await bed_host.docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name)
    assert state.split()[0] == "exited"
    await bed_host.docker("start", name)
    assert (await _answers(bed_host, 18080)).startswith("hello")


@pytest.mark.parametrize("kill", [False, True], ids=["in order", "crash"])
async def test_engine_restart_ends_containers(bed_host: BedHost, kill: bool) -> None:
    name = await _web(bed_host, 18080)
    await bed_host.restart_engine(kill=kill)
    assert (await bed_host.docker("inspect", "--format", "{{.State.Status}}", name)).strip() == "exited"


async def test_a_hung_engine_answers_no_ping_but_its_containers_run(bed_host: BedHost) -> None:
    await _web(bed_host, 18080)
    bed_host.hang()
    try:
        assert not ping(bed_host.socket, 0.5)
        assert (await _answers(bed_host, 18080)).startswith("hello")
    finally:
        bed_host.resume()
    assert ping(bed_host.socket, 5.0)


async def test_a_cut_cable_silences_the_network_only(bed_host: BedHost) -> None:
    assert _tcp_answers(bed_host)
    bed_host.cut_cable()
    assert not _tcp_answers(bed_host)
    assert ping(bed_host.socket, 2.0)
    bed_host.plug_cable()
    wait_until(lambda: _tcp_answers(bed_host), 5.0, "the cable does not heal")


async def test_faulty_variants(bed_host: BedHost) -> None:
    for variant in Variant:
        await build_variant(bed_host, variant)
    gone = (await bed_host.docker("run", "-d", Variant.EXITS_AT_ONCE.tag)).strip()
    assert (await bed_host.docker("wait", gone)).strip() == "3"
    sick = (await bed_host.docker("run", "-d", Variant.NEVER_HEALTHY.tag)).strip()
    slow = (await bed_host.docker("run", "-d", "-p", f"18083:{WEB_PORT}", Variant.SLOW_START.tag)).strip()
    with pytest.raises((OSError, TimeoutError)):
        await fetch(bed_host.address, 18083)
    assert (await _answers(bed_host, 18083, timeout=10.0)).startswith("hello")
    assert (await bed_host.docker("inspect", "--format", "{{.State.Health.Status}}", sick)).strip() == "unhealthy"
    assert (await bed_host.docker("inspect", "--format", "{{.State.Status}}", slow)).strip() == "running"


async def test_a_needless_pull_fails_at_once(bed_host: BedHost) -> None:
    begin = asyncio.get_running_loop().time()
    with pytest.raises(Exception, match="pull"):
        await bed_host.docker("pull", "nowhere/nothing:1")
    assert asyncio.get_running_loop().time() - begin < 5.0

"""A pool reached through SSH, or over the network, is deleted: are connections, forwarded sockets and their tasks gone, while the manager goes on?"""

import asyncio
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.flows.bedside import POOL, Door, cluster, deleted, deployed, done, on_hosts, ssh, tcp

pytestmark = pytest.mark.real


def open_to(hosts: set[str]) -> list[str]:
    """Established TCP connections of this machine's own namespace to these addresses, as the kernel lists them."""
    wanted = {"".join(f"{int(part):02X}" for part in reversed(host.split("."))) for host in hosts}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [fields[2] for fields in lines if fields[3] == "01" and fields[2].split(":")[0] in wanted]


@pytest.mark.parametrize("door", [ssh, tcp], ids=["ssh", "tcp"])
async def test_nothing_leads_to_the_hosts_of_a_deleted_pool(bed3: Bed, tmp_path: Path, door: Door) -> None:
    hosts = bed3.hosts[:2]
    addresses = {host.address for host in hosts}
    async with on_hosts(hosts, tmp_path, "parted", door=door) as driven:
        await deployed(driven, cluster("shop", 2))
        tasks = len(asyncio.all_tasks())
        assert open_to(addresses)
        await deleted(driven, "shop")
        await done(driven, await driven.invoke(POOL, "delete"))
        await driven.until(lambda: not open_to(addresses), 5, f"connections are open: {open_to(addresses)}")
        run = tmp_path / "s" / "run"
        assert not run.exists() or not [path for path in run.rglob("*") if path.is_socket()]
        assert len(asyncio.all_tasks()) < tasks

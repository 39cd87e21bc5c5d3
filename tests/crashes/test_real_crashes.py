"""Does the daemon find its way again after `kill -9` at random instants, on real engines? A few of the many kills of `make soak`."""

import asyncio
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.crashes.story import run
from tests.flows.bedside import said

pytestmark = pytest.mark.real

KILLS, SEED = 8, 5


def test_nothing_is_lost_doubled_or_left_over(bed3: Bed, tmp_path: Path) -> None:
    hosts = bed3.hosts[:2]
    try:
        report = run(hosts, tmp_path, KILLS, SEED)
    except BaseException:
        for host in hosts:
            asyncio.run(host.clear())  # the next test shares the bed
        raise
    print(report)
    said(f"{report.kills} kills", report.seconds)

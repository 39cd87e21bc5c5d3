"""Are decisions the same, byte for byte, in another process with another hash seed?"""

import os
import subprocess
import sys

import msgspec

from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import PortSpec
from tests.placement.samples import GB, ask, host, index_of, request, strategy

PIPELINES = ((), (strategy("Random"),), (strategy("MaxContainers", maxContainers=6), strategy("LowestCpuUsage")))


def story() -> bytes:
    index = index_of(*(host(number, cpu=float(number * 7 % 50), up=number != 3) for number in range(9)))
    told = []
    for number in range(120):
        wanted = request(number, cluster=f"c{number % 4}", memory=GB, ports=(PortSpec(80), PortSpec(81)), avoid=(Uid("h4"), Uid("h5")))
        told.append(ask(wanted, index, *PIPELINES[number % 3]))
        if number % 3 == 2:
            index.release(Uid(f"m{number - 1}"), 1)
    return msgspec.json.encode(told)


def test_other_hash_seeds_give_the_same_decisions() -> None:
    program = "import sys; from tests.placement.test_repeatable import story; sys.stdout.buffer.write(story())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, stdout=subprocess.PIPE, timeout=60
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout == story()

"""Are secrets in a container's files, in memory alone, its own alone, and gone when they are to go: on whatever engine?

What is asked of the keeper is asked inside of it, in frames that no recording has; so these run on the simulated engine and on a real one.
"""

from dataclasses import replace

import pytest

from clocker_actors.errors import Conflict, EngineFault
from clocker_actors.model.containers import EngineState, KeptFile
from clocker_actors.model.identity import LABEL_KEEPER
from tests.contracts.engine.lab import LABEL, Lab, engine_only, live

DOORS = ("docker-unix",)
KEEPER = "clocker.test.keeper"
OURS = {LABEL: "test", LABEL_KEEPER: "1"}
TARGET = "/run/secrets"


async def with_secrets(lab: Lab, folder: str, *files: KeptFile) -> str:
    """A container that runs with these secrets."""
    place = await lab.engine.keep(KEEPER, OURS, folder, files)
    return await lab.run(replace(lab.request(), kept={TARGET: f"{place}/0"}))


async def content(lab: Lab, container: str, path: str) -> str:
    code, output = await lab.engine.execute(container, ["cat", path], 5.0)
    return output if code == 0 else f"code {code}"


@live
async def test_each_has_its_own_and_what_is_put_anew_is_there_at_once(lab: Lab) -> None:
    one = await with_secrets(lab, "m1.g1", KeptFile("0/password", "eins\n"))
    two = await with_secrets(lab, "m2.g1", KeptFile("0/password", "zwei\n"), KeptFile("0/key", "key\n"))
    assert await content(lab, one, f"{TARGET}/password") == "eins\n"
    assert await content(lab, two, f"{TARGET}/password") == "zwei\n"
    assert await content(lab, one, f"{TARGET}/key") != "key\n"
    await lab.engine.keep(KEEPER, OURS, "m2.g1", [KeptFile("0/password", "drei\n")])
    if lab.kind != "simulated":
        assert await content(lab, two, f"{TARGET}/password") == "drei\n"
    assert sorted(await lab.engine.kept(KEEPER)) == ["m1.g1", "m2.g1"]


@live
async def test_folders_go_and_the_keeper_with_the_last_one(lab: Lab) -> None:
    for folder in ("m1.g1", "m2.g1"):
        await lab.engine.keep(KEEPER, OURS, folder, [KeptFile("0/password", "eins"), KeptFile("1/other", "zwei")])
    await lab.engine.forget(KEEPER, OURS, ["m1.g1", "never"])
    assert list(await lab.engine.kept(KEEPER)) == ["m2.g1"]
    await lab.engine.forget(KEEPER, OURS, ["m2.g1"])
    assert list(await lab.engine.list(OURS)) == []
    assert list(await lab.engine.volumes(OURS)) == []
    await lab.engine.forget(KEEPER, OURS, ["m2.g1"])
    assert list(await lab.engine.kept(KEEPER)) == []


@live
async def test_nothing_is_left_after_the_keeper_ended_and_nothing_starts_without_its_secrets(lab: Lab) -> None:
    running = await with_secrets(lab, "m1.g1", KeptFile("0/password", "eins\n"))
    place = await lab.engine.keep(KEEPER, OURS, "m2.g1", [KeptFile("0/password", "zwei\n")])
    waiting = await lab.engine.create(replace(lab.request(), kept={TARGET: f"{place}/0"}))
    await lab.engine.kill(KEEPER)
    assert list(await lab.engine.kept(KEEPER)) == []
    with pytest.raises(EngineFault):
        await lab.engine.start(waiting)
    await lab.engine.keep(KEEPER, OURS, "m2.g1", [KeptFile("0/password", "drei\n")])
    assert list(await lab.engine.kept(KEEPER)) == ["m2.g1"], "it began with nothing in it"
    await lab.engine.start(waiting)
    assert await content(lab, waiting, f"{TARGET}/password") == "drei\n"
    if lab.kind != "simulated":
        assert await content(lab, running, f"{TARGET}/password") == "eins\n", "who has it keeps it"


@live
async def test_a_stranger_of_that_name_is_left_alone(lab: Lab) -> None:
    identity = await lab.run(lab.request(KEEPER))
    with pytest.raises(Conflict, match="remove it by hand"):
        await lab.engine.keep(KEEPER, OURS, "m1.g1", [])
    await lab.engine.forget(KEEPER, OURS, ["m1.g1"])
    assert (await lab.engine.inspect(identity)).state is EngineState.RUNNING


@live
@engine_only
async def test_they_are_in_memory_and_only_whom_they_are_for_reads_them(lab: Lab) -> None:
    identity = await with_secrets(lab, "m1.g1", KeptFile("0/password", "eins\n", 0o400, 1000, 1000))
    told = (await lab.engine.execute(identity, ["ls", "-ln", TARGET], 5.0))[1]
    assert "-r--------" in told
    assert told.split().count("1000") == 2
    mounts = (await lab.engine.execute(identity, ["cat", "/proc/mounts"], 5.0))[1]
    mount = next(line.split() for line in mounts.splitlines() if line.split()[1] == TARGET)
    assert mount[2] == "tmpfs"
    assert mount[3].split(",")[0] == "ro"
    assert (await lab.engine.execute(identity, ["sh", "-c", f"echo x > {TARGET}/password"], 5.0))[0] != 0

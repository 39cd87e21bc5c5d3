"""Can we look into a container: run commands, read its output, ask whether it is well?"""

import asyncio

import pytest

from clocker_actors.errors import EngineFault, EngineUnavailable, NotFound, TimedOut
from clocker_actors.model.specs import FileSpec, PortSpec, ProbeKind, ProbeSpec
from tests.bed.image import WEB_PORT
from tests.contracts.engine.lab import Lab, engine_only, until


async def test_a_command_gives_code_and_output(lab: Lab) -> None:
    identity = await lab.run()
    assert await lab.engine.execute(identity, ["sh", "-c", "echo one; echo two; exit 3"], 5.0) == (3, "one\ntwo\n")


async def test_a_command_that_takes_too_long(lab: Lab) -> None:
    identity = await lab.run()
    with pytest.raises(TimedOut, match="sleep 5"):
        await lab.engine.execute(identity, ["sleep", "5"], 0.3)


async def test_a_command_in_what_does_not_run(lab: Lab) -> None:
    identity = await lab.engine.create(lab.request())
    with pytest.raises(EngineFault):
        await lab.engine.execute(identity, ["true"], 1.0)


async def test_the_disk_holds_something(lab: Lab) -> None:
    await lab.run()
    assert await lab.engine.disk() > 100_000


async def test_the_log_is_lines_of_text(lab: Lab) -> None:
    identity = await lab.run(lab.request(command=("sh", "-c", "echo one; echo two; echo three; sleep 0.2")))

    async def ended() -> bool:
        return (await lab.engine.inspect(identity)).exit_code == 0

    await until(ended, 10.0)
    seen = [line async for line in lab.engine.logs(identity, follow=False, tail=100)]
    assert [line for line in seen if line in ("one", "two", "three")] == ["one", "two", "three"]
    assert len([line async for line in lab.engine.logs(identity, follow=False, tail=1)]) == 1


async def test_a_followed_log_ends_with_its_container(lab: Lab) -> None:
    identity = await lab.run(lab.request(command=("sh", "-c", "echo hello; sleep 1; exit 0")))
    async with asyncio.timeout(10):
        assert "hello" in [line async for line in lab.engine.logs(identity, follow=True, tail=10)]


async def test_a_server_becomes_ready(lab: Lab) -> None:
    identity = await lab.run(lab.request(command=None, port=20_300, ports=(PortSpec(WEB_PORT),)))
    seen = await lab.engine.inspect(identity)
    for probe in (ProbeSpec(ProbeKind.HTTP, WEB_PORT), ProbeSpec(ProbeKind.TCP, WEB_PORT), ProbeSpec(ProbeKind.EXEC, command=("true",))):

        async def ready(probe: ProbeSpec = probe) -> bool:
            return (await lab.engine.probe(seen, lab.address, probe)).ok

        await until(ready, 10.0)


async def test_what_is_not_well_is_a_result_with_words(lab: Lab) -> None:
    identity = await lab.run(lab.request(command=("sh", "-c", "exit 0"), port=20_301, ports=(PortSpec(WEB_PORT),)))

    async def ended() -> bool:
        return (await lab.engine.inspect(identity)).exit_code is not None

    seen = await lab.engine.inspect(identity)
    await until(ended, 5.0)
    for probe in (ProbeSpec(ProbeKind.HTTP, WEB_PORT, timeout=0.5), ProbeSpec(ProbeKind.TCP, WEB_PORT, timeout=0.5)):
        result = await lab.engine.probe(seen, lab.address, probe)
        assert not result.ok
        assert result.detail


async def test_a_failing_command_probe_tells_its_code(lab: Lab) -> None:
    identity = await lab.run()
    seen = await lab.engine.inspect(identity)
    result = await lab.engine.probe(seen, lab.address, ProbeSpec(ProbeKind.EXEC, command=("sh", "-c", "echo broken; exit 7")))
    assert not result.ok
    assert "7" in result.detail
    assert "broken" in result.detail


async def test_a_command_probe_that_takes_too_long_is_not_well(lab: Lab) -> None:
    identity = await lab.run()
    seen = await lab.engine.inspect(identity)
    result = await lab.engine.probe(seen, lab.address, ProbeSpec(ProbeKind.EXEC, command=("sleep", "5"), timeout=0.3))
    assert not result.ok


async def test_a_command_probe_of_a_hanging_engine_says_that_nobody_knows(lab: Lab) -> None:
    identity = await lab.run()
    seen = await lab.engine.inspect(identity)
    lab.weather.hang()
    try:
        with pytest.raises(EngineUnavailable):
            await lab.engine.probe(seen, lab.address, ProbeSpec(ProbeKind.EXEC, command=("true",), timeout=1.0))
    finally:
        lab.weather.resume()


async def test_files_are_there_before_and_after_it_starts(lab: Lab) -> None:
    identity = await lab.engine.create(lab.request())
    await lab.engine.put(identity, [FileSpec("/etc/deep/er/app.conf", "one = 1\nzwei = zwölf\n", 0o600), FileSpec("/motd", "hello\n")])
    await lab.engine.start(identity)
    assert await lab.engine.execute(identity, ["cat", "/etc/deep/er/app.conf"], 5.0) == (0, "one = 1\nzwei = zwölf\n")
    await lab.engine.put(identity, [FileSpec("/motd", "hello again\n")])
    assert await lab.engine.execute(identity, ["cat", "/motd"], 5.0) == (0, "hello again\n")
    assert await lab.engine.execute(identity, ["cat", "/etc/deep/er/app.conf"], 5.0) == (0, "one = 1\nzwei = zwölf\n")


async def test_files_for_nobody(lab: Lab) -> None:
    with pytest.raises(NotFound):
        await lab.engine.put("clocker.test.nobody.g1", [FileSpec("/motd", "hello\n")])


@engine_only
async def test_files_have_their_permissions_and_other_contents_other_times(lab: Lab) -> None:
    identity = await lab.run()
    found = []
    for content in ("one\n", "two\n"):
        await lab.engine.put(identity, [FileSpec("/etc/deep/app.conf", content, 0o640)])
        found.append((await lab.engine.execute(identity, ["ls", "-ln", "--full-time", "/etc/deep"], 5.0))[1])
    assert all("-rw-r-----" in each and " 0 " in each for each in found), found
    assert found[0].splitlines()[-1].split()[5:7] != found[1].splitlines()[-1].split()[5:7]


async def test_a_name_of_its_own_is_known_inside(lab: Lab) -> None:
    identity = await lab.run(lab.request(hosts={"db": "192.0.2.7"}))
    if lab.kind != "simulated":
        assert "192.0.2.7\tdb" in (await lab.engine.execute(identity, ["cat", "/etc/hosts"], 5.0))[1]
    assert (await lab.engine.inspect(identity)).gateway

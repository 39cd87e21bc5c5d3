"""Does a container go through its life as asked, and does asking twice do no harm?"""

import pytest

from clocker_actors.errors import EngineFault, NotFound
from clocker_actors.model.containers import EngineState
from clocker_actors.model.specs import PortSpec, Resources, VolumeKind, VolumeSpec
from tests.bed.image import WEB_PORT
from tests.contracts.engine.lab import LABEL, Lab, until


async def test_a_life_from_create_to_remove(lab: Lab) -> None:
    engine, wanted = lab.engine, lab.request(labels={"clocker.generation": "1"})
    identity = await engine.create(wanted)
    made = await engine.inspect(identity)
    assert (made.id, made.name, made.state, made.started_at) == (identity, wanted.name, EngineState.CREATED, None)
    assert made.labels.items() >= wanted.labels.items()
    await engine.start(identity)
    running = await engine.inspect(wanted.name)
    assert running.state is EngineState.RUNNING
    assert running.exit_code is None
    assert running.started_at is not None
    await engine.stop(identity, 1.0)
    ended = await engine.inspect(identity)
    assert (ended.state, ended.exit_code in (137, 143)) == (EngineState.EXITED, True)
    await engine.remove(identity)
    with pytest.raises(NotFound):
        await engine.inspect(identity)


async def test_asking_twice_is_fine(lab: Lab) -> None:
    engine, identity = lab.engine, await lab.run()
    await engine.start(identity)
    await engine.stop(identity, 0.0)
    await engine.stop(identity, 0.0)
    await engine.kill(identity)
    await engine.remove(identity)
    await engine.remove(identity)


async def test_a_stopped_container_starts_again(lab: Lab) -> None:
    identity = await lab.run()
    await lab.engine.kill(identity)
    assert (await lab.engine.inspect(identity)).exit_code == 137
    await lab.engine.start(identity)
    assert (await lab.engine.inspect(identity)).state is EngineState.RUNNING


async def test_a_running_container_is_removed_by_force(lab: Lab) -> None:
    identity = await lab.run()
    await lab.engine.remove(identity)
    assert await lab.engine.list({}) == []


async def test_the_list_knows_labels_states_and_codes(lab: Lab) -> None:
    running = await lab.run(lab.request(labels={"team": "a"}))
    ended = await lab.run(lab.request(labels={"team": "b"}))
    await lab.engine.kill(ended)

    async def told() -> bool:  # of newer engines the list is a moment behind
        by_id = {seen.id: seen for seen in await lab.engine.list({LABEL: "test"})}
        assert by_id.keys() == {running, ended}
        assert by_id[running].state is EngineState.RUNNING
        return (by_id[ended].state, by_id[ended].exit_code) == (EngineState.EXITED, 137)

    await until(told, 1.0)
    assert [seen.id for seen in await lab.engine.list({LABEL: "test", "team": "a"})] == [running]
    assert list(await lab.engine.list({"team": "c"})) == []


async def test_published_ports_are_seen_while_it_runs(lab: Lab) -> None:
    wanted = lab.request(command=None, port=20_100, ports=(PortSpec(WEB_PORT),))
    identity = await lab.run(wanted)
    key = f"{WEB_PORT}/tcp"
    assert (await lab.engine.inspect(identity)).ports == {key: 20_100}
    assert (await lab.engine.list({}))[0].ports == {key: 20_100}


async def test_a_process_that_ends_at_once_is_started_and_then_exited(lab: Lab) -> None:
    identity = await lab.run(lab.request(command=("sh", "-c", "exit 3")))

    async def exited() -> bool:
        return (await lab.engine.inspect(identity)).state is EngineState.EXITED

    await until(exited, 10.0)
    assert (await lab.engine.inspect(identity)).exit_code == 3


async def test_resources_change_in_place(lab: Lab) -> None:
    identity = await lab.run(lab.request(resources=Resources(cpus=0.5, memory=64 << 20, pids=50)))
    await lab.engine.update(identity, Resources(cpus=1.0, cpu_shares=512, memory=96 << 20, pids=60))
    watch = lab.engine.watch()
    watch.follow(identity, 1.0)
    sample = await anext(aiter(watch))
    await watch.close()
    assert sample.memory_limit == 96 << 20


async def test_an_inspection_shows_what_was_changed_and_what_was_left(lab: Lab) -> None:
    identity = await lab.run(lab.request(resources=Resources(cpus=0.5, memory=64 << 20), restart="on-failure:2"))
    seen = await lab.engine.inspect(identity)
    assert (seen.resources, seen.restart) == (Resources(cpus=0.5, memory=64 << 20), "on-failure:2")
    await lab.engine.update(identity, Resources(memory=96 << 20, pids=60), "unless-stopped")
    seen = await lab.engine.inspect(identity)
    assert (seen.resources, seen.restart) == (Resources(cpus=0.5, memory=96 << 20, pids=60), "unless-stopped")
    await lab.engine.update(identity, Resources())
    again = await lab.engine.inspect(identity)
    assert (again.resources, again.restart, again.id) == (seen.resources, seen.restart, identity)
    assert again.state is EngineState.RUNNING


async def test_a_change_that_cannot_be_is_refused(lab: Lab) -> None:
    identity = await lab.run(lab.request(resources=Resources(memory=64 << 20)))
    with pytest.raises(EngineFault):
        await lab.engine.update(identity, Resources(memory=1 << 20))
    assert (await lab.engine.inspect(identity)).resources == Resources(memory=64 << 20)


async def test_a_container_with_all_the_trimmings_runs(lab: Lab) -> None:
    await lab.engine.ensure_volume("trim", {LABEL: "test"})
    wanted = lab.request(
        env={"COLOUR": "blue"},
        volumes=(VolumeSpec(VolumeKind.VOLUME, "trim", "/data"), VolumeSpec(VolumeKind.TMPFS, "", "/scratch")),
        user="1000:1000",
        read_only=True,
        init=True,
        capabilities_drop=("ALL",),
        stop_signal="SIGTERM",
        stop_timeout=2.5,
        restart="on-failure:2",
    )
    identity = await lab.run(wanted)
    assert (await lab.engine.inspect(identity)).state is EngineState.RUNNING

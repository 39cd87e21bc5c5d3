"""Are events complete, in order, and resumed where they broke off?"""

import asyncio
from dataclasses import replace

from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.containers import EngineEvent
from clocker_actors.model.specs import BuildSpec
from tests.contracts.engine.lab import LABEL, Lab, engine_only, heard, next_of, packed, until


async def test_a_life_is_heard_in_order(lab: Lab) -> None:
    async with heard(lab.engine) as events:
        wanted = lab.request()
        identity = await lab.run(wanted)
        await lab.engine.kill(identity)
        await lab.engine.remove(identity)
        life = [event for event in await next_of(events, identity, 4) if event.action != "kill"]
    assert [event.action for event in life] == ["create", "start", "die", "destroy"]
    assert {event.name for event in life} == {wanted.name}
    assert all(event.labels[LABEL] == "test" for event in life)
    assert life[2].exit_code == 137
    assert sorted(event.at for event in life) == [event.at for event in life]
    assert len({event.cursor for event in life}) == len(life)


async def test_commands_inside_are_not_heard(lab: Lab) -> None:
    identity = await lab.run()
    async with heard(lab.engine) as events:
        await lab.engine.execute(identity, ["true"], 5.0)
        await lab.engine.kill(identity)
        assert (await next_of(events, identity, 1))[0].action == "die"


async def test_nothing_between_two_subscriptions_is_lost_or_told_twice(lab: Lab) -> None:
    async with heard(lab.engine) as events:
        first = await lab.run()
        last = (await next_of(events, first, 2))[-1]
    second = await lab.run()
    async with heard(lab.engine, last.cursor) as events:
        missed = await next_of(events, second, 2)
        await lab.engine.kill(first)
        now = await next_of(events, first, 1)
    assert [event.action for event in missed] == ["create", "start"]
    assert now[0].action == "die"


async def test_what_is_made_after_the_subscription_began_is_heard_or_listed(lab: Lab) -> None:
    async with heard(lab.engine) as events:
        making = [asyncio.create_task(lab.engine.create(lab.request())) for _ in range(5)]
        listed = {seen.id for seen in await lab.engine.list({})}
        made = set(await asyncio.gather(*making))
        unseen = made - listed
        async with asyncio.timeout(10):
            while unseen:
                event = await events.get()
                assert isinstance(event, EngineEvent)
                assert event.action == "create"
                unseen.discard(event.id)


async def test_a_restarted_engine_breaks_the_stream(lab: Lab) -> None:
    async with heard(lab.engine) as events:
        await lab.weather.restart()
        async with asyncio.timeout(10):
            while not isinstance(last := await events.get(), EngineUnavailable):
                pass
        assert last.retry_after is not None
    await lab.reachable()
    async with heard(lab.engine) as events:
        identity = await lab.engine.create(lab.request())
        assert (await next_of(events, identity, 1))[0].action == "create"


@engine_only
async def test_a_healthcheck_is_heard_and_seen(lab: Lab) -> None:
    text = f"FROM {lab.image}\nHEALTHCHECK --interval=1s --retries=1 CMD test -e /tmp/well\n"
    await lab.engine.build("clocker/checked:1", BuildSpec(""), packed(text), {})
    async with heard(lab.engine) as events:
        identity = await lab.run(
            replace(lab.request(command=("sh", "-c", "sleep 2; touch /tmp/well; sleep 60")), image="clocker/checked:1")
        )
        assert (await lab.engine.inspect(identity)).healthcheck == "starting"
        told = [event for event in await next_of(events, identity, 4) if event.action == "health_status"]
    assert [event.health for event in told] == ["unhealthy", "healthy"]

    async def seen() -> bool:
        (listed,) = await lab.engine.list({})
        return {listed.healthcheck, (await lab.engine.inspect(identity)).healthcheck} == {"healthy"}

    await until(seen, 3.0)

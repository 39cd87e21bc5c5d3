"""token and audit: a token is shown once and works at once, and who did what can be read."""

import asyncio
import json

import pytest

from clocker_actors.admin.tokens import PREFIX
from tests.admin.house import House
from tests.cli.conftest import Clocker

pytestmark = pytest.mark.real_loop


async def test_a_token_is_shown_once_listed_and_revoked(house: House, clocker: Clocker) -> None:
    assert "NAME" in (await clocker("token")).out
    made = await clocker(
        "token", "create", "ci", "--scope", "operate", "--expires", "30d", "--application", "shop", "--application", "blog"
    )
    assert made.code == 0 and made.out.startswith(PREFIX) and made.out.count("\n") == 1  # so that it can go into a variable or a file
    assert "may operate shop, blog, until" in made.said and "this once" in made.said
    who = house.context.tokens.principal(made.out.strip())
    assert who is not None and (who.name, str(who.scope), who.applications) == ("ci", "operate", ("shop", "blog"))
    answered = json.loads((await clocker("token", "create", "all", "--json")).out)
    assert (answered["scope"], answered["expires"]) == ("read", None) and answered["token"].startswith(PREFIX)
    listed = await clocker("token", "ls")
    assert "shop, blog" in listed.out and "all there is" in listed.out and PREFIX not in listed.out
    assert all(len(line) <= 80 for line in listed.out.splitlines())
    assert (await clocker("token", "revoke", "ci")).code == 0
    assert house.context.tokens.principal(made.out.strip()) is None
    assert [each["name"] for each in json.loads((await clocker("token", "ls", "--json")).out)["items"]] == ["all"]


async def test_what_is_wrong_is_said(house: House, clocker: Clocker) -> None:
    for arguments, words in (
        (("make",), "no action 'make'"),
        (("ls", "ci"), "takes no name"),
        (("create",), "needs a name"),
        (("revoke", "ci", "--scope", "read"), "takes no options"),
        (("create", "ci", "--expires", "soon"), "--expires soon is not a time"),
        (("create", "ci", "--scope", "root"), "scope"),
        (("create", "CI"), "no name for a token"),
        (("revoke", "ci"), "no token 'ci'"),
    ):
        ran = await clocker("token", *arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert words in ran.said, arguments


async def test_who_did_what_is_shown(house: House, clocker: Clocker) -> None:
    await clocker("resize", "shop/web", "3")
    async with asyncio.timeout(5):
        while not house.context.audit.latest(1):  # noqa: ASYNC110 - lines are written beside the loop, by a thread that tells nobody
            await asyncio.sleep(0.01)
    told = await clocker("audit", "--latest", "5")
    assert "effectors/resize" in "".join(told.out.split())
    assert "202" in told.out and "unix" in told.out
    assert all(len(line) <= 80 for line in told.out.splitlines())
    (line,) = json.loads((await clocker("audit", "--json")).out)["items"]
    assert (line["target"], line["outcome"], line["cause"]) == ("shop/web", "done", house.invoked[0].cause.id)

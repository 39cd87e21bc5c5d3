"""Do the addresses that a blueprint names answer? Asked once, when it is deployed: all at the same time, and for a bounded while."""

import asyncio
from collections.abc import Mapping

import httpx

from clocker_actors.blueprint.nodes import quote
from clocker_actors.errors import BlueprintError

MOST = 50
LIMIT = 5.0
"""Seconds that each has to answer."""

_NO_HEAD = {405, 501}


async def check(urls: Mapping[str, str]) -> None:
    """Ask all of them; `urls` has where each is written. Raises BlueprintError with those that do not answer as they should."""
    if len(urls) > MOST:
        raise BlueprintError(
            (f"{next(iter(urls.values()))}: {len(urls)} addresses are to be asked for, at most {MOST} are; ask for fewer",)
        )
    if not urls:
        return
    async with httpx.AsyncClient(timeout=LIMIT, follow_redirects=True, max_redirects=5, trust_env=False) as client:
        answers = await asyncio.gather(*(_answer(client, url) for url in urls))
    wrong = [f"{where}: {quote(url)} {answer}" for (url, where), answer in zip(urls.items(), answers, strict=True) if answer]
    if wrong:
        raise BlueprintError(tuple(wrong))


async def _answer(client: httpx.AsyncClient, url: str) -> str:
    """What is wrong with the answer, "" if nothing. Bodies are not read."""
    try:
        async with asyncio.timeout(LIMIT):
            answer = await client.head(url)
            if answer.status_code in _NO_HEAD:
                async with client.stream("GET", url) as answer:
                    pass
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError, OSError) as error:
        return f"does not answer ({str(error) or f'not in {LIMIT:.0f} s'}); see that it is right, and reached from the manager's machine"
    if answer.status_code >= 400:
        return f"answers {answer.status_code}; see that it is right"
    return ""

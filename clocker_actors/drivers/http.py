"""HTTP as feeds need it: one question, one bounded answer.

Every question has a connection of its own: what is asked comes and goes, and a kept connection to a container that is no more only fails later. Bodies are
taken as they are sent, never unpacked, and reading ends at the bound: nobody can fill our memory by answering. Redirects are answers, not followed.
"""

import asyncio
import time
from contextlib import suppress

import aiohttp

from clocker_actors.errors import HttpFault, HttpUnavailable
from clocker_actors.model.http import HttpAnswer, HttpQuestion

AT_ONCE = 64
_PIECE = 64 * 1024


class AioHttp:
    """Asks with aiohttp; at most AT_ONCE questions are open, others wait within their own time."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, question: HttpQuestion) -> HttpAnswer:
        """The answer. Raises HttpUnavailable, HttpFault."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(question.limit):
                return await self._ask(question, began)
        except TimeoutError:
            raise HttpUnavailable(f"{question.url} did not answer within {question.limit:g} s") from None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError) as error:
            raise HttpFault(f"{question.url} cannot be asked: {error}; write http://host:port/path") from error
        except aiohttp.ClientResponseError as error:
            raise HttpFault(f"{question.url} does not speak HTTP: {error.message[:200]}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise HttpUnavailable(f"{question.url} does not answer: {_words(error)}") from error

    async def _ask(self, question: HttpQuestion, began: float) -> HttpAnswer:
        headers = {"Accept-Encoding": "identity", "User-Agent": "clocker", **question.headers}
        body = question.body.encode() if question.body else None
        session = self._opened()
        async with session.request(
            question.method, question.url, headers=headers, data=body, allow_redirects=False, ssl=question.verify
        ) as response:
            packed = response.headers.get("Content-Encoding", "identity")
            if packed not in {"", "identity"}:
                raise HttpFault(f"{question.url} answered packed ({packed[:40]}), which was not asked for")
            said = response.content_length
            if said is not None and said > question.most:
                raise HttpFault(
                    f"{question.url} answers with {said} bytes, more than the {question.most} allowed; ask for less, or allow more by maxSize"
                )
            content = await _body(response, question)
            kind = response.headers.get("Content-Type", "")
            return HttpAnswer(response.status, content, kind[:200], time.monotonic() - began)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(force_close=True, limit=AT_ONCE)
            waits = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=waits, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session

    async def close(self) -> None:
        """Nothing is asked any more."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # transports are closed in the loop's next turn


async def _body(response: aiohttp.ClientResponse, question: HttpQuestion) -> bytes:
    pieces = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        pieces += piece
        if len(pieces) > question.most:
            response.close()
            raise HttpFault(
                f"{question.url} answers with more than the {question.most} bytes allowed; ask for less, or allow more by maxSize"
            )
    return bytes(pieces)


def _words(error: BaseException) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return str(cause)[:200] or type(cause).__name__

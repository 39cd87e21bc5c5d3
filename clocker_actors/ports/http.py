"""Questions by HTTP to whatever people run, as feeds ask them."""

from typing import Protocol

from clocker_actors.model.http import HttpAnswer, HttpQuestion


class Http(Protocol):
    """Any status is an answer. Errors: HttpUnavailable (nobody answers, or not in time), HttpFault (no HTTP, too much, or a url that cannot be asked)."""

    async def ask(self, question: HttpQuestion) -> HttpAnswer: ...
    async def close(self) -> None: ...

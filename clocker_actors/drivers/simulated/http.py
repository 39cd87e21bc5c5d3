"""HTTP in the simulated world: what is said at which url is set, everything else is silent at once."""

import asyncio
from collections.abc import Callable

from clocker_actors.errors import HttpUnavailable
from clocker_actors.model.http import HttpAnswer, HttpQuestion

Says = Callable[[HttpQuestion], HttpAnswer]
LATENCY = 0.005


class SimulatedHttp:
    """Answers by `said`: a url, or how one begins, and the function that answers it. The longest that fits is taken."""

    def __init__(self) -> None:
        self.said: dict[str, Says] = {}
        self.asked: list[HttpQuestion] = []

    def say(self, url: str, body: str, *, status: int = 200, kind: str = "application/json") -> None:
        """Everything below this url answers so from now on."""
        self.said[url] = lambda _: HttpAnswer(status, body.encode(), kind, LATENCY)

    async def ask(self, question: HttpQuestion) -> HttpAnswer:
        """The answer that was set. Raises HttpUnavailable where none was."""
        self.asked.append(question)
        await asyncio.sleep(LATENCY)
        fitting = [url for url in self.said if question.url.startswith(url)]
        if not fitting:
            raise HttpUnavailable(f"{question.url} does not answer: nothing listens there")
        return self.said[max(fitting, key=len)](question)

    async def close(self) -> None:
        """Nothing is kept open."""

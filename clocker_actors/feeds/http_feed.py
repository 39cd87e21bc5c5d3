"""HTTP feeds: a page asked in a period, and sensors out of its JSON. One question feeds all of its sensors.

What comes back is taken apart in the work, a large answer in a thread: an answer of some megabytes holds the loop for no longer than one of some bytes.
"""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from clocker_actors.errors import BadRequest, HttpFault
from clocker_actors.feeds.address import ADDRESS_KEYS, url, wrong_address
from clocker_actors.feeds.base import ON_FAILURE, PERIOD, STALE, TIMEOUT, FeedActor
from clocker_actors.feeds.extracting import Wanted, decoded, value_of, wanted
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.formula import formula
from clocker_actors.model.http import MIB, HttpAnswer, HttpQuestion
from clocker_actors.model.identity import Uid
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map
from clocker_actors.ports.http import Http

Found = Mapping[str, Value]
IN_A_THREAD = 64 * 1024
_SPARE = 5.0

MOST = KeyType("maxSize", "size", MIB, "largest answer taken; a larger one is a failed poll", least=1, most=16 * MIB)
HEADERS = KeyType("headers", "map", {}, "headers to send")


class NetworkFeed(FeedActor):
    """A feed that asks by HTTP where its entity is now. Subclasses say what an answer comes to, in `taken_apart`, which may run in a thread."""

    def __init__(self, spec: PolicySpec, entity: Uid, *, http: Http, state: Mapping[str, Value] | None, suspended: bool) -> None:
        super().__init__(spec, entity, state=state, suspended=suspended)
        self.http = http
        self.polls = 0
        self.polling = ""

    def begin(self) -> None:
        self.endpoints: Reading | None = None
        if self.config["uri"] is None:
            self.subscribe(self.entity, sensors.ENDPOINTS.name)

    def take(self, message: object) -> object:
        match message:
            case WorkDone() if message.name == self.polling:
                self.read(message.result if isinstance(message.result, dict) else {})
            case WorkFailed() if message.name == self.polling:
                self.failed(message.failure.message)
            case WorkDone() | WorkFailed():
                pass  # of a poll that does not count any more
            case SensorChanged():
                self._moved(message.reading)
            case _:
                return super().take(message)
        return None

    def _moved(self, endpoints: Reading) -> None:
        """Another generation, or none: the answer that is under way is of one that is no more."""
        if endpoints.sensor != sensors.ENDPOINTS.name:
            return
        before, self.endpoints = self.endpoints, endpoints
        if url(self.config, before) != url(self.config, endpoints):
            self._forget_poll()
            self.poll_now()

    def _forget_poll(self) -> None:
        self.cancel_work(self.polling)
        self.polling = ""
        self.asking = False

    def renewed(self) -> None:
        super().renewed()
        self._forget_poll()
        self.unsubscribe(self.entity, sensors.ENDPOINTS.name)
        known = self.endpoints
        self.begin()
        self.endpoints = known

    def obstacle(self) -> str:
        return url(self.config, self.endpoints)[1]

    def question(self) -> HttpQuestion:
        """What is asked now."""
        most = self.config["maxSize"]
        return HttpQuestion(
            url(self.config, self.endpoints)[0],
            headers={name: str(value) for name, value in as_map(self.config["headers"]).items()},
            limit=self.seconds_of("timeout"),
            most=most if isinstance(most, int) else MIB,
            verify=self.config["verify"] is True,
        )

    def poll(self) -> None:
        self.polls += 1
        self.polling = f"poll {self.polls}"
        self.work(self.polling, self._ask, self.question(), timeout=self.seconds_of("timeout") + _SPARE)

    async def _ask(self, question: HttpQuestion) -> Found:
        answer = await self.http.ask(question)
        if len(answer.body) < IN_A_THREAD:
            return self.taken_apart(question, answer)
        return await asyncio.get_running_loop().run_in_executor(None, self.taken_apart, question, answer)

    def taken_apart(self, question: HttpQuestion, answer: HttpAnswer) -> Found:
        """The values in an answer. Raises ClockerError for one that is none."""
        raise NotImplementedError(f"{type(self).__name__} must say what an answer comes to")


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    try:
        if not wanted(config):
            return "", "it gives no sensor; write targetSensor and jsonPath, or sensors: {name: JSON path}"
    except BadRequest as fault:
        return str(fault.details.get("key", "")), str(fault)
    check = config["check"]
    if isinstance(check, str) and (unknown := formula(check).names - {"status", "value", "latency"}):
        return "check", f"check names {', '.join(sorted(unknown))}; it knows status, value and latency"
    return wrong_address(config)


EXTRACTED = (
    KeyType("targetSensor", "sensor", None, "sensor to give", also=("name",)),
    KeyType("jsonPath", "string", None, "JSON path of its value in the answer, as $.queue.length; without it, the whole answer"),
    KeyType("onSuccess", "formula", None, "what is made of it: a formula of value (and status, latency), as value / 1000"),
    KeyType("targetType", "string", "", "what it is made: string, integer, double or boolean"),
    KeyType("sensors", "map", {}, "several sensors of one answer: {name: JSON path} or {name: {jsonPath, onSuccess, targetType}}"),
)


class HttpFeed(NetworkFeed):
    """Asks a page and gives sensors out of it."""

    type: ClassVar[PolicyType] = PolicyType(
        "http-feed",
        "feed",
        (
            *ADDRESS_KEYS,
            *EXTRACTED,
            KeyType("method", "string", "GET", "how it is asked", choices=("GET", "HEAD", "POST", "PUT")),
            HEADERS,
            KeyType("body", "string", None, "what is sent"),
            KeyType("check", "formula", None, "when an answer is good: a formula of status, value, latency; default: a status of 2xx"),
            PERIOD,
            TIMEOUT,
            MOST,
            STALE,
            ON_FAILURE,
        ),
        (
            "HttpFeed",
            "HttpRequestSensor",
            "org.apache.brooklyn.core.sensor.http.HttpRequestSensor",
            "org.apache.brooklyn.feed.http.HttpFeed",
            "http-request-sensor",
        ),
        "asks a page by HTTP and gives sensors out of its JSON",
        gives=("targetSensor",),
        names=("sensors",),
        check=_check,
    )

    def begin(self) -> None:
        super().begin()
        self.wanted: tuple[Wanted, ...] = wanted(self.config)

    def targets(self) -> tuple[str, ...]:
        return tuple(one.sensor for one in self.wanted)

    def question(self) -> HttpQuestion:
        asked = super().question()
        return HttpQuestion(asked.url, self.text_of("method"), asked.headers, self.text_of("body"), asked.limit, asked.most, asked.verify)

    def taken_apart(self, question: HttpQuestion, answer: HttpAnswer) -> Found:
        text = answer.body.decode("utf-8", "replace")
        names: dict[str, Value] = {"status": answer.status, "latency": answer.seconds, "value": text}
        if self.text_of("check"):
            good = formula(self.text_of("check"))(names)
            if not good:
                raise HttpFault(f"{question.url} answered {answer.status}, and {self.text_of('check')} is not true")
        elif not 200 <= answer.status < 300:
            raise HttpFault(f"{question.url} answered {answer.status}")
        try:
            document = decoded(text) if any(one.path for one in self.wanted) else text
        except ValueError as why:
            raise HttpFault(f"{question.url}: {why}") from None
        return {one.sensor: value_of(one, document if one.path else text, names) for one in self.wanted}

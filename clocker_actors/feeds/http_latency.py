"""How long a page takes to answer: the last time, and the mean over a window."""

from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from clocker_actors.errors import HttpFault
from clocker_actors.feeds.address import ADDRESS_KEYS, wrong_address
from clocker_actors.feeds.base import ON_FAILURE, STALE, TIMEOUT
from clocker_actors.feeds.http_feed import HEADERS, MOST, Found, NetworkFeed
from clocker_actors.model.http import HttpAnswer, HttpQuestion
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number

LATENCY = "web.request.latency.last"
WINDOWED = "web.request.latency.windowed"


class HttpLatency(NetworkFeed):
    """Gives both sensors, in seconds, for each poll that was answered with a status below 400."""

    type: ClassVar[PolicyType] = PolicyType(
        "http-latency-detector",
        "feed",
        (
            *ADDRESS_KEYS,
            KeyType("latencySensor", "sensor", LATENCY, "sensor for the last time, in seconds"),
            KeyType("windowedSensor", "sensor", WINDOWED, "sensor for the mean over the window"),
            KeyType(
                "rollup", "duration", 10.0, "window of the mean", least=0.1, also=("rollup.window.size", "latencyDetector.rollupWindow")
            ),
            KeyType("period", "duration", 1.0, "time between two polls", least=0.1, also=("latencyDetector.period",)),
            HEADERS,
            TIMEOUT,
            MOST,
            STALE,
            ON_FAILURE,
        ),
        ("HttpLatencyDetector", "org.apache.brooklyn.policy.enricher.HttpLatencyDetector", "brooklyn.policy.http.HttpLatencyDetector"),
        "asks a page in a period and gives how long it takes to answer",
        gives=("latencySensor", "windowedSensor"),
        check=wrong_address,
    )

    def begin(self) -> None:
        super().begin()
        self.last: deque[tuple[float, float]] = deque()

    def targets(self) -> tuple[str, ...]:
        return self.text_of("latencySensor"), self.text_of("windowedSensor")

    def taken_apart(self, question: HttpQuestion, answer: HttpAnswer) -> Found:
        if answer.status >= 400:
            raise HttpFault(f"{question.url} answered {answer.status}")
        return {self.text_of("latencySensor"): answer.seconds}

    def read(self, values: Mapping[str, Value]) -> None:
        seconds = as_number(values.get(self.text_of("latencySensor"))) or 0.0
        self.last.append((self.now, seconds))
        while self.last[0][0] < self.now - self.seconds_of("rollup"):
            self.last.popleft()
        mean = sum(each for _, each in self.last) / len(self.last)
        super().read({**values, self.text_of("windowedSensor"): mean})

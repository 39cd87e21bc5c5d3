"""Do numbers and times read as people write them?"""

import pytest

from clocker_actors.telemetry import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (0.0234, "0.023 s"), (38.2, "38 s"), (320, "5 min 20 s"), (11_100, "3 h 5 min"), (187_200, "2 d 4 h"), (-1, "0 s")],
)
def test_spans(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (71.333, "percent", "71.33 %"),
        (536_870_912, "bytes", "512 MiB"),
        (100, "bytes", "100 bytes"),
        (True, "", "yes"),
        (None, "", "nothing"),
        (3, "", "3"),
        ({"a": [1, "x"]}, "", "{a: [1, x]}"),
        ({"a": None, "b": ""}, "", "{a: nothing, b: }"),
        ([{"host": "172.17.0.2", "port": None, "scope": "host", "container": ""}], "", "[{host: 172.17.0.2, scope: host}]"),
        (
            [{"host": "10.0.0.1", "port": 20_001, "scope": "pool", "container": "80/tcp"}],
            "",
            "[{host: 10.0.0.1, port: 20001, scope: pool, container: 80/tcp}]",
        ),
    ],
)
def test_figures(value: object, unit: str, text: str) -> None:
    assert words.figure(value, unit) == text


def test_times_name_the_day_only_when_it_is_another() -> None:
    assert words.clock(1_800_000_000, 1_800_000_100) == "08:00:00 UTC"
    assert words.clock(1_800_000_000, 1_800_090_000) == "2027-01-15 08:00:00 UTC"


@pytest.mark.parametrize(
    ("cause", "named"),
    [
        ("cpu.mean.average@1800000000.250", ("cpu.mean.average", 1_800_000_000.25)),
        ("die@1.5", ("die", 1.5)),
        ("d17", None),
        ("me@home", None),
    ],
)
def test_a_cause_may_name_a_moment(cause: str, named: tuple[str, float] | None) -> None:
    assert words.moment_named(cause) == named


def test_inputs_have_the_unit_of_their_metric() -> None:
    inputs = {"metric": "cpu.mean.average", "value": 83.25, "at": 1_800_000_000.0, "size": 2, "lower": None, "upper": 70}
    text = words.pairs(inputs, 1_800_000_100)
    assert text == "metric = cpu.mean.average, value = 83.25 %, at = 08:00:00 UTC, size = 2, upper = 70 %"


@pytest.mark.parametrize("name", ["at", "last_order", "failed_at", "waiting_until", "open_until"])
def test_moments_are_told_as_times_of_day(name: str) -> None:
    assert words.pairs({name: 1_800_000_000.0}, 1_800_000_100) == f"{name} = 08:00:00 UTC"

"""From samples of an engine to readings."""

from clocker_actors.entities.hosts.usage import Usage
from clocker_actors.model.containers import Stats


def sample(at: float, cpu: float | None, *, limit: int = 0) -> Stats:
    return Stats("x", at, cpu, memory=50, memory_limit=limit, network_rx=1, network_tx=2, pids=3)


def test_the_first_sample_says_nothing_of_the_processor() -> None:
    names = {reading.sensor for reading in Usage().readings(sample(1.0, None), 1.0)}
    assert names == {"memory.bytes", "network.rx.bytes", "network.tx.bytes", "pids"}


def test_the_mean_is_over_five_seconds() -> None:
    usage = Usage()
    means = [_mean(usage, float(at), 10.0 if at < 10 else 70.0) for at in range(1, 20)]
    assert means[:9] == [10.0] * 9
    assert 10.0 < means[10] < 70.0, "not at once"
    assert means[-1] == 70.0, "what is older than five seconds does not count"


def _mean(usage: Usage, at: float, cpu: float) -> float:
    value = {reading.sensor: reading.value for reading in usage.readings(sample(at, cpu), at)}["cpu.mean"]
    assert isinstance(value, float)
    return value


def test_memory_is_a_share_only_of_a_limit() -> None:
    found = {r.sensor: r.value for r in Usage().readings(sample(1.0, 0.0, limit=200), 1.0)}
    assert found["memory.percent"] == 25.0

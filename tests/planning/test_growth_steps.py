"""How much is done in one step while it is found out how many hosts are needed? Counted, not timed: it must not grow with the pool, nor with who asks."""

from collections import Counter

import pytest

from clocker_actors.model.identity import SYSTEM, Uid
from clocker_actors.model.placements import HostView, PlacementRequest
from clocker_actors.model.specs import StrategySpec
from clocker_actors.placement.hosts import HostRow
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place
from clocker_actors.planning import growth as planning
from clocker_actors.planning.growth import Trial, growth

GIB = 1 << 30
FOUR = (StrategySpec("MaxContainers", {"maxContainers": 4}),)
LIKE = HostView(Uid(""), "", cores=4, memory=8 * GIB, cpu=0.0)


def asked(number: int) -> PlacementRequest:
    return PlacementRequest(Uid(f"m{number}"), 1, Uid("a1"), Uid("c1"), f"shop/web/{number}", SYSTEM)


def full(hosts: int) -> HostIndex:
    """A pool in which there is no room."""
    index = HostIndex()
    for number in range(hosts):
        index.add(HostView(Uid(f"h{number}"), f"h{number}", cores=4, memory=8 * GIB, cpu=1.0, order=number))
    for number in range(4 * hosts):
        index.occupy(asked(100_000 + number), Uid(f"h{number % hosts}"), {})
    return index


def most_of_a_step(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, int], int]:
    """The most hosts copied and requests tried in any step, and how many steps there were."""
    done: Counter[str] = Counter()
    most: Counter[str] = Counter()
    view = HostRow.view

    def seen(self: HostRow) -> HostView:
        done["hosts"] += 1
        return view(self)

    def tried(*args: object, **more: object) -> object:
        done["places"] += 1
        return place(*args, **more)  # type: ignore[arg-type]  # passed on

    with monkeypatch.context() as patch:
        patch.setattr(HostRow, "view", seen)
        patch.setattr(planning, "place", tried)
        steps = 0
        for _ in trial.steps():
            steps += 1
            most |= done
            done.clear()
        most |= done
    return dict(most), steps


@pytest.mark.parametrize(("hosts", "asking"), [(100, 10), (1000, 10), (2000, 10), (100, 400)])
def test_a_step_is_as_long_whatever_the_size(hosts: int, asking: int, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial([asked(number) for number in range(asking)], full(hosts), FOUR, LIKE, most=200)
    most, steps = most_of_a_step(trial, monkeypatch)
    assert most["hosts"] <= planning.LOOKED_AT and most["places"] <= 2 * planning.TRIED, most
    assert steps >= hosts * 5 // (2 * planning.LOOKED_AT)
    assert trial.found().hosts == -(-asking // 4)


def test_step_by_step_is_as_at_once() -> None:
    index = full(30)
    requests = [asked(number) for number in range(50)]
    trial = Trial(requests, index, FOUR, LIKE, coming=2, most=5)
    for _ in trial.steps():
        pass
    assert trial.found() == growth(requests, index, FOUR, LIKE, coming=2, most=5)
    assert (trial.found().hosts, len(trial.found().waits), len(trial.found().beyond)) == (5, 28, 22)


def test_hosts_that_come_and_go_between_two_steps_do_no_harm() -> None:
    index = full(600)
    trial = Trial([asked(number) for number in range(9)], index, FOUR, LIKE, most=5)
    for number, _ in enumerate(trial.steps()):
        index.add(HostView(Uid(f"late{number}"), "late", cores=4, memory=8 * GIB, cpu=0.0))
        if Uid(f"h{599 - number}") in index:
            index.remove(Uid(f"h{599 - number}"))
    assert trial.found().hosts == 3

"""Is the room kept free exact, whatever stands in the pool?"""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.planning.headroom import Room, Steady, hosts_for, judge


def test_the_ancestors_own_example() -> None:
    assert hosts_for(Room(2, 28, per_host=8), headroom=4) == 4  # where it made five


def test_no_hosts_and_more_headroom_than_there_is_room() -> None:
    assert hosts_for(Room(0, 0, per_host=8), headroom=4) == 1
    assert hosts_for(Room(0, 0, per_host=8), percent=0.25) == 0
    assert hosts_for(Room(1, 3, per_host=4), headroom=40) == 11
    nothing = judge(Room(0, 0, per_host=8), headroom=4)
    assert (nothing.needed, nothing.utilisation, nothing.hot) == (4, 0.0, True)


@given(st.integers(0, 500), st.integers(1, 40), st.integers(0, 200))
def test_a_count_is_the_fewest_hosts_with_so_much_free(containers: int, per_host: int, headroom: int) -> None:
    hosts = hosts_for(Room(0, containers, per_host=per_host), headroom=headroom)
    assert hosts * per_host - containers >= headroom
    assert hosts == 0 or (hosts - 1) * per_host - containers < headroom


@given(st.integers(0, 500), st.integers(1, 40), st.floats(0.01, 0.95))
def test_a_share_is_the_fewest_hosts_with_that_share_of_them_free(containers: int, per_host: int, percent: float) -> None:
    def enough(hosts: int) -> bool:
        return hosts * per_host - containers >= ceil(percent * hosts * per_host - 1e-9)

    hosts = hosts_for(Room(0, containers, per_host=per_host), percent=percent)
    assert enough(hosts) and not any(enough(fewer) for fewer in range(hosts))


def test_where_memory_and_cores_are_what_counts() -> None:
    room = Room(2, 10, memory=10 << 30, host_memory=8 << 30, cpus=2.0, host_cpus=4.0)
    assert room.known and room.each == 8.0  # of 1 GiB each on 8 GiB; the cores would do for 20
    assert hosts_for(room, headroom=6) == 2 and hosts_for(room, headroom=7) == 3
    assert not Room(2, 10).known and hosts_for(Room(2, 10), headroom=3) == 0


def test_growth_is_believed_after_half_a_minute_and_less_after_five() -> None:
    steady = Steady()
    assert [steady.believe(at, 3, 2) for at in (0.0, 10.0, 29.0, 30.0)] == [2, 2, 2, 3]
    assert steady.believe(35.0, 5, 3) == 3
    assert steady.believe(60.0, 4, 3) == 3, "three was enough within the last half minute"
    assert steady.believe(66.0, 4, 3) == 4
    assert steady.believe(70.0, 1, 4) == 4
    assert steady.believe(369.0, 1, 4) == 4
    assert steady.believe(371.0, 1, 4) == 1

"""A schedule is a value: replayable, complete, spread over the work."""

from collections import Counter
from itertools import pairwise

import pytest

from .faults import Fault
from .schedule import Size, make_schedule

SIZE = Size(worker_kills=300, redis_kills=20)


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert make_schedule(7, SIZE) == make_schedule(7, SIZE)


def test_another_seed_gives_another_schedule() -> None:
    assert make_schedule(7, SIZE) != make_schedule(8, SIZE)


@pytest.mark.parametrize("size", [SIZE, Size(3, 1), Size(1, 5), Size(10, 0)], ids=str)
def test_it_kills_as_often_as_it_is_told_to(size: Size) -> None:
    counts = Counter(strike.fault for strike in make_schedule(1, size))
    assert (counts[Fault.KILL_WORKER], counts[Fault.KILL_REDIS]) == (size.worker_kills, size.redis_kills)


def test_every_fault_strikes_however_small_it_is() -> None:
    assert {strike.fault for strike in make_schedule(1, Size(1, 1))} == set(Fault)


def test_without_kills_nothing_strikes() -> None:
    assert make_schedule(1, Size(0, 0)) == ()


def test_strikes_are_in_order_and_leave_the_beginning_and_the_end_alone() -> None:
    shares = [strike.at for strike in make_schedule(1, SIZE)]
    assert shares == sorted(shares)
    assert shares[0] >= 0.02
    assert shares[-1] <= 0.93


def test_kills_are_spread_over_the_work() -> None:
    shares = [
        strike.at for strike in make_schedule(1, SIZE) if strike.fault is Fault.KILL_WORKER and not strike.after_s
    ]
    gaps = [later - earlier for earlier, later in pairwise(shares)]
    assert max(gaps) < 2.5 * (0.93 - 0.02) / len(shares)


def test_workers_die_also_while_redis_is_away() -> None:
    schedule = make_schedule(1, SIZE)
    redis_kills = {strike.at for strike in schedule if strike.fault is Fault.KILL_REDIS}
    assert sum(strike.fault is Fault.KILL_WORKER and strike.at in redis_kills for strike in schedule) == 10

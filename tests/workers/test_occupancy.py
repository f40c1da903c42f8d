"""How full a pool is, on the mean."""

from dataclasses import dataclass, field

import pytest

from workfleet.workers.occupancy import Occupancy


@dataclass
class Pool:
    """A pool whose clock a test moves."""

    now: float = 100.0
    occupancy: Occupancy = field(init=False)

    def __post_init__(self) -> None:
        self.occupancy = Occupancy(clock=lambda: self.now)

    def runs(self, jobs: int, for_s: float) -> None:
        self.occupancy.change(jobs - self.occupancy.busy)
        self.now += for_s


def test_a_new_pool_is_not_full() -> None:
    assert Pool().occupancy.full_for_s(4) == 0.0


def test_a_pool_is_full_for_as_long_as_all_its_slots_are_used() -> None:
    pool = Pool()
    seen = list[float]()
    for _ in range(4):
        pool.runs(4, 1.5)
        seen.append(pool.occupancy.full_for_s(4))
    assert seen == [1.5, 3.0, 4.5, 6.0]


@pytest.mark.parametrize("slots", [1, 8, 128])
def test_the_moment_between_two_jobs_frees_no_slot(slots: int) -> None:
    pool = Pool()
    for _ in range(50):
        pool.runs(slots, 0.19)
        pool.runs(slots - 1, 0.01)
        pool.occupancy.full_for_s(slots)
    assert pool.occupancy.full_for_s(slots) == pytest.approx(10.0)


def test_a_full_pool_stays_so_while_the_moments_between_its_jobs_are_longer() -> None:
    pool = Pool()
    pool.runs(4, 1.0)
    pool.occupancy.full_for_s(4)
    for _ in range(20):
        pool.runs(4, 0.5)
        pool.runs(0, 0.1)
        pool.occupancy.full_for_s(4)
    assert pool.occupancy.full_for_s(4) == pytest.approx(13.0)


def test_a_pool_that_is_busy_at_times_is_not_full() -> None:
    pool = Pool()
    for _ in range(50):
        pool.runs(1, 0.15)
        pool.runs(0, 0.05)
        assert pool.occupancy.full_for_s(1) == 0.0


def test_a_free_slot_ends_it_within_a_second() -> None:
    pool = Pool()
    pool.runs(4, 10.0)
    assert pool.occupancy.full_for_s(4) == 10.0
    pool.runs(3, 1.0)
    assert pool.occupancy.full_for_s(4) == 0.0

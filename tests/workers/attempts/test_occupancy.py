"""How full a pool is, on the mean, and which job has the next slot."""

import asyncio
from dataclasses import dataclass, field

import pytest

from workfleet.workers.attempts.occupancy import Occupancy


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


async def test_a_slot_that_comes_free_goes_to_who_waits_longest() -> None:
    slots = Occupancy(most=1)
    assert await slots.take(0)
    first, second = asyncio.create_task(slots.take(20)), asyncio.create_task(slots.take(20))
    await asyncio.sleep(0)
    slots.give_back()
    assert (await first, second.done(), slots.busy) == (True, False, 1)
    slots.give_back()
    assert (await second, slots.busy) == (True, 1)


async def test_who_waits_too_long_gets_none_and_takes_none_away() -> None:
    slots = Occupancy(most=1)
    assert [await slots.take(0), await slots.take(0.001)] == [True, False]
    slots.give_back()
    assert slots.busy == 0
    assert await slots.take(0)


async def test_a_slot_that_was_given_to_one_who_has_just_been_stopped_is_given_on() -> None:
    slots = Occupancy(most=1)
    assert await slots.take(0)
    stopped, other = asyncio.create_task(slots.take(20)), asyncio.create_task(slots.take(20))
    await asyncio.sleep(0)
    slots.give_back()
    stopped.cancel()
    assert (await other, slots.busy) == (True, 1)


async def test_more_slots_are_given_at_once_to_those_who_wait() -> None:
    slots = Occupancy(most=1)
    assert await slots.take(0)
    waiting = asyncio.create_task(slots.take(20))
    await asyncio.sleep(0)
    slots.resize(2)
    assert (await waiting, slots.busy) == (True, 2)


@pytest.mark.parametrize(
    ("slots", "freed", "ahead"),
    [(128, 120, 12), (128, 2560, 16), (128, 4, 0), (4, 400, 0), (16, 400, 2)],
    ids=[
        "what is freed in 100 ms",
        "an eighth at the most",
        "none when answers take long",
        "none of few",
        "few of some",
    ],
)
def test_jobs_are_taken_ahead_where_slots_are_freed_all_the_time(slots: int, freed: int, ahead: int) -> None:
    """freed: a second."""
    pool = Pool()
    for _ in range(freed):
        pool.occupancy.change(+1)
        pool.occupancy.give_back()
    pool.now += 1.0
    assert pool.occupancy.ahead(slots) == ahead
    pool.now += 1.0
    assert pool.occupancy.ahead(slots) == 0

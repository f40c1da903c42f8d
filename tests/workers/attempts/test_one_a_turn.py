"""Whose turn it is, turn by turn of a real loop."""

import asyncio
from itertools import pairwise

from workfleet.workers.attempts.one_a_turn import OneATurn


async def passed_by_turn(waiting: int, turns: int) -> list[int]:
    """How many of so many have gone on after each turn of the loop."""
    patient, passed = OneATurn(), list[int]()

    async def one() -> None:
        await patient.turn()
        passed.append(1)

    tasks = [asyncio.create_task(one()) for _ in range(waiting)]
    counts = list[int]()
    for _ in range(turns):
        await asyncio.sleep(0)
        counts.append(len(passed))
    await asyncio.gather(*tasks)
    return counts


async def test_who_is_alone_does_not_wait() -> None:
    assert await passed_by_turn(1, 1) == [1]


async def test_of_a_few_one_goes_on_in_each_turn() -> None:
    assert await passed_by_turn(3, 5) == [1, 1, 2, 3, 3]


async def test_of_many_some_go_on_in_each_turn_so_that_none_waits_long() -> None:
    counts = await passed_by_turn(100, 20)
    steps = [after - before for before, after in pairwise(counts)]
    assert counts[0] == 1
    assert max(steps) == 25
    assert counts[-1] > 90


async def test_a_turn_that_nobody_wants_any_more_is_the_next_ones() -> None:
    patient = OneATurn()
    await patient.turn()
    gone, left = (asyncio.create_task(patient.turn()) for _ in range(2))
    gone.cancel()
    await left
    assert gone.cancelled()


async def test_who_comes_when_all_have_gone_on_does_not_wait() -> None:
    patient = OneATurn()
    await asyncio.gather(*(patient.turn() for _ in range(5)))
    for _ in range(3):
        await asyncio.sleep(0)
    later = asyncio.create_task(patient.turn())
    await asyncio.sleep(0)
    assert later.done()

"""Chunks are handed over one after the other, while the next is being made."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from workfleet.tasks.overlapped import breathing, overlapped


class Sums:
    """Hands numbers over when it is allowed to, and notes what was made, began and ended."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.may_end = asyncio.Event()

    async def make(self, count: int, at_a_time: int = 1) -> AsyncIterator[list[int]]:
        for number in range(1, count + 1, at_a_time):
            self.notes.append(f"make {number}")
            yield list(range(number, min(number + at_a_time, count + 1)))
            await asyncio.sleep(0)

    async def hand_over(self, numbers: Sequence[int]) -> int:
        self.notes.append(f"begin {numbers}")
        await self.may_end.wait()
        self.notes.append(f"end {numbers}")
        return sum(numbers)


@pytest.mark.parametrize(
    ("count", "results"), [(0, []), (2, [3]), (5, [3, 7, 5])], ids=["nothing", "one chunk", "a rest"]
)
@pytest.mark.parametrize("at_a_time", [1, 2, 3, 9])
async def test_chunks_are_handed_over_in_order_full_but_for_the_last(
    count: int, results: list[int], at_a_time: int
) -> None:
    sums = Sums()
    sums.may_end.set()
    assert [result async for result in overlapped(sums.make(count, at_a_time), 2, sums.hand_over)] == results


async def test_the_next_chunk_is_made_while_one_is_under_way_and_no_more_than_that() -> None:
    sums = Sums()
    results = overlapped(sums.make(9), 2, sums.hand_over)
    first = asyncio.ensure_future(anext(results))
    while "make 4" not in sums.notes:
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert sums.notes.index("begin [1, 2]") < sums.notes.index("make 4") == len(sums.notes) - 1
    sums.may_end.set()
    assert await first == 3
    assert [result async for result in results] == [7, 11, 15, 9]


async def test_left_early_it_waits_for_what_is_under_way() -> None:
    sums = Sums()
    sums.may_end.set()
    results = overlapped(sums.make(9), 1, sums.hand_over)
    assert await anext(results) == 1
    assert await anext(results) == 2
    await results.aclose()
    begun = [note.removeprefix("begin ") for note in sums.notes if note.startswith("begin")]
    ended = [note.removeprefix("end ") for note in sums.notes if note.startswith("end")]
    assert begun == ended
    assert "make 9" not in sums.notes


async def test_a_failure_to_hand_over_is_raised_and_nothing_more_is_handed_over() -> None:
    refused: list[Sequence[int]] = []

    async def refuse(numbers: Sequence[int]) -> int:
        refused.append(numbers)
        raise ValueError(numbers)

    with pytest.raises(ValueError, match="1"):
        async for _ in overlapped(Sums().make(9), 1, refuse):
            pass
    assert refused == [[1]]


async def test_others_get_their_turn_between_many_items() -> None:
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert [item async for few in breathing(range(100)) for item in few] == list(range(100))
    task.cancel()
    assert 1 < len(turns) < 100


async def test_a_chunk_ends_where_it_is_heavy_enough() -> None:
    sums = Sums()
    sums.may_end.set()
    heavy = overlapped(sums.make(7, 7), 3, sums.hand_over, weight=lambda number: number, heaviest=9)
    assert [result async for result in heavy] == [1 + 2 + 3, 4 + 5, 6 + 7]


async def test_of_what_takes_long_to_make_fewer_come_at_a_time() -> None:
    """A line of ten megabytes takes tens of milliseconds; twenty of them are not held at once."""
    now = 0.0

    def made(seconds: float) -> Iterator[int]:
        nonlocal now
        for number in range(6):
            now += seconds
            yield number

    assert [few async for few in breathing(made(0.011), clock=lambda: now)] == [[0, 1], [2, 3], [4, 5]]
    assert [few async for few in breathing(made(1.0), clock=lambda: now)] == [[0], [1], [2], [3], [4], [5]]

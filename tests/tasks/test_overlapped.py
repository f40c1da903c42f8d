"""Chunks are handed over one after the other, while the next is being made."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from workfleet.tasks.overlapped import breathing, chunked, overlapped


class Counter:
    """Hands numbers over when it is allowed to, and notes what began and ended."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.may_end = asyncio.Event()

    async def make(self) -> AsyncIterator[int]:
        for number in (1, 2, 3):
            self.notes.append(f"make {number}")
            yield number
            await asyncio.sleep(0)

    async def hand_over(self, number: int) -> int:
        self.notes.append(f"begin {number}")
        await self.may_end.wait()
        self.notes.append(f"end {number}")
        return number * 10


async def test_the_next_chunk_is_made_while_one_is_under_way_and_no_more_than_that() -> None:
    counter = Counter()
    results = overlapped(counter.make(), counter.hand_over)
    first = asyncio.ensure_future(anext(results))
    while "make 2" not in counter.notes:
        await asyncio.sleep(0)
    assert counter.notes == ["make 1", "begin 1", "make 2"]
    counter.may_end.set()
    assert [await first, *[result async for result in results]] == [10, 20, 30]
    assert [note for note in counter.notes if note.startswith("end")] == ["end 1", "end 2", "end 3"]


async def test_left_early_it_waits_for_what_is_under_way() -> None:
    counter = Counter()
    counter.may_end.set()
    results = overlapped(counter.make(), counter.hand_over)
    assert await anext(results) == 10
    await results.aclose()
    assert "make 3" not in counter.notes


async def test_a_failure_to_hand_over_is_raised_and_nothing_more_is_made() -> None:
    async def refuse(number: int) -> int:
        raise ValueError(number)

    counter = Counter()
    with pytest.raises(ValueError, match="1"):
        async for _ in overlapped(counter.make(), refuse):
            pass
    assert counter.notes == ["make 1", "make 2"]


@pytest.mark.parametrize(
    ("count", "chunks"), [(0, []), (2, [[0, 1]]), (5, [[0, 1], [2, 3], [4]])], ids=["nothing", "one", "a rest"]
)
def test_chunks_are_full_but_for_the_last(count: int, chunks: list[list[int]]) -> None:
    assert list(chunked(range(count), 2)) == chunks


async def test_others_get_their_turn_between_many_items() -> None:
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert [item async for item in breathing(range(100))] == list(range(100))
    task.cancel()
    assert 1 < len(turns) < 100

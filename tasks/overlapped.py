"""Making things while those made before are being handed over."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

#: Things made before the loop may do something else, such as sending those made before; fewer if they take long to
#: make: then they are large, and so many of them would be much to hold.
_BREATH = 20
_BREATH_S = 0.02


async def overlapped(
    some: AsyncIterable[Sequence[_T]],
    size: int,
    hand_over: Callable[[list[_T]], Awaitable[_R]],
    *,
    weight: Callable[[_T], int] = lambda _: 0,
    heaviest: int = 1,
) -> AsyncGenerator[_R]:
    """Hand over `size` things at a time while the next are made; what handing over gave, in order.

    some: things, a few at a time. A chunk that weighs `heaviest` is handed over though it has fewer things. Two chunks
    exist at a time. Left early, it waits until the one that is under way is handed over.
    """
    under_way: asyncio.Future[_R] | None = None
    try:
        async for chunk in _chunks(some, size, weight, heaviest):
            if under_way is not None:
                yield await under_way
            under_way = asyncio.ensure_future(hand_over(chunk))
        if under_way is not None:
            yield await under_way
    finally:
        if under_way is not None and not under_way.done():
            await asyncio.wait([under_way])


async def _chunks(
    some: AsyncIterable[Sequence[_T]], size: int, weight: Callable[[_T], int], heaviest: int
) -> AsyncGenerator[list[_T]]:
    chunk: list[_T] = []
    weighs = 0
    async for few in some:
        for each in few:
            chunk.append(each)
            weighs += weight(each)
            if len(chunk) >= size or weighs >= heaviest:
                yield chunk
                chunk, weighs = [], 0
    if chunk:
        yield chunk


async def breathing(items: Iterable[_T], *, clock: Callable[[], float] = time.monotonic) -> AsyncGenerator[list[_T]]:
    """The items, a few at a time; between them, the loop gets to do other things."""
    rest = iter(items)
    while few := list(_few(rest, clock)):
        await asyncio.sleep(0)
        yield few


def _few(rest: Iterator[_T], clock: Callable[[], float]) -> Iterator[_T]:
    until = clock() + _BREATH_S
    for item in islice(rest, _BREATH):
        yield item
        if clock() >= until:
            return

"""Making things while those made before are being handed over."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

#: Things made before the loop may do something else, such as sending those made before.
_BREATH = 20


async def overlapped(
    items: AsyncIterable[_T], size: int, hand_over: Callable[[list[_T]], Awaitable[_R]]
) -> AsyncGenerator[_R]:
    """Hand over `size` items at a time while the next are made; what handing over gave, in order.

    Two chunks exist at a time. Left early, it waits until the one that is under way is handed over.
    """
    under_way: asyncio.Future[_R] | None = None
    try:
        async for chunk in _chunks(items, size):
            if under_way is not None:
                yield await under_way
            under_way = asyncio.ensure_future(hand_over(chunk))
        if under_way is not None:
            yield await under_way
    finally:
        if under_way is not None and not under_way.done():
            await asyncio.wait([under_way])


async def _chunks(items: AsyncIterable[_T], size: int) -> AsyncGenerator[list[_T]]:
    chunk: list[_T] = []
    async for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def breathing(items: Iterable[_T]) -> AsyncGenerator[_T]:
    """The items; between them, the loop gets to do other things."""
    for at, item in enumerate(items):
        if at % _BREATH == 0:
            await asyncio.sleep(0)
        yield item

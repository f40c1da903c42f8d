"""Making one thing while another is being handed over."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

#: Things made before the loop may do something else, such as sending those made before.
_BREATH = 20


async def overlapped(chunks: AsyncIterable[_T], hand_over: Callable[[_T], Awaitable[_R]]) -> AsyncGenerator[_R]:
    """Hand over each chunk while the next is made; what handing over gave, in order. Two chunks exist at a time.

    Left early, it waits until the chunk that is under way is handed over.
    """
    under_way: asyncio.Future[_R] | None = None
    try:
        async for chunk in chunks:
            if under_way is not None:
                yield await under_way
            under_way = asyncio.ensure_future(hand_over(chunk))
        if under_way is not None:
            yield await under_way
    finally:
        if under_way is not None and not under_way.done():
            await asyncio.wait([under_way])


async def breathing(items: Iterable[_T]) -> AsyncGenerator[_T]:
    """The items; between them, the loop gets to do other things."""
    for at, item in enumerate(items):
        if at % _BREATH == 0:
            await asyncio.sleep(0)
        yield item


def chunked(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of `size` items, the last one shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk

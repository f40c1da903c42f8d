"""How many requests run at once, and how many wait for their turn, first come first served."""

import asyncio
from collections import deque


class Slots:
    """limit: requests that run at once; 0 is no limit. queue_limit: requests that may wait; None is no limit."""

    def __init__(self, limit: int = 0, queue_limit: int | None = None) -> None:
        self._limit, self._queue_limit = limit, queue_limit
        self._queue: deque[asyncio.Future[None]] = deque()
        self.running = 0

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def acquire(self) -> bool:
        """Wait for a slot; False at once if the queue is full."""
        if not self._queue and self._free:
            self.running += 1
            return True
        if self._queue_limit is not None and len(self._queue) >= self._queue_limit:
            return False
        await self._turn()
        return True

    def release(self) -> None:
        self.running -= 1
        self._admit()

    def resize(self, limit: int, queue_limit: int | None) -> None:
        """New limits; who runs or waits already is not turned away."""
        self._limit, self._queue_limit = limit, queue_limit
        self._admit()

    @property
    def _free(self) -> bool:
        return not self._limit or self.running < self._limit

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the slot came together with the cancellation
                self.release()
            elif turn in self._queue:
                self._queue.remove(turn)
            raise

    def _admit(self) -> None:
        while self._queue and self._free:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                self.running += 1

"""Work that no call waits for goes on piece by piece, one in each turn of the loop.

Answers often come many at a time. If each job went on to its commit at once, and new ones were claimed in between, the
next calls would begin late, with their slots empty.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class OneATurn:
    _line: deque["asyncio.Future[None]"] = field(default_factory=deque["asyncio.Future[None]"])
    _taken: bool = False

    async def turn(self) -> None:
        """Return at once if nobody did in this turn of the loop, or else in a later one."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._next)
            return
        mine = loop.create_future()
        self._line.append(mine)
        await mine

    def _next(self) -> None:
        most = 1 + len(self._line) // 4
        called = 0
        while self._line and called < most:
            waiting = self._line.popleft()
            if not waiting.done():
                waiting.set_result(None)
                called += 1
        if called:
            asyncio.get_running_loop().call_soon(self._next)
        else:
            self._taken = False

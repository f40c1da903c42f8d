"""A pool of connections to Redis that lets callers wait when all of them are in use.

redis-py's own either fails the call, in words that say that the server does not answer, or (`BlockingConnectionPool`)
takes 20 µs longer for each command, be there room or not.
"""

import asyncio
from collections import deque
from typing import Any

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import MaxConnectionsError

from .script_line import ScriptLine

#: Seconds for which a call waits for a connection. Followers of a stream hold theirs for a second at a time.
WITHIN_S = 30.0


class PatientPool(ConnectionPool):
    """line: for scripts; it has one of the connections once it is used."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._queue: deque[asyncio.Future[None]] = deque()
        self.line = ScriptLine(self)

    async def get_connection(self, *arguments: Any, **options: Any) -> AbstractConnection:
        pool: Any = super()
        give_up_at = None
        while True:
            try:
                connection: AbstractConnection = await pool.get_connection(*arguments, **options)
            except MaxConnectionsError:
                now = asyncio.get_running_loop().time()
                give_up_at = give_up_at or now + WITHIN_S
                if now >= give_up_at:
                    raise
                await self._turn(give_up_at)
            else:
                return connection

    async def release(self, connection: AbstractConnection) -> None:
        try:
            await super().release(connection)
        finally:
            self._call_next()

    async def _turn(self, give_up_at: float) -> None:
        """Return when a connection may be free, or the time is over."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout_at(give_up_at):
                await turn
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            # Called just when it was cancelled: the connection is the next one's.
            if turn.done() and not turn.cancelled():
                self._call_next()
            raise

    def _call_next(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return

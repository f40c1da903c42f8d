"""One connection for the scripts of a whole process: many calls are under way on it at once, answered in their order.

With a connection of its own for the moment, a call spends most of its time on the bookkeeping of the pool. And each
sending wakes Redis up, which costs as much again: what is called while replies are awaited is sent in one piece when
the next one comes. Redis would not have looked at it sooner.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

#: Seconds without any reply, after which the connection is given up. All who wait for one call again, over others.
HEARD_WITHIN_S = 1.0


class ScriptLine:
    """pool: of connections with `write_soon` (cancellable.py); the line keeps one of them, and the pool closes it."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool: Any = pool
        self._connection: Any = None
        self._patience_s: float | None = None
        self._unsent: list[bytes] = []
        self._awaited: deque[asyncio.Future[Any]] = deque()
        self._reading: asyncio.Task[None] | None = None

    async def call(self, packed: list[bytes]) -> Any:
        """The reply to a packed command. Raises ConnectionError if it may or may not have been carried out, and what
        Redis refuses.
        """
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Any] = loop.create_future()
        if not self._awaited:
            loop.call_soon(self._send)
        self._awaited.append(reply)
        self._unsent.extend(packed)
        if self._reading is None:
            self._reading = loop.create_task(self._read())
        return await reply

    def _send(self) -> None:
        if self._unsent and self._connection is not None and self._connection.is_connected:
            unsent, self._unsent = self._unsent, []
            self._connection.write_soon(unsent)

    async def _read(self) -> None:
        """Hand out replies as long as any is awaited."""
        try:
            while self._awaited:
                try:
                    await self._connect()
                    await self._hand_out()
                except (RedisError, OSError) as lost:
                    await self._drop(lost)
        except BaseException:
            # Cancelled as the loop ends: who still waits must not wait for ever.
            await self._drop(RedisConnectionError("its process ends"))
            raise
        finally:
            self._reading = None

    async def _connect(self) -> None:
        if self._connection is not None and self._connection.is_connected:
            return
        await self._release()
        connection = await self._pool.get_connection()
        self._patience_s, connection.socket_timeout = connection.socket_timeout, HEARD_WITHIN_S
        self._connection = connection
        self._send()

    async def _hand_out(self) -> None:
        while self._awaited:
            refused = said = None
            try:
                said = await self._connection.read_response()
            except ResponseError as error:
                refused = error
            self._send()
            reply = self._awaited.popleft()
            if reply.done():
                continue  # who called does not wait any more
            if refused is not None:
                reply.set_exception(refused)
            else:
                reply.set_result(said)

    async def _drop(self, why: Exception) -> None:
        awaited, self._awaited, self._unsent = self._awaited, deque(), []
        for reply in awaited:
            if not reply.done():
                reply.set_exception(RedisConnectionError(f"the connection was lost: {why}"))
        await self._release()

    async def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.socket_timeout = self._patience_s
            with suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)
            await self._pool.release(connection)

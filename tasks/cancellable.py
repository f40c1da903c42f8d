"""Connections to Redis that hear a cancellation at every step, and send at a fraction of the cost.

redis-py sends through `asyncio.wait_for`, which makes a task of every command, and on Python 3.11 swallows a
cancellation that arrives just as the sending ends (python/cpython#86296, corrected in 3.12): the cancelled task goes on
as if nothing had happened, and whoever waits for its end waits for ever. `asyncio.timeout` does neither. And its
asyncio half packs commands in Python even where hiredis is there, which packs those of the other half.

They also tell apart what Redis refuses for now, a full disk or a missing replica, from what it will never take.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.typing import EncodableT

#: The first word of what Redis refuses for now, where redis-py has no class of its own for it.
_FOR_NOW: Final = frozenset({"MISCONF", "NOREPLICAS", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"})


PACKER: Final[Any] = HiredisRespSerializer()


class RefusedForNow(ResponseError):
    """Redis takes no writes until somebody makes room, or a replica is back."""


class _Cancellable(AbstractConnection):
    def pack_command(self, *args: EncodableT) -> list[bytes]:
        packed: list[bytes] = PACKER.pack(*args)
        return packed

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        limit, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(limit):
                await super().send_packed_command(command, check_health)
        except TimeoutError:
            raise RedisTimeoutError("Timeout writing to socket") from None
        finally:
            self.socket_timeout = limit

    def write_soon(self, packed: Iterable[bytes]) -> None:
        """Send commands over a connection that stands, and let somebody else read the replies; a loss shows there."""
        writer: Any = self._writer
        writer.writelines(packed)

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        connection: Any = super()
        try:
            return await connection.read_response(*arguments, **options)
        except ResponseError as refused:
            if str(refused).partition(" ")[0] in _FOR_NOW:
                raise RefusedForNow(str(refused)) from None
            raise


class CancellableConnection(_Cancellable, Connection):
    pass


class CancellableSSLConnection(_Cancellable, SSLConnection):
    pass


class CancellableUnixConnection(_Cancellable, UnixDomainSocketConnection):
    pass


_CLASSES: Final[Mapping[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: CancellableConnection,
    SSLConnection: CancellableSSLConnection,
    UnixDomainSocketConnection: CancellableUnixConnection,
}


def cancellable(client: Any) -> Any:
    """The asyncio client, its connections of the classes above."""
    pool = client.connection_pool
    pool.connection_class = _CLASSES[pool.connection_class]
    return client

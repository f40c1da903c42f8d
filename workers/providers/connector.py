"""Connections that are used again only if the server has said nothing on them since its last answer.

What a server says unasked, aiohttp takes for the answer to the next request: the answer of one job would become that of
another, and the next one's that of the one after it. The standard's advice is to close such a connection (RFC 9112,
9.2).
"""

import select
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection

from .sending import Connection as Connected

#: Called when the connection of the current call stands, new or used before, and before anything is sent.
ON_CONNECTED: ContextVar[Callable[[Connected], None] | None] = ContextVar("ON_CONNECTED", default=None)

#: What a server says twice, it says without delay.
REST_S = 0.02


class Connector(aiohttp.TCPConnector):
    """rest_s: seconds that a connection rests before it is used again. options: of aiohttp's own."""

    def __init__(self, *, rest_s: float = REST_S, **options: Any) -> None:
        super().__init__(**options)
        self._rest_s = rest_s
        self._used: WeakSet[ResponseHandler] = WeakSet()

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        """A call has ended. Its connection counts as used while it rests; then it is kept, if nothing came."""
        if should_close or protocol.should_close:
            super()._release(key, protocol, should_close=should_close)
        else:
            self._loop.call_later(self._rest_s, super()._release, key, protocol)

    async def connect(self, req: Any, traces: Any, timeout: aiohttp.ClientTimeout) -> Connection:  # noqa: ASYNC109 - aiohttp's name
        """A connection for a request: a new one, or one that was used before and has nothing to read."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert protocol is not None
            if protocol not in self._used or not _has_something_to_read(protocol):
                self._used.add(protocol)
                if (tell := ON_CONNECTED.get()) is not None:
                    tell(protocol)
                return connection
            connection.close()


def _has_something_to_read(protocol: ResponseHandler) -> bool:
    transport = protocol.transport
    if transport is None or protocol.should_close:
        return True
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))

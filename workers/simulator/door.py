"""The port the simulator listens on, which can be shut and jammed, and opened again, without losing its number.

It accepts by itself: asyncio's own server, closed while a connection comes in, leaks that connection.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from ...tasks.errors import ConfigurationError

_BACKLOG = 4096

#: Connections that fill the queue of a listener which accepts nobody.
_FILLERS = 4

#: Seconds until the next try when a connection could not be accepted, for want of file descriptors as a rule.
_RETRY_S = 0.1


class Door:
    def __init__(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        self._factory, self._host, self.port = factory, host, port
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._fillers: list[socket.socket] = []

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def is_open(self) -> bool:
        return self._accepting is not None

    async def open(self) -> None:
        """Listen; does nothing if it does. Raises ConfigurationError if the port cannot be had."""
        if self._accepting:
            return
        sock = self._socket = self._socket or self._bound()
        self.port = sock.getsockname()[1]
        sock.listen(_BACKLOG)
        self._accepting = asyncio.create_task(self._accept(sock))
        self._release()

    async def shut(self) -> None:
        """Connections are refused from now on. The port stays ours: bound, and not listened on."""
        if self._accepting:
            await self.close()
            self._socket = self._bound()

    async def jam(self) -> None:
        """Connecting hangs from now on: the queue of the listener is full, and nobody accepts (as Linux does it)."""
        await self.shut()
        if self._socket and not self._fillers:
            self._socket.listen(0)
            self._fillers = [_knock(self._socket) for _ in range(_FILLERS)]

    async def close(self) -> None:
        """Give the port up. Connections that have been accepted stay."""
        self._release()
        if self._accepting:
            self._accepting.cancel()
            await asyncio.wait([self._accepting])
        if self._socket:
            self._socket.close()
        self._socket = self._accepting = None

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
                await loop.connect_accepted_socket(self._factory, connection)
            except OSError:
                await asyncio.sleep(_RETRY_S)

    def _release(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers = []

    def _bound(self) -> socket.socket:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(self._host, self.port, type=socket.SOCK_STREAM)[0]
            sock = socket.socket(family, kind, protocol)
        except OSError as failed:
            raise ConfigurationError(f"cannot listen on {self._host!r}: {failed.strerror or failed}") from None
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind(address)
        except OSError as failed:
            sock.close()
            raise ConfigurationError(self._why_not(failed)) from None
        return sock

    def _why_not(self, failed: OSError) -> str:
        if failed.errno == errno.EADDRINUSE:
            return f"port {self.port} on {self._host} is in use; choose another with --port, or --port 0 for a free one"
        return f"cannot listen on port {self.port} of {self._host}: {failed.strerror}; choose another with --port"


def _knock(listening: socket.socket) -> socket.socket:
    sock = socket.socket(listening.family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.connect_ex(listening.getsockname())
    return sock

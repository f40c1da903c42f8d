"""The port the simulator listens on, which can be shut and jammed, and opened again, without losing its number.

It accepts by itself: asyncio's own server, closed while a connection comes in, loses that connection.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from ...tasks.errors import ConfigurationError

_BACKLOG = 4096

#: Connections that fill the queue of a listener which accepts nobody.
_FILLERS = 4

#: Connections that are accepted before other things have their turn.
_AT_ONCE = 64


class Door:
    def __init__(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        self._factory, self._host, self.port = factory, host, port
        self._socket: socket.socket | None = None
        self._connecting: set[asyncio.Task[object]] = set()
        self._fillers: list[socket.socket] = []
        self.is_open = False

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def open(self) -> None:
        """Listen; does nothing if it does. Raises ConfigurationError if the port cannot be had."""
        if self.is_open:
            return
        sock = self._socket = self._socket or self._bound()
        self.port = sock.getsockname()[1]
        sock.listen(_BACKLOG)
        asyncio.get_running_loop().add_reader(sock, self._accept, sock)
        self.is_open = True
        self._release()

    async def shut(self) -> None:
        """Connections are refused from now on. The port stays ours: bound, and not listened on."""
        if self.is_open:
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
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        self._socket, self.is_open = None, False
        while self._connecting:
            await asyncio.wait(self._connecting)

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_AT_ONCE):
            try:
                connection, _address = listening.accept()
            except OSError:  # nobody waits any more, left again, or there are no file descriptors: the loop calls again
                return
            connection.setblocking(False)
            task = loop.create_task(self._connect(connection))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> object:
        try:
            return await asyncio.get_running_loop().connect_accepted_socket(self._factory, connection)
        except OSError:  # the client left in the meantime
            connection.close()
            return None

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

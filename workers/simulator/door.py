"""The port the simulator listens on, which can be shut and jammed, and opened again, without losing its number."""

import asyncio
import errno
import socket
from collections.abc import Callable

from ...tasks.errors import ConfigurationError

_BACKLOG = 4096

#: Connections that fill the queue of a listener which accepts nobody.
_FILLERS = 4


class Door:
    def __init__(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        self._factory, self._host, self.port = factory, host, port
        self._server: asyncio.Server | None = None
        self._closed: socket.socket | None = None
        self._fillers: list[socket.socket] = []

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        """Listen; does nothing if it does. Raises ConfigurationError if the port cannot be had."""
        if self._server:
            return
        sock, self._closed = self._closed or self._bound(), None
        self.port = sock.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(self._factory, sock=sock, backlog=_BACKLOG)
        self._release()

    def shut(self) -> None:
        """Connections are refused from now on. The port stays ours: bound, and not listened on."""
        if self._server:
            self._server.close()
            self._server = None
            self._closed = self._bound()

    def jam(self) -> None:
        """Connecting hangs from now on: the queue of the listener is full, and nobody accepts (as Linux does it)."""
        self.shut()
        if self._closed and not self._fillers:
            self._closed.listen(0)
            self._fillers = [_knock(self._closed) for _ in range(_FILLERS)]

    def close(self) -> None:
        """Give the port up."""
        self._release()
        if self._server:
            self._server.close()
        if self._closed:
            self._closed.close()
        self._server = self._closed = None

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

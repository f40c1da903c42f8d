"""A TCP link to Redis that can fail, for a worker that does not reach what others reach."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from workfleet.workers.embedded.config import HOST, free_port


class Link:
    """Forwards connections to a port of this host."""

    def __init__(self, target_port: int) -> None:
        self._port = free_port()
        self._target = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._cut = False

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self._port}/0"

    def cut(self) -> None:
        """Connections are reset from now on, those that stand too."""
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    def hold(self) -> None:
        """Nothing comes through from now on, and nobody is told."""
        self._flows.clear()

    def mend(self) -> None:
        self._cut = False
        self._flows.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._cut:
                raise ConnectionResetError
            there, back = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        self._writers.add(target)
        try:
            while data := await source.read(65_536):
                await self._flows.wait()
                target.write(data)
                await target.drain()
        except OSError:
            target.transport.abort()
        finally:
            self._writers.discard(target)
            target.close()
            with suppress(OSError):
                await target.wait_closed()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, HOST, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.mend()
        self.cut()

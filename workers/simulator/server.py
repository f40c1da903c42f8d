"""The simulator as a server: its port, its own API beside the provider's, and the faults that strike the port."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from aiohttp import web

from .admin import PREFIX, Admin
from .door import Door
from .engine import Engine
from .faults.board import Active
from .faults.fault import Sever
from .faults.spec import FaultSpec
from .listener import ListenerFaults
from .player import never, reset
from .settings import Settings
from .stats import Stats

#: The largest body that is read; a larger one is answered 413.
MAX_BODY_BYTES = 64 * 2**20


class Simulator:
    """`async with Simulator(settings) as sim:` serves at `sim.base_url` until the block ends; port 0 takes a free one.

    admin_port: also serve the simulator's own API there, where it can be reached while connections are refused.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        admin_port: int | None = None,
        faults: Iterable[FaultSpec | str] = (),
    ) -> None:
        self._engine = Engine(settings or Settings())
        self._admin = Admin(self._engine, self, lifeline=admin_port is not None)
        self._specs = [FaultSpec.parse(fault) if isinstance(fault, str) else fault for fault in faults]
        self._address, self._admin_port = (host, port), admin_port
        self._doors: list[Door] = []
        self._webs: list[web.Server] = []
        self._managed: WeakSet[asyncio.BaseTransport] = WeakSet()  # use the simulator's own API
        self._listener: ListenerFaults | None = None

    @property
    def base_url(self) -> str:
        """Without a path; see `dialects/voices.py` for whose API is where."""
        return self._doors[0].url

    @property
    def admin_url(self) -> str:
        return self._doors[-1].url

    @property
    def settings(self) -> Settings:
        return self._engine.settings

    @property
    def stats(self) -> Stats:
        return self._engine.stats

    @property
    def active_faults(self) -> Iterable[Active]:
        return self._engine.board.active

    def configure(self, **changes: object) -> None:
        """Change settings while it runs; raises pydantic's ValidationError."""
        self._engine.configure(self.settings.changed(changes))

    def reset(self) -> None:
        """Statistics, limits and random numbers begin anew; settings and faults stay."""
        self._engine.reset()

    def switch_on(self, fault: FaultSpec | str) -> Active:
        """Raises InvalidRequest for a fault that does not exist or cannot be had so."""
        spec = FaultSpec.parse(fault) if isinstance(fault, str) else fault
        active = self._engine.board.switch_on(spec)
        if self._listener and isinstance(spec.fault.effect, Sever) and spec.strikes_listener:
            self._listener.begin(active, spec.fault.effect.how)
        return active

    async def switch_off(self, name: str | None = None) -> list[str]:
        """One fault (`http-503`, `http-503:provider=groq`), or all; those that were on."""
        off = self._engine.board.switch_off(name)
        if self._listener:
            await self._listener.end(name)
        return off

    async def start(self) -> None:
        """Raises ConfigurationError if the port cannot be had."""
        host, port = self._address
        await self._listen(self._handle, host, port)
        self._listener = ListenerFaults(self._doors[0], self._sever, self._engine.board.drop)
        if self._admin_port is not None:
            await self._listen(self._admin.handle, host, self._admin_port)
        for spec in self._specs:
            self.switch_on(spec)

    async def stop(self) -> None:
        """Ends what runs at once."""
        if self._listener:
            await self._listener.end()
        for door in self._doors:
            await door.close()
        self._engine.sever()
        for connection in self._connections:
            reset(connection.transport)
        while self._connections:  # noqa: ASYNC110 - aiohttp tells nobody when a connection is gone
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _connections(self) -> list[Any]:
        return [connection for server in self._webs for connection in server.connections]

    async def _listen(self, handler: Any, host: str, port: int) -> None:
        server = web.Server(handler, request_factory=_request, handler_cancellation=True, access_log=None)
        door = Door(server, host, port)
        await door.open()
        self._webs.append(server)
        self._doors.append(door)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            if request.transport:
                self._managed.add(request.transport)
            return await self._admin.handle(request)
        if not self._doors[0].is_open:
            reset(request.transport)
            return await never()
        return await self._engine.handle(request)

    def _sever(self) -> None:
        """Reset the connections to the provider that are open."""
        self._engine.sever()
        for connection in self._webs[0].connections:
            if connection.transport not in self._managed:
                reset(connection.transport)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY_BYTES)

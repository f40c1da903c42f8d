"""Where Prometheus finds the metrics of a worker: a small HTTP server on the worker's own loop."""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from aiohttp import web
from prometheus_client.metrics_core import Metric

from ...tasks.connection import PASSING
from ...tasks.errors import ConfigurationError
from .exposition import exposed

log = structlog.get_logger()

#: The worker's own metrics, and the whole fleet's, which every worker tells alike: one of them is to be asked.
OWN, FLEET = "/metrics", "/metrics/fleet"


@dataclass(frozen=True, slots=True)
class Place:
    """port: 0 takes a free one."""

    port: int
    address: str = "127.0.0.1"


class MetricsEndpoint:
    """own, fleet: what is told of the worker and of the fleet, gathered when somebody asks."""

    def __init__(self, own: Callable[[], Sequence[Metric]], fleet: Callable[[], Awaitable[Sequence[Metric]]]) -> None:
        self._own, self._fleet = own, fleet
        self._stack = AsyncExitStack()
        self.port = 0

    async def open(self, place: Place) -> None:
        """Raises ConfigurationError if it cannot listen there."""
        app = web.Application()
        app.add_routes([web.get(OWN, self._tell_own), web.get(FLEET, self._tell_fleet)])
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, place.address, place.port).start()
        except OSError as refused:
            await self.close()
            why = os.strerror(refused.errno or 0)
            raise ConfigurationError(
                f"metrics cannot be served on {place.address}:{place.port}: {why}; choose another port with "
                "--metrics-port or FLEET_METRICS_PORT"
            ) from None
        self.port = int(runner.addresses[0][1])
        log.info("metrics.served", url=f"http://{place.address}:{self.port}{OWN}")

    async def close(self) -> None:
        await self._stack.aclose()

    async def _tell_own(self, request: web.Request) -> web.Response:
        return _response(self._own(), request)

    async def _tell_fleet(self, request: web.Request) -> web.Response:
        try:
            return _response(await self._fleet(), request)
        except PASSING:
            return web.Response(status=503, text="Redis does not answer\n")


def _response(families: Sequence[Metric], request: web.Request) -> web.Response:
    text, content_type = exposed(families, accept=request.headers.get("Accept", ""))
    return web.Response(body=text, headers={"Content-Type": content_type})

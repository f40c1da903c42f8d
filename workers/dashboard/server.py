"""Flower, embedded in a loop of ours."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, cast

from flower.app import Flower
from flower.options import options as flower_options
from flower.urls import settings as flower_settings
from pydantic import SecretStr
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import url

from ...tasks.connection import connect
from ...tasks.errors import ConfigurationError
from ...tasks.queues import make_app
from .broker import FleetBroker
from .metrics import FleetMetrics
from .page import FleetPage
from .privacy import QuietEvents, QuietInspector
from .templates import loader

_NEWCOMERS_EVERY_MS = 3000


@dataclass(frozen=True, slots=True)
class DashboardOptions:
    """login: `user:password`, None asks nobody. Without it, only this machine may have access."""

    redis_url: SecretStr
    address: str = "127.0.0.1"
    port: int = 5555
    login: SecretStr | None = None

    def check(self) -> None:
        """Raises ConfigurationError for an unprotected page on the network, or for a login that is none."""
        if self.login is None and not _is_loopback(self.address):
            raise ConfigurationError(
                f"on {self.address} everybody on the network could see the fleet; add --basic-auth USER:PASSWORD, "
                "or FLEET_FLOWER_AUTH, or listen on 127.0.0.1"
            )
        if self.login is not None and not all(self.login.get_secret_value().partition(":")):
            raise ConfigurationError("--basic-auth must be USER:PASSWORD")


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


@asynccontextmanager
async def running_dashboard(options: DashboardOptions) -> AsyncGenerator[str]:
    """Flower at the URL that it yields. One a process: its options are global to the process."""
    options.check()
    try:
        sockets = bind_sockets(options.port, address=options.address)
    except OSError as refused:
        raise ConfigurationError(
            f"Flower cannot listen on {options.address}:{options.port}: {refused.strerror}"
        ) from None
    redis = connect(options.redis_url)
    flower = _flower(options)
    reads = {"redis": redis, "redis_url": options.redis_url}
    flower.add_handlers(
        r".*",
        [
            url(r"/fleet", FleetPage, reads, name="fleet"),
            url(r"/fleet/metrics", FleetMetrics, reads, name="metrics"),
            url(r"/broker", FleetBroker, reads),
        ],
    )
    server = HTTPServer(flower)
    server.add_sockets(sockets)
    flower.events.start()
    flower.update_workers()
    newcomers = PeriodicCallback(lambda: _look_at_newcomers(flower), _NEWCOMERS_EVERY_MS)
    newcomers.start()
    try:
        host, port = sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        newcomers.stop()
        flower.events.stop()
        server.stop()
        await server.close_all_connections()
        await redis.aclose()
        flower.executor.shutdown(wait=False, cancel_futures=True)


def _flower(options: DashboardOptions) -> Flower:
    flower_options.basic_auth = [options.login.get_secret_value()] if options.login else []
    app = make_app(options.redis_url)
    loop = IOLoop.current()
    events = QuietEvents(app, loop, max_tasks_in_memory=flower_options.max_tasks)
    settings = {**flower_settings, "template_loader": loader()}
    flower = Flower(capp=app, options=flower_options, events=events, io_loop=loop, **settings)
    flower.inspector = QuietInspector(loop, app, flower_options.inspect_timeout / 1000)
    return flower


def _look_at_newcomers(flower: Flower) -> None:
    """Ask workers that came after Flower about themselves; it calls them unknown otherwise."""
    seen = cast("Any", flower.events.state)
    if seen.workers.keys() - flower.workers.keys():
        flower.update_workers()

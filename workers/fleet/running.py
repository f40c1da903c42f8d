"""Starts a fleet on this machine and ends it: Redis if none is configured, simulators, a pool for each provider."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.fleet_events import FleetEvents
from ...tasks.fleet_state import NodeReport
from ...tasks.queues import make_app
from ..embedded.config import HOST
from ..embedded.keeper import kept_alive
from ..embedded.server import EmbeddedRedis
from ..pool.herald import Herald, flower_of
from ..pool.joining import refuse_another_fleets
from ..settings.schema import Settings
from ..supervision.child import ChildSpec
from ..supervision.output import LineSink, last_line
from ..supervision.supervisor import ChildStatus, Supervisor
from . import roster
from .residents import residents
from .roster import Member

#: Where the output of a child goes, by its name.
Outputs = Callable[[str], Path | LineSink]

_LOOK_EVERY_S = 0.05
_REDIS_WITHIN_S = 5.0
_SERVERS_END_WITHIN_S = 5.0
#: What a pool needs to hand back its jobs after its grace.
_POOLS_LEAVE_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """state: the state folder. outputs: where children write. env: for the children, beside our own environment.
    herald: has heard what this process logs, and tells it to the fleet.

    share: start no pool for a provider that has a living one already, wherever it runs.
    ready_within_s: how long the pools may take to report. grace_s: how long running jobs may go on at the end.
    metrics_port: of the first pool; each of the others serves its metrics on the next one. None serves none.
    """

    state: Path
    outputs: Outputs
    herald: Herald = field(default_factory=Herald)
    env: dict[str, str] = field(default_factory=dict[str, str])
    share: bool = True
    ready_within_s: float = 30.0
    grace_s: float = 10.0
    metrics_port: int | None = None


@dataclass(slots=True)
class Fleet:
    """A fleet that runs.

    pools, servers: the pools end first, so that what their jobs talk to is there to the last.
    members: the processes that were started for it. shared: providers whose pools lived already.
    """

    settings: Settings
    redis_url: SecretStr
    options: FleetOptions
    client: AsyncClient
    pools: Supervisor
    servers: Supervisor
    redis: EmbeddedRedis | None = None
    members: list[Member] = field(default_factory=list[Member])
    shared: frozenset[str] = frozenset()

    def start(self, member: Member) -> None:
        """Keep one more process running until the fleet ends."""
        env = {
            "FLEET_REDIS_URL": self.redis_url.get_secret_value(),
            "FLEET_STATE": str(self.options.state.absolute()),
            **({"FLEET_CONFIG": str(self.settings.source.absolute())} if self.settings.source else {}),
            **self.options.env,
        }
        self._of(member).start(ChildSpec(member.name, member.command, self.options.outputs(member.name), env))
        self.members.append(member)

    def _of(self, member: Member) -> Supervisor:
        return self.pools if member.provider else self.servers

    def hurry(self) -> None:
        """Running jobs are handed back at once, and whatever has not ended a little later is killed."""
        self.pools.hurry()
        self.servers.hurry()

    def kill(self) -> None:
        self.pools.kill()
        self.servers.kill()

    async def nodes(self) -> dict[str, NodeReport]:
        """What the living nodes last said of themselves, by name."""
        return {node.node: node for node in (await self.client.snapshot()).living}

    async def come_up(self, members: Sequence[Member], ready: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Wait until each member is ready, or given up, or the time is over; one at least must be ready.

        ready: the names of those that are.
        """
        if not members:
            return
        deadline = time.monotonic() + self.options.ready_within_s
        up = await ready()
        while self._expected(members, up) and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_EVERY_S)
            up = await ready()
        if not any(member.name in up for member in members):
            raise FleetUnavailable("; ".join(self.trouble(member) for member in members))

    def _expected(self, members: Sequence[Member], up: Collection[str]) -> list[Member]:
        """Those that may still come."""
        return [each for each in members if each.name not in up and self._status(each).state != "given_up"]

    def _status(self, member: Member) -> ChildStatus:
        return self._of(member).status[member.name]

    def trouble(self, member: Member) -> str:
        """Why a member does not run, in its own last words if it left any."""
        detail = self._status(member).detail or "it is not ready yet"
        output = self.options.outputs(member.name)
        words = f": {last_line(output)} (log: {output})" if isinstance(output, Path) else ""
        return f"{member.name} does not come up, {detail}{words}"


def log_files(state: Path) -> Outputs:
    """Each child writes to a file of its own in the state folder."""
    return lambda name: state.absolute() / "logs" / f"{name}.log"


@asynccontextmanager
async def running_fleet(settings: Settings, options: FleetOptions) -> AsyncGenerator[Fleet]:
    """A running fleet for these settings. What was started for it ends with the block, in order and within bounds.

    Raises FleetUnavailable if Redis cannot be had, or if no pool comes up, ConfigurationError if another fleet has it.
    """
    async with AsyncExitStack() as stack:
        redis, url = None, settings.redis_url
        if url is None:
            redis = await stack.enter_async_context(EmbeddedRedis(options.state))
            await stack.enter_async_context(kept_alive(redis))
            url = SecretStr(redis.url)
        client = await stack.enter_async_context(AsyncClient(url, wait_for_redis_s=_REDIS_WITHIN_S))
        await stack.enter_async_context(_telling(options.herald, client, url))
        servers = await stack.enter_async_context(Supervisor(stop_within_s=_SERVERS_END_WITHIN_S))
        workers = await stack.enter_async_context(Supervisor(stop_within_s=options.grace_s + _POOLS_LEAVE_WITHIN_S))
        fleet = Fleet(settings, url, options, client, workers, servers, redis)
        await _start_simulators(fleet)
        await _start_pools(fleet)
        yield fleet


def _telling(herald: Herald, client: AsyncClient, url: SecretStr) -> AbstractAsyncContextManager[None]:
    """What becomes of Redis and of the children, which the workers cannot know, comes to whoever watches the fleet."""
    node = f"fleet@{socket.gethostname()}"
    return herald.telling(node, FleetEvents(client.redis), flower_of(make_app(url), node))


async def _start_simulators(fleet: Fleet) -> None:
    wanted = roster.simulators(fleet.settings)
    there = await _listening(wanted)
    started = [member for member in wanted if member.name not in there]
    for member in started:
        fleet.start(member)
    await fleet.come_up(started, lambda: _listening(started))


async def _listening(members: Sequence[Member]) -> set[str]:
    """The members whose port takes connections."""
    return {member.name for member in members if member.port and await _connects(member.port)}


async def _connects(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def _start_pools(fleet: Fleet) -> None:
    options, host = fleet.options, socket.gethostname()
    members = roster.pools(fleet.settings, host=host, grace_s=options.grace_s, metrics_port=options.metrics_port)
    source = fleet.settings.source or "the environment"
    await refuse_another_fleets(fleet.client, fleet.settings.directory(), source=source)
    living = await residents(fleet.client, ours={pool.name for pool in members}, within_s=fleet.options.ready_within_s)
    if fleet.options.share:
        fleet.shared = frozenset(node.provider for node in living)
    started = [pool for pool in members if pool.provider not in fleet.shared]
    if doubles := {pool.name for pool in started} & {node.node for node in living}:
        raise FleetUnavailable(f"this fleet runs already ({', '.join(sorted(doubles))}); stop it before another starts")
    for member in started:
        fleet.start(member)
    await fleet.come_up(started, fleet.nodes)

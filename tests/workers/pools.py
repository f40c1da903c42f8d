"""Pools without Celery for tests: the real executor, sender and Redis, and providers whose replies a test decides."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from workfleet.routing.directory import ChainLink, Directory, RetryPolicy, Route
from workfleet.routing.gate import PoolState
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec
from workfleet.workers.attempts.ending import Ending
from workfleet.workers.attempts.executor import Executor
from workfleet.workers.attempts.leases import Leases
from workfleet.workers.endpoints.probing import probe
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.connector import ON_CONNECTED
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings.provider import Prices, ProviderSettings

LANE = "general.simple"

Reply = httpx2.Response | httpx2.TransportError | Callable[[], Awaitable[httpx2.Response]]


def says(text: str, **usage: Any) -> httpx2.Response:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    counts = {"prompt_tokens": 10, "completion_tokens": 5, **usage}
    return httpx2.Response(200, json={"id": "r-1", "model": "m", "choices": [choice], "usage": counts})


def fails(status: int, message: str = "no", *, code: str | None = None, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json={"error": {"message": message, "code": code}}, headers=named)


def breaks() -> httpx2.TransportError:
    return httpx2.ConnectError("connection refused")


@dataclass
class Server:
    """What the host of a provider answers to calls, in order; the last reply again and again. asked: models, in order.

    well: whether its health checks succeed. locked: they want other credentials. listed: the models that it lists.
    """

    replies: list[Reply] = field(default_factory=lambda: [says("ok")])
    asked: list[str] = field(default_factory=list[str])
    well: bool = True
    locked: bool = False
    listed: tuple[str, ...] = ("m",)

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET" and self.locked:
            return fails(401, "bad key")
        if request.method == "GET":
            listing = {"data": [{"id": name} for name in self.listed]}
            return httpx2.Response(200, json=listing) if self.well else fails(503, "loading")
        self.asked.append(json.loads(request.content)["model"])
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if not isinstance(reply, httpx2.ConnectError | httpx2.ConnectTimeout):
            _arrived()
        if isinstance(reply, httpx2.TransportError):
            raise reply
        if isinstance(reply, httpx2.Response):
            return httpx2.Response(reply.status_code, content=reply.content, headers=reply.headers)
        return await reply()


class _Written:
    writing_paused = False


def _arrived() -> None:
    """The request is all here, as the connection of a real one tells."""
    tell = ON_CONNECTED.get()
    assert tell is not None
    tell(_Written())


def provider(name: str, **fields: Any) -> ProviderSettings:
    """A server of our own, or as the fields say."""
    kind = {"type": "vllm", "tier": "local", "base_urls": (f"http://{name}",), "default_model": "m"}
    return ProviderSettings.model_validate({"name": name, **kind, **fields})


def hosted(name: str, **fields: Any) -> ProviderSettings:
    prices = Prices(input_usd_per_mtok=1.0, output_usd_per_mtok=2.0)
    return provider(name, **{"type": "openai", "tier": "hosted", "prices": prices, **fields})


def directory_of(
    *settings: ProviderSettings, chain: Iterable[str] | None = None, retry: RetryPolicy | None = None
) -> Directory:
    """Providers, and a default route through `chain` (`provider` or `provider/model`), else through them all."""
    names = [each.name for each in settings] if chain is None else list(chain)
    links = (
        ChainLink(provider=name.partition("/")[0], model=name.partition("/")[2] or None, priority=at)
        for at, name in enumerate(names)
    )
    return Directory(
        providers={each.name: each.facts() for each in settings},
        routes={"default": Route(name="default", chain=tuple(links))},
        retry=retry or RetryPolicy(delay_s=0.01),
    )


@dataclass
class Fleet:
    """One executor a provider. servers: by the provider's name, which is its host's."""

    client: AsyncClient
    servers: dict[str, Server]
    pools: dict[str, Executor]
    states: dict[str, PoolState]

    def out(self, name: str, why: str | None = None, *, resting: bool = False) -> None:
        """No worker of a provider lives any more, or they all say that they take no jobs."""
        told = {} if why is None else {name: PoolState(slots=0, busy=0, unavailable=why, resting=resting)}
        self.say({other: state for other, state in self.states.items() if other != name} | told)

    def say(self, states: dict[str, PoolState]) -> None:
        """All pools hear how they all stand now."""
        self.states = states
        for pool in self.pools.values():
            pool.pools = states

    async def submit(self, *, prompt: str = "hi", **fields: Any) -> str:
        return await self.client.submit(JobSpec.from_prompt(prompt, **fields))

    async def deliver(self, job_id: str, to: str) -> Ending:
        """A message of the job comes to a pool."""
        return await self.pools[to].run(job_id)

    async def follow(self, job_id: str, *, first: str, at_most: int = 20) -> list[str]:
        """Deliver a job wherever it goes until it has ended; the pools that it came to. Waits are cut short."""
        visited = [first]
        await self.deliver(job_id, first)
        while not (job := await self.client.job(job_id)).state.final:
            assert len(visited) < at_most, visited
            if job.state == "snoozed":
                await self.client.redis.zadd(self.client.store.key("snoozed"), {job_id: 0})
                await self.client.store.rescue()
            kind, _, name = job.queue.partition(".")
            visited.append(name if kind == "provider" else first)
            await self.deliver(job_id, visited[-1])
        return visited


@asynccontextmanager
async def fleet(
    redis_url: str, *settings: ProviderSettings, directory: Directory | None = None
) -> AsyncGenerator[Fleet]:
    """Pools of these providers, all of them available."""
    directory = directory or directory_of(*settings)
    servers = {each.name: Server() for each in settings}

    async def answer(request: httpx2.Request) -> httpx2.Response:
        return await servers[request.url.host].answer(request)

    async with (
        AsyncClient(redis_url, directory=directory) as client,
        Sender(transport=httpx2.MockTransport(answer)) as sender,
    ):
        states = {each.name: PoolState(slots=4, busy=0) for each in settings}
        pools: dict[str, Executor] = {}
        for each in settings:
            upstream = Upstream.of(each, each.endpoints(), sender)
            await probe(upstream)
            pools[each.name] = Executor(
                f"{each.name}@here", client.store, Leases(client.store), upstream, directory, states, jitter=lambda: 0.0
            )
        assert [pool.upstream.why_not() for pool in pools.values()] == [None] * len(pools)
        yield Fleet(client, servers, pools, states)


async def until(condition: Callable[[], object], *, within_s: float = 20.0) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)

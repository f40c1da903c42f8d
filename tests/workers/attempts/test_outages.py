"""Connections that end: the caller's to a provider, and the pool's to Redis."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp.web
import pytest

from workfleet.tasks.job import Job
from workfleet.workers.attempts.ending import Ended
from workfleet.workers.embedded.config import ServerConfig, free_port
from workfleet.workers.providers.sender import Sender

from ...redis_process import running_redis
from ..pools import Fleet, fleet, provider, says
from ..running import Held, history


@pytest.fixture
async def slow_server() -> AsyncIterator[tuple[str, asyncio.Event, asyncio.Event]]:
    """The address of a server that never answers; whether it was asked, and whether the connection was closed."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        if request.method == "GET":
            return aiohttp.web.json_response({"data": []})
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            closed.set()
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = aiohttp.web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked, closed
    await runner.cleanup()


async def test_a_cancel_closes_the_connection_within_a_second(
    redis_url: str, slow_server: tuple[str, asyncio.Event, asyncio.Event]
) -> None:
    url, asked, closed = slow_server
    async with fleet(redis_url, provider("one")) as alone, Sender() as sender:
        upstream = alone.pools["one"].upstream
        upstream.sender = sender
        upstream.lines[0].endpoint = provider("one", base_urls=(url,)).endpoints()[0]
        job_id = await alone.submit()
        delivery = asyncio.create_task(alone.deliver(job_id, "one"))
        await asked.wait()
        await alone.client.cancel(job_id)
        await alone.pools["one"].leases.renew()
        async with asyncio.timeout(1):
            await closed.wait()
        assert isinstance(await delivery, Ended)


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    """The URL and process id of a Redis that a test may stop."""
    config = ServerConfig(folder=tmp_path, port=free_port(), durable=False)
    with running_redis(config) as pid:
        yield config.url, pid


Outage = Callable[[Fleet, int], Awaitable[Callable[[], Awaitable[None]]]]


async def frozen(_: Fleet, pid: int) -> Callable[[], Awaitable[None]]:
    os.kill(pid, signal.SIGSTOP)

    async def over() -> None:
        await asyncio.sleep(0.3)  # the outage itself, not a wait for a state
        os.kill(pid, signal.SIGCONT)

    return over


async def cut_off(fleet: Fleet, _: int) -> Callable[[], Awaitable[None]]:
    await fleet.client.redis.client_kill_filter(_type="normal", skipme=False)

    async def over() -> None:
        return

    return over


@pytest.mark.parametrize("outage", [frozen, cut_off])
async def test_an_answer_outlasts_an_absence_of_redis_and_is_committed_once(
    own_redis: tuple[str, int], outage: Outage
) -> None:
    url, pid = own_redis
    async with fleet(url, provider("one")) as alone:
        reply = Held(says("precious"))
        alone.servers["one"].will(reply)
        job_id = await alone.submit()
        delivery = asyncio.create_task(alone.deliver(job_id, "one"))
        await reply.asked.wait()
        over = await outage(alone, pid)
        reply.may_go.set()
        await over()
        assert isinstance(await delivery, Ended)
        assert (await alone.client.result(job_id)).text == "precious"
        assert await history(alone, job_id) == [(1, "one/m", "succeeded")]
        assert await alone.client.redis.hget(alone.client.store.key("count"), "general|succeeded") == b"1"


async def test_a_claim_whose_reply_was_lost_gets_its_lease_when_it_is_repeated(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    store, claim, lost = alone.client.store, alone.client.store.claim, list[Job]()

    async def claim_and_lose_the_first_reply(job_id: str, **how: object) -> object:
        found = await claim(job_id, **how)  # type: ignore[arg-type]  # handed through as they came
        if not lost:
            lost.append(found.job)  # type: ignore[union-attr]  # it is ours: nobody else is there
            raise RedisConnectionError("the reply was lost")
        return found

    monkeypatch.setattr(type(store), "claim", staticmethod(claim_and_lose_the_first_reply))
    job_id = await alone.submit()
    assert isinstance(await alone.deliver(job_id, "one"), Ended)
    assert await history(alone, job_id) == [(1, "one/m", "succeeded")]

"""A look at a server that also asks its model for a token."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import structlog.testing

from workfleet.workers.endpoints.probing import probe
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.server_load import ServerLoad
from workfleet.workers.settings.provider import HealthCheck, ProviderSettings

from ..pools import Reply, Server, breaks, fails, provider, says

PING = HealthCheck(ping=True, interval_s=10.0)


@dataclass
class Pool:
    """now: what its clock shows."""

    upstream: Upstream
    server: Server
    now: float = 1000.0

    async def look(self, *, after_s: float = 10.0) -> str | None:
        """Why its provider takes no calls, if so, when it was looked at after so long."""
        self.now += after_s
        await probe(self.upstream)
        return self.upstream.why_not()


Make = Callable[..., Pool]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    server = Server()
    async with Sender(transport=httpx2.MockTransport(server.answer)) as sender:

        def pool(settings: ProviderSettings) -> Pool:
            made = Pool(Upstream.of(settings, settings.endpoints(), sender), server)
            made.upstream.clock = lambda: made.now
            return made

        yield pool


def gpu(**fields: Any) -> ProviderSettings:
    return provider("gpu", **{"health_check": PING, **fields})


async def test_the_model_is_asked_for_a_token_at_every_interval_after_the_first_look(make: Make) -> None:
    pool = make(gpu())
    assert [await pool.look(after_s=wait_s) for wait_s in (0.0, 9.0, 1.0, 9.0, 1.0)] == [None] * 5
    assert pool.server.asked == ["m", "m"]


async def test_without_the_setting_no_model_is_asked(make: Make) -> None:
    pool = make(gpu(health_check=HealthCheck(interval_s=10.0)))
    await pool.look()
    await pool.look()
    assert pool.server.asked == []


async def test_the_first_model_that_is_listed_is_asked_where_none_is_configured(make: Make) -> None:
    pool = make(gpu(default_model=None))
    pool.server.listed = ("first", "second")
    await pool.look()
    await pool.look()
    assert pool.server.asked == ["first"]


@pytest.mark.parametrize("reply", [fails(500), fails(503), breaks()], ids=["an error", "no room", "no connection"])
async def test_a_model_that_gives_no_token_takes_its_server_out_though_that_says_it_is_well(
    make: Make, reply: Reply
) -> None:
    pool = make(gpu())
    await pool.look()
    pool.server.will(reply)
    with structlog.testing.capture_logs() as logs:
        out = [await pool.look(after_s=10.0), await pool.look(after_s=1.0), await pool.look(after_s=1.0)]
    assert out == [None, None, "its breaker is open"]
    told = [(log["endpoint"], log["model"]) for log in logs if log["event"] == "ping.failed"]
    assert told == [("http://gpu", "m")] * 3


async def test_it_is_back_only_when_its_model_gives_a_token(make: Make) -> None:
    pool = make(gpu())
    await pool.look()
    pool.server.will(fails(500))
    for _ in range(3):
        await pool.look()
    assert await pool.look(after_s=60.0) == "its breaker is open"
    pool.server.will(says("a"))
    assert await pool.look(after_s=60.0) is None


@pytest.mark.parametrize(
    "reply", [fails(429), fails(404), fails(400)], ids=["rate limited", "not there", "a bad request"]
)
async def test_a_refusal_says_nothing_of_a_servers_health(make: Make, reply: Reply) -> None:
    pool = make(gpu())
    await pool.look()
    pool.server.will(reply)
    assert [await pool.look() for _ in range(6)] == [None] * 6


async def test_a_model_that_would_have_to_be_loaded_is_not_asked(make: Make) -> None:
    pool = make(gpu(default_model="other"))
    assert [await pool.look(), await pool.look()] == [None, None]
    assert pool.server.asked == []


async def test_a_model_that_runs_on_its_makers_machines_is_not_asked(make: Make) -> None:
    pool = make(gpu(type="ollama", default_model="big:cloud"))
    await pool.look()
    await pool.look()
    assert pool.server.asked == []


@pytest.mark.parametrize(
    ("busy", "load"),
    [(1, None), (0, ServerLoad(running=1, waiting=0)), (0, ServerLoad(running=0, waiting=1))],
    ids=["calls of ours", "calls of others", "calls that wait"],
)
async def test_calls_under_way_are_not_disturbed(make: Make, busy: int, load: ServerLoad | None) -> None:
    pool = make(gpu())
    (line,) = pool.upstream.lines
    await pool.look()
    line.busy, line.load = busy, load
    await pool.look()
    assert pool.server.asked == []

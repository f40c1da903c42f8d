"""A pool's provider: which endpoint is asked, how long, and when it is out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from workfleet.routing.breaker import Breaker
from workfleet.routing.failure import Fault
from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Job, JobSpec, JobState
from workfleet.tasks.request import Request
from workfleet.workers.endpoints.availability import Unavailable
from workfleet.workers.endpoints.probing import probe
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.server_load import ServerLoad
from workfleet.workers.settings.provider import HealthCheck, ProviderSettings

from ..pools import Server, breaks, fails, hosted, provider, says

JOB = Job("id", JobState.RUNNING, "general", "general.simple", Priority.BATCH, 2, "me", 0.0, 1.0, "general.simple")


@dataclass
class Pool:
    """An upstream of a fake provider with one or two hosts. now: what its clock shows. changes: how often it told."""

    upstream: Upstream
    hosts: dict[str, Server]
    now: float = 1000.0
    changes: int = 0

    async def ask(self, *, time_left_s: float = 3600.0, **fields: Any) -> str:
        spec = JobSpec(request=Request.from_prompt("hi", **fields))
        return (await self.upstream.ask(JOB, spec, "m", time_left_s=time_left_s)).text

    async def fail(self, times: int = 1) -> list[Fault]:
        faults = list[Fault]()
        for _ in range(times):
            with pytest.raises(AttemptFailed) as failed:
                await self.ask()
            faults.append(failed.value.failure.fault)
        return faults


Make = Callable[..., Pool]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    hosts: dict[str, Server] = {}

    async def answer(request: httpx2.Request) -> httpx2.Response:
        return await hosts[request.url.host].answer(request)

    async with Sender(transport=httpx2.MockTransport(answer)) as sender:

        def pool(settings: ProviderSettings, **options: Any) -> Pool:
            upstream = Upstream.of(settings, settings.endpoints(), sender, **options)
            made = Pool(upstream, hosts)
            for line in upstream.lines:
                hosts[httpx2.URL(line.endpoint.base_url).host] = Server()
            upstream.clock = lambda: made.now

            def changed() -> None:
                made.changes += 1

            upstream.changed = changed
            return made

        yield pool


TWO = provider("gpu", base_urls=("http://a", "http://b"))


async def test_it_takes_no_calls_before_it_was_reached(make: Make) -> None:
    pool = make(provider("a"))
    assert pool.upstream.why_not() == "it does not answer: it has not been asked yet"
    with pytest.raises(Unavailable, match="it has not been asked yet"):
        await pool.ask()
    pool.hosts["a"].well = False
    await probe(pool.upstream)
    assert (pool.upstream.why_not() or "").startswith("it does not answer: ")
    pool.hosts["a"].well = True
    await probe(pool.upstream)
    assert (pool.upstream.why_not(), pool.upstream.models, pool.changes) == (None, ("m",), 2)
    assert await pool.ask() == "ok"


async def test_a_health_check_that_is_switched_off_is_taken_to_go_well(make: Make) -> None:
    pool = make(provider("a", health_check=HealthCheck(enabled=False)))
    pool.hosts["a"].well = False
    await probe(pool.upstream)
    assert pool.upstream.why_not() is None


async def test_a_model_that_good_credentials_may_not_use_is_passed_by_and_the_provider_is_not_out(make: Make) -> None:
    pool = make(hosted("a"))
    await probe(pool.upstream)
    assert await pool.ask() == "ok"
    pool.hosts["a"].will(fails(403, "no access to this model"), says("ok"))
    assert await pool.fail() == [Fault.AUTH]
    assert pool.upstream.why_not() is None
    assert pool.upstream.models_out() == {"m": "its credentials may not use it: no access to this model"}
    assert await pool.ask() == "ok"
    assert pool.upstream.models_out() == {}


async def test_models_of_which_nothing_is_known_are_forgotten_and_open_breakers_are_not(make: Make) -> None:
    upstream = make(hosted("a")).upstream
    broken = upstream.target("broken")
    assert broken is not None
    broken.breaker = Breaker(opened_at=0.0, trips=1)
    for number in range(1000):
        upstream.target(f"made-up-{number}")
    assert len(upstream.targets) <= 64
    assert upstream.targets["broken"] is broken


async def test_the_least_busy_endpoint_is_asked(make: Make) -> None:
    pool, may_go = make(TWO), asyncio.Event()

    async def slow() -> httpx2.Response:
        await may_go.wait()
        return says("slow")

    await probe(pool.upstream)
    pool.hosts["a"].will(slow)
    pool.hosts["b"].will(slow)
    asking = [asyncio.create_task(pool.ask()) for _ in range(4)]
    async with asyncio.timeout(10):
        while len(pool.hosts["a"].asked) + len(pool.hosts["b"].asked) < 4:
            await asyncio.sleep(0)
    assert [line.busy for line in pool.upstream.lines] == [2, 2]
    may_go.set()
    await asyncio.gather(*asking)
    assert [line.busy for line in pool.upstream.lines] == [0, 0]


async def test_an_endpoint_that_is_out_leaves_the_calls_to_the_other(make: Make) -> None:
    pool = make(TWO)
    await probe(pool.upstream)
    pool.hosts["a"].will(fails(500))
    for _ in range(3):
        assert await pool.fail() == [Fault.SERVER]
        assert [await pool.ask() for _ in range(2)] == ["ok", "ok"]
        pool.now += 1.0
    assert [await pool.ask() for _ in range(2)] == ["ok", "ok"]
    assert (len(pool.hosts["a"].asked), len(pool.hosts["b"].asked)) == (3, 8)
    assert pool.upstream.why_not() is None


async def test_an_endpoint_that_is_gone_is_out_at_its_first_failure_and_back_as_soon_as_it_answers(make: Make) -> None:
    pool = make(TWO)
    await probe(pool.upstream)
    pool.hosts["a"].will(breaks(), says("ok"))
    pool.hosts["a"].well = False
    assert await pool.fail() == [Fault.TRANSPORT]
    out, well = (each.unavailable for each in pool.upstream.endpoints())
    assert ((out or "")[:18], well) == ("it does not answer", None)
    for _ in range(60):
        pool.now += 1.0
        await probe(pool.upstream)
        assert await pool.ask() == "ok"
    assert len(pool.hosts["a"].asked) == 1
    pool.hosts["a"].well = True
    await probe(pool.upstream)
    assert [each.unavailable for each in pool.upstream.endpoints()] == [None, None]


async def test_a_broken_connection_to_a_server_that_is_well_leaves_it_in(make: Make) -> None:
    pool = make(provider("a"))
    await probe(pool.upstream)
    pool.hosts["a"].will(breaks(), says("ok"))
    assert await pool.fail() == [Fault.TRANSPORT]
    assert (pool.upstream.why_not(), await pool.ask()) == (None, "ok")


async def test_a_server_that_is_well_but_fails_calls_is_asked_once_for_each_cool_off(make: Make) -> None:
    pool = make(provider("a"))
    await probe(pool.upstream)
    pool.hosts["a"].will(fails(500))
    await pool.fail(3)
    assert pool.upstream.resting
    asked_after = list[float]()
    for _ in range(60):
        pool.now += 1.0
        await probe(pool.upstream)
        while pool.upstream.why_not() is None:
            await pool.fail()
            asked_after.append(pool.now - 1000.0)
    assert asked_after == [2.0, 6.0, 14.0, 30.0, 60.0]


async def test_a_server_that_is_down_is_looked_at_ever_more_seldom(make: Make) -> None:
    pool = make(provider("a"))
    await probe(pool.upstream)
    pool.hosts["a"].will(breaks())
    await pool.fail(3)
    pool.hosts["a"].well = False
    looked_at = list[float]()
    for _ in range(60):
        pool.now += 1.0
        if pool.upstream.lines[0].availability.wants_probe(now=pool.now):
            looked_at.append(pool.now - 1000.0)
        await probe(pool.upstream)
    assert looked_at == [2.0, 6.0, 14.0, 30.0, 60.0]


async def test_rejected_credentials_are_hopeless_only_if_every_endpoint_rejects_them(make: Make) -> None:
    pool = make(TWO)
    await probe(pool.upstream)
    pool.hosts["a"].will(fails(401, "bad key"))
    assert await pool.fail() == [Fault.AUTH]
    assert not pool.upstream.hopeless
    pool.hosts["b"].will(fails(401, "bad key"))
    assert await pool.fail() == [Fault.AUTH]
    assert pool.upstream.hopeless
    assert pool.upstream.why_not() == "its credentials are rejected: bad key"


async def test_a_health_check_finds_wrong_credentials_and_another_key_is_tried_at_once(make: Make) -> None:
    pool = make(provider("a", health_check=HealthCheck(interval_s=1.0)))
    pool.hosts["a"].locked = True
    for _ in range(9):
        await probe(pool.upstream)
        pool.now += 10.0
    assert (pool.upstream.why_not(), pool.upstream.hopeless) == ("its credentials are rejected: bad key", True)
    pool.hosts["a"].locked = False
    pool.upstream.use_key(SecretStr("another"))
    await probe(pool.upstream)
    assert await pool.ask() == "ok"


async def test_a_call_that_is_stopped_says_nothing_of_the_endpoint(make: Make) -> None:
    pool, asked = make(provider("a")), asyncio.Event()

    async def endless() -> httpx2.Response:
        asked.set()
        await asyncio.Event().wait()
        return says("never")

    await probe(pool.upstream)
    pool.hosts["a"].will(endless)
    for _ in range(5):
        asked.clear()
        call = asyncio.create_task(pool.ask())
        await asked.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    assert (pool.upstream.why_not(), pool.upstream.lines[0].busy) == (None, 0)


async def test_a_server_that_gets_its_first_model_later_is_noticed(make: Make) -> None:
    pool = make(provider("a", default_model=None))
    pool.hosts["a"].listed = ()
    await probe(pool.upstream)
    assert not pool.upstream.models
    pool.hosts["a"].listed = ("pulled",)
    await probe(pool.upstream)
    assert pool.upstream.models == ("pulled",)


async def test_a_server_that_seems_well_is_looked_at_at_every_interval_and_is_out_soon_after_it_dies(
    make: Make,
) -> None:
    pool = make(provider("a", health_check=HealthCheck(interval_s=30.0)))
    await probe(pool.upstream)
    pool.hosts["a"].well = False
    out = list[float]()
    for _ in range(40):
        pool.now += 1.0
        await probe(pool.upstream)
        if pool.upstream.why_not() is not None:
            out.append(pool.now - 1000.0)
    assert out[0] == 32.0
    assert pool.hosts["a"].asked == []


async def test_a_server_whose_health_check_is_switched_off_is_never_looked_at(make: Make) -> None:
    pool = make(provider("a", health_check=HealthCheck(enabled=False)))
    await probe(pool.upstream)
    pool.hosts["a"].well = False
    pool.now += 3600.0
    await probe(pool.upstream)
    assert pool.upstream.why_not() is None


async def test_a_server_that_refuses_is_asked_less_and_the_pool_has_fewer_slots(make: Make) -> None:
    pool = make(provider("gpu", base_urls=("http://a", "http://b"), slots=8))
    await probe(pool.upstream)
    assert pool.upstream.slots(16) == 16
    pool.hosts["a"].will(fails(503), says("ok"))
    assert await pool.fail() == [Fault.OVERLOADED]
    assert pool.upstream.slots(16) == 12
    assert [each.limit for each in pool.upstream.endpoints()] == [4, 8]


async def test_a_server_that_is_out_takes_its_slots_along_and_brings_them_back(make: Make) -> None:
    pool = make(TWO)
    await probe(pool.upstream)
    pool.upstream.lines[0].availability.rejected = "bad key"
    assert pool.upstream.slots(16) == 8
    pool.upstream.lines[1].availability.rejected = "bad key"
    assert pool.upstream.slots(16) == 16
    pool.upstream.lines[0].availability.rejected = None
    assert pool.upstream.slots(16) == 8


async def test_a_server_in_which_requests_wait_is_asked_less(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make(TWO)

    async def busy(endpoint: Endpoint, *, timeout_s: float) -> ServerLoad:
        return ServerLoad(running=8, waiting=5 if endpoint.base_url == "http://a" else 0)

    monkeypatch.setattr(pool.upstream.sender, "load", busy)
    for _ in range(3):
        pool.now += 1.0
        await probe(pool.upstream)
    assert [(each.limit, each.waiting) for each in pool.upstream.endpoints()] == [(12, 5), (16, 0)]
    assert await pool.ask() == "ok"
    assert len(pool.hosts["b"].asked) == 1


async def test_an_answer_in_one_piece_is_given_up_where_answers_lately_took_far_less(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, seen = make(provider("a", slots=1)), list[float]()
    await probe(pool.upstream)
    line = pool.upstream.lines[0]
    line.concurrency = line.concurrency and line.concurrency.answered(pace=0.01, busy=1, began=0.0, now=0.0)

    async def look(_endpoint: object, _model: object, _request: object, timeouts: Timeouts, **_: object) -> object:
        seen.append(timeouts.total_s)
        raise asyncio.CancelledError

    monkeypatch.setattr(pool.upstream.sender, "ask", look)
    with pytest.raises(asyncio.CancelledError):
        await pool.ask(time_left_s=3600.0, max_tokens=100)
    usual = pool.upstream.provider.timeouts
    assert seen == [usual.first_token_s + 4 * 100 * 0.01]

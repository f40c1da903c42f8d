"""A job's way through pools, against a real Redis."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp.web
import httpx2
import pytest

from workfleet.routing.breaker import Breaker
from workfleet.routing.directory import RetryPolicy
from workfleet.tasks.answer import Usage
from workfleet.tasks.job import Attempt, Job, JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.workers.embedded.binary import find_server
from workfleet.workers.embedded.config import ServerConfig, free_port
from workfleet.workers.embedded.process import end, launch, reap, wait_until_ready
from workfleet.workers.ending import Declined, Dropped, Ended, Moved
from workfleet.workers.executor import LOOK_AGAIN_S
from workfleet.workers.leases import LEASE_S, Running
from workfleet.workers.providers.sender import Sender

from .pools import LANE, Fleet, breaks, directory_of, fails, fleet, hosted, provider, says, until


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[Fleet]:
    """A local provider before a hosted one."""
    async with fleet(redis_url, provider("one"), hosted("two")) as pools:
        yield pools


@pytest.fixture
async def alone(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, provider("one")) as pools:
        yield pools


class Held:
    """A reply that comes when it is let go, and that notices when nobody waits for it any more."""

    def __init__(self, reply: httpx2.Response) -> None:
        self.reply = reply
        self.asked = asyncio.Event()
        self.may_go = asyncio.Event()
        self.cancelled = False

    async def __call__(self) -> httpx2.Response:
        self.asked.set()
        try:
            await self.may_go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return self.reply


def facts(entry: Attempt) -> tuple[int, str, str]:
    return entry.number, entry.target, entry.outcome


async def history(fleet: Fleet, job_id: str) -> list[tuple[int, str, str]]:
    return [facts(entry) for entry in await fleet.client.attempts(job_id)]


def only(fleet: Fleet, name: str) -> Running:
    (running,) = fleet.pools[name].leases.held.values()
    return running


async def test_an_answer_ends_the_job_with_a_ledger_entry(two: Fleet) -> None:
    job_id = await two.submit()
    ending = await two.deliver(job_id, "two")
    assert isinstance(ending, Ended)
    assert ending.outcome == await two.client.wait(job_id)
    answer = ending.outcome.unwrap()
    assert (answer.text, answer.provider, answer.model) == ("ok", "two", "m")
    assert answer.usage == Usage(
        input_tokens=10, output_tokens=5, cost_usd=2e-5, cost_source="table", price_version="configuration"
    )
    (entry,) = await two.client.attempts(job_id)
    assert (facts(entry), entry.node, entry.cost_usd) == ((1, "two/m", "succeeded"), "two@here", 2e-5)
    assert two.pools["two"].leases.held == {}


async def test_an_end_is_awaited_in_redis_by_a_canvas_or_by_who_hands_the_job_in_again(alone: Fleet) -> None:
    spec = JobSpec.from_prompt("hi")
    ids = [
        await alone.client.submit(spec),
        await alone.client.submit(spec, canvas="{}"),
        await alone.client.submit(spec.model_copy(update={"idempotency_key": "k"})),
    ]
    ends = [await alone.deliver(job_id, "one") for job_id in ids]
    assert [end.awaited for end in ends if isinstance(end, Ended)] == [False, True, True]


async def test_a_second_delivery_of_a_job_that_runs_or_has_ended_is_dropped(alone: Fleet) -> None:
    reply = Held(says("ok"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    first = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    assert await alone.deliver(job_id, "one") == Dropped("running")
    reply.may_go.set()
    assert isinstance(await first, Ended)
    assert await alone.deliver(job_id, "one") == Dropped("succeeded")
    assert alone.servers["one"].asked == ["m"]


async def test_a_pool_that_drains_takes_nothing(alone: Fleet) -> None:
    job_id = await alone.submit()
    alone.pools["one"].draining = True
    assert await alone.deliver(job_id, "one") == Declined()
    assert (await alone.client.job(job_id)).state is JobState.QUEUED


async def test_a_broken_connection_is_tried_again_here_at_once(two: Fleet) -> None:
    two.servers["one"].will(breaks(), says("ok"))
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "one"]
    assert await history(two, job_id) == [(1, "one/m", "transport"), (2, "one/m", "succeeded")]


async def test_twice_broken_here_the_job_goes_to_the_next_target_with_its_history(two: Fleet) -> None:
    two.servers["one"].will(breaks())
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "one", "two"]
    assert await history(two, job_id) == [
        (1, "one/m", "transport"),
        (2, "one/m", "transport"),
        (3, "two/m", "succeeded"),
    ]


async def test_an_overloaded_target_is_left_at_once(two: Fleet) -> None:
    two.servers["one"].will(fails(529))
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("overloaded, on to two")
    job = await two.client.job(job_id)
    assert (job.state, job.queue, job.tried) == (JobState.QUEUED, "provider.two", ("one/m",))


async def test_a_rejected_answer_goes_to_the_next_target_and_was_paid_for(two: Fleet) -> None:
    two.servers["two"].will(says("no code at all"))
    two.servers["one"].will(says("def test_it():\n    assert True\n"))
    job_id = await two.submit(judge="python-tests", chain=("two", "one"))
    assert await two.follow(job_id, first="two") == ["two", "two", "one"]
    entries = await two.client.attempts(job_id)
    assert [facts(entry) for entry in entries] == [
        (1, "two/m", "bad_output"),
        (2, "two/m", "bad_output"),
        (3, "one/m", "succeeded"),
    ]
    assert [entry.cost_usd for entry in entries] == [2e-5, 2e-5, 0.0]


async def test_a_job_that_all_targets_failed_names_each_and_why(two: Fleet) -> None:
    two.servers["one"].will(fails(401, "who are you"))
    two.servers["two"].will(fails(404, "no such model", code="model_not_found"))
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "two"]
    outcome = await two.client.wait(job_id)
    assert outcome == Outcome(
        job_id,
        JobState.FAILED,
        error="no other target is left to try; one/m: auth: who are you; two/m: model_not_found: no such model",
    )


async def test_what_was_skipped_is_named_too(two: Fleet) -> None:
    two.servers["one"].will(fails(400, "odd request"))
    two.out("two", "its credentials are rejected: no")
    job_id = await two.submit()
    await two.follow(job_id, first="one")
    assert (await two.client.wait(job_id)).error == (
        "no other target is left to try; one/m: bad_request: odd request; "
        "two: skipped: its credentials are rejected: no"
    )


async def test_a_refused_job_waits_for_a_target_that_only_rests(two: Fleet) -> None:
    two.servers["one"].will(fails(404, "gone", code="model_not_found"))
    two.out("two", "its breaker is open", resting=True)
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("model_not_found, on to two")


@pytest.mark.parametrize("reply", [breaks(), fails(500), fails(529)], ids=["transport", "server", "overloaded"])
async def test_without_another_target_the_same_one_is_asked_until_the_attempts_are_used_up(
    redis_url: str, reply: httpx2.Response | httpx2.TransportError
) -> None:
    # A hosted provider: its breaker is more patient than the job.
    async with fleet(redis_url, hosted("one")) as alone:
        alone.servers["one"].will(reply)
        job_id = await alone.submit()
        await alone.follow(job_id, first="one")
        outcome = await alone.client.wait(job_id)
        assert outcome.state is JobState.FAILED
        assert (outcome.error or "").startswith("all 4 attempts are used up; one/m: ")
        assert alone.servers["one"].asked == ["m"] * 4


async def test_a_lone_server_that_is_down_costs_no_job(alone: Fleet) -> None:
    """Its breaker opens before a job's attempts are used up, and then the job waits for it."""
    server, upstream = alone.servers["one"], alone.pools["one"].upstream
    server.will(breaks())
    job_id = await alone.submit()
    for _ in range(8):
        await alone.deliver(job_id, "one")
        await alone.client.redis.zadd(alone.client.store.key("snoozed"), {job_id: 0})
        await alone.client.store.rescue()
    assert len(server.asked) == 3
    server.will(says("back"))
    upstream.clock = lambda: 1e9
    await upstream.probe()
    await alone.deliver(job_id, "one")
    assert (await alone.client.result(job_id)).text == "back"


async def test_a_job_of_its_own_limit_of_attempts_is_given_up_after_them(alone: Fleet) -> None:
    alone.servers["one"].will(fails(500, "oops"))
    job_id = await alone.submit(max_attempts=1)
    await alone.deliver(job_id, "one")
    assert (await alone.client.wait(job_id)).error == "all 1 attempts are used up; one/m: server: oops"


async def test_a_limit_sends_the_job_on_and_uses_up_no_attempt(two: Fleet) -> None:
    two.servers["one"].will(fails(429, "slow down", retry_after="7"))
    job_id = await two.submit(max_attempts=1)
    assert await two.follow(job_id, first="one") == ["one", "two"]
    assert await history(two, job_id) == [(1, "one/m", "rate_limited"), (1, "two/m", "succeeded")]


async def test_a_limit_of_the_only_target_snoozes_the_job_for_as_long_as_it_says(alone: Fleet) -> None:
    alone.servers["one"].will(fails(429, "slow down", retry_after="7"))
    job_id = await alone.submit()
    assert await alone.deliver(job_id, "one") == Moved("rate_limited, snoozed for 7.0 s")
    job = await alone.client.job(job_id)
    assert (job.state, job.attempts, job.queue) == (JobState.SNOOZED, 0, "provider.one")
    due_ms = await alone.client.redis.zscore(alone.client.store.key("snoozed"), job_id)
    assert due_ms / 1000 - (job.started_at or 0) == pytest.approx(7, abs=1)


async def test_however_often_it_is_limited_a_job_is_not_given_up_before_its_deadline(alone: Fleet) -> None:
    alone.servers["one"].will(*[fails(429, "slow down", retry_after="1")] * 9, says("at last"))
    job_id = await alone.submit()
    await alone.follow(job_id, first="one")
    assert (await alone.client.result(job_id)).text == "at last"


async def test_a_limit_that_passes_after_the_deadline_ends_the_job(alone: Fleet) -> None:
    alone.servers["one"].will(fails(429, "tomorrow", code="insufficient_quota", retry_after="90000"))
    job_id = await alone.submit()
    await alone.deliver(job_id, "one")
    assert (await alone.client.wait(job_id)).error == (
        "the next try is due in 90000 s, after the job's deadline; one/m: quota_exhausted: tomorrow"
    )


async def test_two_models_of_one_provider_are_two_targets(redis_url: str) -> None:
    one = provider("one")
    directory = directory_of(one, chain=["one/small", "one/large"])
    async with fleet(redis_url, one, directory=directory) as pools:
        pools.servers["one"].will(fails(404, "unknown", code="model_not_found"), says("ok"))
        job_id = await pools.submit()
        assert await pools.follow(job_id, first="one") == ["one", "one"]
        assert pools.servers["one"].asked == ["small", "large"]


async def test_a_filtered_job_goes_to_one_more_target_whatever_failed_before(redis_url: str) -> None:
    async with fleet(redis_url, hosted("a"), hosted("b"), hosted("c"), hosted("d")) as pools:
        filtered = fails(400, "unsafe", code="content_filter")
        pools.servers["a"].will(fails(529))
        pools.servers["b"].will(filtered)
        pools.servers["c"].will(filtered)
        job_id = await pools.submit()
        assert await pools.follow(job_id, first="a") == ["a", "b", "c"]
        assert (await pools.client.wait(job_id)).state is JobState.FAILED


async def test_a_pool_whose_provider_is_out_sends_jobs_on_without_an_attempt(two: Fleet) -> None:
    two.pools["one"].upstream.lines[0].availability.unreached = "connection refused"
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("it does not answer: connection refused; on to two")
    job = await two.client.job(job_id)
    assert (job.queue, job.attempts, job.tried, two.servers["one"].asked) == ("provider.two", 0, (), [])


async def test_when_no_target_takes_jobs_a_job_waits_and_uses_up_no_attempt(two: Fleet) -> None:
    two.pools["one"].upstream.lines[0].availability.unreached = "connection refused"
    two.out("two", "its breaker is open")
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved(
        "it does not answer: connection refused; no other target takes jobs now"
    )
    job = await two.client.job(job_id)
    assert (job.state, job.queue, job.attempts) == (JobState.SNOOZED, LANE, 0)


@pytest.mark.parametrize(
    ("open_for_s", "waits_s"), [(20.0, 20.0), (300.0, LOOK_AGAIN_S), (0.0, 1.0)], ids=["long", "very long", "no more"]
)
async def test_a_job_that_only_a_breaker_keeps_waiting_waits_until_its_probe(
    redis_url: str, open_for_s: float, waits_s: float
) -> None:
    async with fleet(redis_url, hosted("one"), hosted("two")) as pools:
        circuit = pools.pools["one"].upstream.lines[0].availability.circuit
        cool_off_s = circuit.policy.cool_off_s
        circuit.breaker = Breaker(opened_at=time.monotonic() + open_for_s - cool_off_s, trips=1)
        circuit.shared = True
        job_id = await pools.submit(provider="one")
        assert isinstance(await pools.deliver(job_id, "one"), Moved)
        due_ms = await pools.client.redis.zscore(pools.client.store.key("snoozed"), job_id)
        seconds, micro = await pools.client.redis.time()
        assert waits_s - 1 < due_ms / 1000 - seconds - micro / 1e6 <= waits_s + 1


async def test_a_job_that_another_provider_may_get_once_more_is_looked_at_soon(two: Fleet) -> None:
    two.servers["two"].will(fails(529))
    job_id = await two.submit()
    await two.deliver(job_id, "two")
    two.out("two", "it does not answer")
    circuit = two.pools["one"].upstream.lines[0].availability.circuit
    circuit.breaker = Breaker(opened_at=time.monotonic() + 60.0, trips=1)
    assert isinstance(await two.deliver(job_id, "one"), Moved)
    due_ms = await two.client.redis.zscore(two.client.store.key("snoozed"), job_id)
    seconds, micro = await two.client.redis.time()
    assert due_ms / 1000 - seconds - micro / 1e6 <= 2


async def test_a_job_goes_back_to_a_target_that_failed_it_in_passing_rather_than_wait(two: Fleet) -> None:
    two.servers["one"].will(fails(529), says("well again"))
    job_id = await two.submit()
    await two.deliver(job_id, "one")
    two.pools["two"].upstream.lines[0].availability.unreached = "connection refused"
    two.out("two", "it does not answer")
    assert await two.follow(job_id, first="two") == ["two", "one"]
    assert (await two.client.result(job_id)).text == "well again"


async def test_a_job_does_not_go_back_to_a_target_that_refused_it(two: Fleet) -> None:
    two.servers["one"].will(fails(404, "unknown", code="model_not_found"))
    job_id = await two.submit()
    await two.deliver(job_id, "one")
    two.pools["two"].upstream.lines[0].availability.unreached = "connection refused"
    two.out("two", "it does not answer")
    assert await two.deliver(job_id, "two") == Moved(
        "it does not answer: connection refused; no other target takes jobs now"
    )


async def test_a_job_whose_only_targets_credentials_are_rejected_has_failed(alone: Fleet) -> None:
    alone.pools["one"].upstream.lines[0].availability.rejected = "bad key"
    job_id = await alone.submit()
    await alone.deliver(job_id, "one")
    outcome = await alone.client.wait(job_id)
    assert outcome.error == "no target can run it; one: skipped: its credentials are rejected: bad key"


async def test_a_provider_without_any_model_sends_jobs_on(redis_url: str) -> None:
    async with fleet(redis_url, provider("one", default_model=None), provider("two")) as pools:
        pools.pools["one"].upstream.models = ()
        job_id = await pools.submit()
        assert await pools.deliver(job_id, "one") == Moved(
            "no model is configured, and the server lists none; on to two"
        )


async def test_a_job_that_names_no_model_gets_the_first_that_the_server_lists(redis_url: str) -> None:
    async with fleet(redis_url, provider("one", default_model=None)) as pools:
        await pools.deliver(await pools.submit(), "one")
        assert pools.servers["one"].asked == ["m"]


async def test_a_cancelled_job_stops_at_once(alone: Fleet) -> None:
    reply = Held(says("too late"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    listening = asyncio.create_task(alone.pools["one"].leases.listen(lambda: None))
    delivery = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    while (await alone.client.redis.pubsub_numsub("wf:cancel"))[0][1] == 0:
        await asyncio.sleep(0)
    assert await alone.client.cancel(job_id) is JobState.RUNNING
    outcome = Outcome(job_id, JobState.CANCELLED, error="cancelled while it ran")
    async with asyncio.timeout(1):
        assert await delivery == Ended(outcome, awaited=False)
    assert reply.cancelled
    assert await alone.client.wait(job_id) == outcome
    assert await history(alone, job_id) == [(1, "one/m", "cancelled")]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_cancel_that_comes_when_the_call_has_failed_already_ends_the_job(alone: Fleet) -> None:
    """The call is over, so there is nothing to stop; but the job must not go on."""
    job_id = await alone.submit()

    async def cancelled_meanwhile() -> httpx2.Response:
        await alone.client.cancel(job_id)
        return fails(429, "slow down", retry_after="900")

    alone.servers["one"].will(cancelled_meanwhile)
    outcome = Outcome(job_id, JobState.CANCELLED, error="cancelled while it ran")
    assert await alone.deliver(job_id, "one") == Ended(outcome, awaited=False)
    assert await alone.client.wait(job_id) == outcome


async def test_a_job_whose_lease_is_lost_is_stopped_and_only_booked(alone: Fleet) -> None:
    reply = Held(says("too late"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    delivery = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    await lose_lease(alone, job_id)
    await alone.pools["one"].leases.renew()
    assert await delivery == Dropped("its lease was lost")
    assert reply.cancelled
    assert (await alone.client.job(job_id)).state is JobState.QUEUED
    assert await history(alone, job_id) == [(1, "one/m", "lease_lost")]


async def lose_lease(fleet: Fleet, job_id: str) -> None:
    await fleet.client.redis.zadd(fleet.client.store.key("leases"), {job_id: 0})
    assert (await fleet.client.store.rescue()).rescued == [job_id]


async def test_a_worker_that_was_frozen_since_it_took_a_job_looks_again_before_it_spends_money(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, leases = alone.client.store, alone.pools["one"].leases
    job_id, claim = await alone.submit(), store.claim

    async def frozen(*args: Any, **how: Any) -> Any:
        claimed = await claim(*args, **how)
        leases.clock = lambda: time.monotonic() + LEASE_S
        await lose_lease(alone, job_id)
        return claimed

    monkeypatch.setattr(store, "claim", frozen)
    assert await alone.deliver(job_id, "one") == Dropped("its lease was lost")
    assert alone.servers["one"].asked == []


async def test_a_job_that_comes_back_to_the_pool_that_still_runs_it_is_not_mixed_up(alone: Fleet) -> None:
    first, second = Held(says("first")), Held(says("second"))
    alone.servers["one"].will(first, second)
    leases = alone.pools["one"].leases
    job_id = await alone.submit()
    before = asyncio.create_task(alone.deliver(job_id, "one"))
    await first.asked.wait()
    await lose_lease(alone, job_id)
    after = asyncio.create_task(alone.deliver(job_id, "one"))
    await second.asked.wait()
    await leases.renew()
    assert await before == Dropped("its lease was lost")
    assert list(leases.held) == [(job_id, 3)]
    second.may_go.set()
    assert isinstance(await after, Ended)
    assert (await alone.client.result(job_id)).text == "second"


async def test_a_pool_that_stops_hands_its_jobs_back_without_an_attempt(alone: Fleet) -> None:
    reply = Held(says("too late"))
    alone.servers["one"].will(reply)
    job_id = await alone.submit()
    delivery = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    assert alone.pools["one"].leases.hand_back() == 1
    assert await delivery == Moved("the pool stops")
    job = await alone.client.job(job_id)
    assert (job.state, job.queue, job.attempts) == (JobState.QUEUED, LANE, 0)
    assert await history(alone, job_id) == [(1, "one/m", "cancelled")]
    assert alone.pools["one"].upstream.why_not() is None


async def test_a_job_that_expired_while_it_waited_costs_nothing(alone: Fleet) -> None:
    job_id = await alone.submit(deadline_s=0.001)
    while not await alone.client.store.overdue():
        pass
    assert await alone.deliver(job_id, "one") == Dropped("expired")
    assert await alone.client.wait(job_id) == Outcome(
        job_id, JobState.EXPIRED, error="its deadline passed while it waited"
    )
    assert alone.servers["one"].asked == []


async def test_a_deadline_that_passes_while_it_runs_ends_the_job_and_says_nothing_of_the_target(two: Fleet) -> None:
    two.servers["one"].will(Held(says("too late")))
    job_id = await two.submit(deadline_s=0.2)
    ending = await two.deliver(job_id, "one")
    assert isinstance(ending, Ended)
    assert ending.outcome.state is JobState.EXPIRED
    assert (ending.outcome.error or "").startswith("its deadline has passed; one/m: timeout_total: ")
    assert two.pools["one"].upstream.lines[0].availability.circuit.breaker.outcomes == ()


async def test_the_deadline_is_that_of_redis_clock_whatever_ours_shows(alone: Fleet) -> None:
    alone.pools["one"].clock = lambda: 4e9
    job_id = await alone.submit(deadline_s=3600)
    assert isinstance(await alone.deliver(job_id, "one"), Ended)
    assert (await alone.client.wait(job_id)).state is JobState.SUCCEEDED


async def test_a_step_of_the_hosts_clock_changes_neither_deadline_nor_ledger(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = Held(fails(500))
    alone.servers["one"].will(reply, says("ok"))
    job_id = await alone.submit(deadline_s=60)
    running = asyncio.create_task(alone.deliver(job_id, "one"))
    await reply.asked.wait()
    monkeypatch.setattr(time, "time", lambda: 4e9)
    reply.may_go.set()
    assert isinstance(await running, Moved)
    (entry,) = await alone.client.attempts(job_id)
    job = await alone.client.job(job_id)
    assert job.started_at is not None
    assert 0 <= entry.started_at - job.started_at < 30
    assert 0 <= entry.total_s < 30


async def test_a_defect_of_ours_costs_an_attempt_and_leaves_nothing_behind(
    alone: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def defective(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Sender, "ask", defective)
    job_id = await alone.submit()
    await alone.deliver(job_id, "one")
    (attempt,) = await alone.client.attempts(job_id)
    assert (attempt.outcome, attempt.message) == ("server", "the answer could not be handled: ZeroDivisionError: ")
    assert alone.pools["one"].leases.held == {}
    assert alone.pools["one"].upstream.lines[0].busy == 0


# A server that notices when its client is gone.


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


# Redis goes away just when an answer is there.


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    """The URL and process id of a Redis that a test may stop."""
    config = ServerConfig(folder=tmp_path, port=free_port(), durable=False)
    pid = launch(find_server(), config)
    wait_until_ready(config, within_s=20)
    yield config.url, pid
    end(config, within_s=10)
    reap(pid)


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


async def test_while_one_call_tries_a_resting_server_the_others_go_on(two: Fleet) -> None:
    upstream, reply = two.pools["one"].upstream, Held(says("back"))
    availability = upstream.lines[0].availability
    availability.circuit.breaker = Breaker(opened_at=0.0, trips=1)
    await upstream.probe()
    two.servers["one"].will(reply)
    first, second = await two.submit(), await two.submit()
    trying = asyncio.create_task(two.deliver(first, "one"))
    await reply.asked.wait()
    assert await two.deliver(second, "one") == Moved("its breaker lets one call try; on to two")
    reply.may_go.set()
    assert isinstance(await trying, Ended)
    assert upstream.why_not() is None


async def test_a_policy_of_no_retries_moves_on_at_the_first_failure(redis_url: str) -> None:
    one, two = provider("one"), provider("two")
    directory = directory_of(one, two, retry=RetryPolicy(retries_per_target=0))
    async with fleet(redis_url, one, two, directory=directory) as pools:
        pools.servers["one"].will(breaks())
        assert await pools.follow(await pools.submit(), first="one") == ["one", "two"]


async def test_jobs_that_run_are_held_with_what_they_ask(alone: Fleet) -> None:
    reply = Held(says("ok"))
    alone.servers["one"].will(reply)
    delivery = asyncio.create_task(alone.deliver(await alone.submit(), "one"))
    await until(lambda: bool(alone.servers["one"].asked))
    assert only(alone, "one").target == "one/m"
    assert alone.pools["one"].leases.occupancy.busy == 1
    reply.may_go.set()
    await delivery
    assert alone.pools["one"].leases.occupancy.busy == 0

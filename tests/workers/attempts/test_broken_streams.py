"""A call that breaks off after its answer has begun is booked with what came: it has cost money."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from workfleet.routing.tokens import estimate_tokens
from workfleet.tasks.job import Attempt, Constraints, JobState
from workfleet.workers.attempts.leases import Stop

from ..pools import Fleet, fleet, hosted, provider, until
from ..running import only

WORDS = "The capital of France is Paris, and that has been so for long."
OUTPUT = estimate_tokens(WORDS)
LIMITED = {"limits": {"requests_per_day": 100, "tokens_per_day": 100_000, "resets": "UTC"}}


def line(**chunk: Any) -> bytes:
    return f"data: {json.dumps({'id': 'r-1', 'model': 'm', **chunk})}\n\n".encode()


SAID = line(choices=[{"index": 0, "delta": {"content": WORDS}, "finish_reason": None}])
ERROR = line(error={"code": 502, "message": "upstream is gone"}, choices=[])


class Body(httpx2.AsyncByteStream):
    """A stream of some lines, and then an end, or silence."""

    def __init__(self, *lines: bytes, silent: bool = False) -> None:
        self.lines = lines
        self.silent = silent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for each in self.lines:
            yield each
        if self.silent:
            await asyncio.Event().wait()


def spoken(*lines: bytes, silent: bool = False) -> Callable[[], Awaitable[httpx2.Response]]:
    async def reply() -> httpx2.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, stream=Body(*lines, silent=silent), headers=headers)

    return reply


async def first_attempt(pools: Fleet, job_id: str) -> Attempt:
    return (await pools.client.attempts(job_id))[0]


@pytest.mark.parametrize(
    ("lines", "outcome"), [([SAID], "transport"), ([SAID, ERROR], "server")], ids=["cut", "an error in the middle"]
)
async def test_a_stream_that_breaks_is_booked_with_what_came_at_an_estimate(
    redis_url: str, lines: list[bytes], outcome: str
) -> None:
    async with fleet(redis_url, hosted("one", **LIMITED)) as pools:
        pools.servers["one"].will(spoken(*lines))
        job_id = await pools.submit(stream=True)
        await pools.deliver(job_id, "one")
        attempt = await first_attempt(pools, job_id)

    assert (attempt.outcome, attempt.output_tokens, attempt.counted_by) == (outcome, OUTPUT, "estimate")
    assert attempt.input_tokens > 0
    assert attempt.first_token_s is not None
    assert (attempt.cost_source, attempt.price_version) == ("estimate", "configuration")
    assert attempt.cost_usd == pytest.approx(attempt.input_tokens * 1e-6 + OUTPUT * 2e-6)


async def test_a_stream_that_stalls_is_booked_too(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one", timeouts={"idle_s": 0.05})) as pools:
        pools.servers["one"].will(spoken(SAID, silent=True))
        job_id = await pools.submit(stream=True)
        await pools.deliver(job_id, "one")
        attempt = await first_attempt(pools, job_id)

    assert (attempt.outcome, attempt.output_tokens, attempt.cost_source) == ("timeout_idle", OUTPUT, "estimate")


@pytest.mark.parametrize("stop", [Stop.CANCELLED, Stop.SHUTDOWN], ids=["cancelled", "handed back"])
async def test_a_stream_that_is_stopped_is_booked_too(redis_url: str, stop: Stop) -> None:
    async with fleet(redis_url, hosted("one", **LIMITED)) as pools:
        pools.servers["one"].will(spoken(SAID, silent=True))
        job_id = await pools.submit(stream=True)
        delivery = asyncio.create_task(pools.deliver(job_id, "one"))
        said = pools.client.stream(job_id)
        assert (await anext(said)).text == WORDS
        only(pools, "one").end(stop)
        await delivery
        attempt = await first_attempt(pools, job_id)
        reserved = await pools.client.redis.keys("*held:*")

    assert (attempt.outcome, attempt.output_tokens, attempt.cost_source) == ("cancelled", OUTPUT, "estimate")
    assert reserved == []


async def test_a_receipt_that_comes_with_the_error_wins(redis_url: str) -> None:
    counted = {"prompt_tokens": 10, "completion_tokens": 20, "cost": 0.25}
    async with fleet(redis_url, provider("one", type="openrouter", api_key="k")) as pools:
        error = line(error={"code": 502, "message": "upstream is gone"}, choices=[], usage=counted)
        pools.servers["one"].will(spoken(SAID, error))
        job_id = await pools.submit(stream=True)
        await pools.deliver(job_id, "one")
        attempt = await first_attempt(pools, job_id)

    assert (attempt.input_tokens, attempt.output_tokens, attempt.counted_by) == (10, 20, "provider")
    assert (attempt.cost_usd, attempt.cost_source) == (0.25, "receipt")


async def test_what_a_broken_stream_has_cost_counts_against_the_jobs_limit(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one"), hosted("two")) as pools:
        pools.servers["one"].will(spoken(SAID))
        job_id = await pools.submit(stream=True, max_tokens=100, constraints=Constraints(max_cost_usd=0.00023))
        await pools.follow(job_id, first="one")
        outcome = await pools.client.wait(job_id)

    assert outcome.state is JobState.FAILED
    assert pools.servers["two"].asked == []


async def test_what_a_call_costs_that_nobody_answered_is_unknown(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one", timeouts={"first_token_s": 0.05})) as pools:
        pools.servers["one"].will(spoken(silent=True))
        job_id = await pools.submit(stream=True)
        delivery = asyncio.create_task(pools.deliver(job_id, "one"))
        await until(lambda: bool(pools.servers["one"].asked))
        await delivery
        attempt = await first_attempt(pools, job_id)

    assert (attempt.outcome, attempt.bought, attempt.cost_usd) == ("timeout_first_token", True, None)
    assert attempt.cost_source == "unseen"
    assert attempt.presumed_usd == pytest.approx(0.002, rel=0.05)

"""What providers count makes the estimates of the next calls better. Against a real Redis."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from workfleet.routing.calibration import ENOUGH, Kind
from workfleet.tasks.job import JobState
from workfleet.tasks.request import Request
from workfleet.tasks.request_size import sized
from workfleet.workers.calibration.books import EstimateBooks

from ..pools import Fleet, fails, fleet, hosted, provider, says

PROMPT = "Write a test for the parser of our configuration, please. " * 40
RAW = sized(Request.from_prompt(PROMPT)).input_tokens
DAILY = {"tokens_per_day": 10_000_000, "usd_per_day": 100.0, "resets": "UTC"}


@pytest.fixture
async def pools(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, hosted("one", limits=DAILY), provider("own")) as made:
        yield made


async def used(fleet: Fleet, unit: str) -> float:
    raw = await fleet.client.redis.hgetall(f"wf:limit:{unit}/day@one")
    return sum(float(units) for part, units in raw.items() if part not in (b"told", b"since"))


async def call(fleet: Fleet, to: str, reply: Any, **fields: Any) -> JobState:
    fleet.servers[to].will(reply)
    job_id = await fleet.submit(prompt=PROMPT, **fields)
    await fleet.deliver(job_id, to)
    await fleet.pools[to].admission.estimates.share(fleet.pools[to].admission.gauge)
    return (await fleet.client.job(job_id)).state


async def added(fleet: Fleet) -> tuple[float, float]:
    """(tokens, USD) that a call stands for of which nobody knows what it has used: those that were reserved for it."""
    before = await used(fleet, "tokens"), await used(fleet, "usd")
    await call(fleet, "one", httpx2.ReadError("cut"), max_tokens=1)
    return await used(fleet, "tokens") - before[0], (await used(fleet, "usd") - before[1]) / 1e9


async def taught(fleet: Fleet, times: float) -> None:
    for _ in range(ENOUGH):
        reply = says("ok", prompt_tokens=round(RAW * times), completion_tokens=1)
        assert await call(fleet, "one", reply, max_tokens=1) == JobState.SUCCEEDED


@pytest.mark.parametrize(("times", "money"), [(1.6, 1.6), (0.6, 1.0)], ids=["more", "fewer: money stays as it was"])
async def test_reservations_are_what_the_provider_has_counted_of_such_prompts(
    pools: Fleet, times: float, money: float
) -> None:
    await taught(pools, times)
    tokens, usd = await added(pools)
    assert tokens == pytest.approx(RAW * times + 1, rel=0.01)
    assert usd == pytest.approx((RAW * money * 1.25 + 2) * 1e-6, rel=0.01)


async def test_what_one_call_may_cost_at_most_is_raised_by_what_was_counted(pools: Fleet) -> None:
    cap = {"constraints": {"max_cost_usd": RAW * 1.5e-6, "exclude": ["own"]}, "max_tokens": 1}
    assert await call(pools, "one", says("ok", prompt_tokens=RAW), **cap) == JobState.SUCCEEDED
    await taught(pools, 1.6)
    assert await call(pools, "one", says("ok"), **cap) == JobState.FAILED


async def test_calls_that_no_limit_needs_an_estimate_of_are_measured_too(pools: Fleet) -> None:
    await call(pools, "own", says("ok", prompt_tokens=2 * RAW))
    found = await EstimateBooks(pools.client.redis).calibrations()
    assert [(kind, each.ratios) for kind, each in found.items()] == [(Kind("own/m", "middling"), (2000,))]


async def test_failed_calls_teach_nothing(pools: Fleet) -> None:
    await call(pools, "one", fails(500))
    assert await EstimateBooks(pools.client.redis).accuracy() == {}

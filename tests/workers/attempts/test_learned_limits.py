"""What is learned of a provider's limits from its replies and its refusals, on every host. Against a real Redis."""

import asyncio
from typing import Any

import httpx2

from workfleet.workers.attempts.ending import Ended, Moved

from ..pools import fails, hosted, provider, says


async def test_a_refusal_keeps_the_whole_fleet_from_asking_for_as_long_as_it_says(make: Any, redis_url: str) -> None:
    pools = await make(hosted("one"), provider("two"))
    pools.servers["one"].will(fails(429, retry_after="30"))
    await pools.deliver(await pools.submit(), "one")
    other_host = await make(hosted("one"))
    assert isinstance(await other_host.deliver(await other_host.submit(), "one"), Moved)
    assert other_host.servers["one"].asked == []
    admission = pools.pools["one"].admission
    assert admission.out() == {"m"}
    assert admission.why_not("m") == "it asked us to wait, for another 30 s"


async def test_a_daily_refusal_lasts_until_the_days_end_whatever_its_seconds_say(make: Any) -> None:
    pools = await make(hosted("one", limits={"requests_per_day": 4, "resets": "UTC"}))
    pools.servers["one"].will(fails(429, "Rate limit reached on requests per day (RPD): Limit 4", retry_after="22"))
    await pools.deliver(await pools.submit(), "one")
    (wait,) = pools.pools["one"].admission.waits.values()
    left_s = 86_400 - pools.pools["one"].admission.books.now % 86_400
    assert (round(wait.wait_s - left_s, -1), wait.key) == (0, "one/m")


async def test_limits_are_learned_from_headers_on_every_host_and_only_ever_lower(make: Any) -> None:
    pools = await make(hosted("one", limits={"requests_per_minute": 100, "tokens_per_minute": 1000}))
    reply = says("ok")
    told = {"x-ratelimit-limit-requests": "40", "x-ratelimit-limit-tokens": "90000"}
    pools.servers["one"].will(httpx2.Response(200, content=reply.content, headers=told))
    await pools.deliver(await pools.submit(), "one")
    other_host = await make(hosted("one", limits={"requests_per_minute": 100, "tokens_per_minute": 1000}))
    admission = other_host.pools["one"].admission
    admission.why_not("m")
    await admission.refresh()
    assert {limit.key: limit.amount for limit in admission.limits("m")} == {
        "requests/minute@one": 100,
        "tokens/minute@one": 1000,
        "requests/minute@one/m": 40,
        "slots@one": 16,
    }


async def test_what_is_told_of_one_model_is_none_of_the_others_business(make: Any) -> None:
    pools = await make(hosted("one"))
    told = {"m": "100", "large": "20"}
    for model, limit in told.items():
        replies = httpx2.Response(200, content=says("ok").content, headers={"x-ratelimit-limit-requests": limit})
        pools.servers["one"].will(replies)
        await pools.deliver(await pools.submit(model=model), "one")
    admission = pools.pools["one"].admission
    assert [limit.amount for limit in admission.limits("m")] == [100, 16]
    assert [limit.amount for limit in admission.limits("large")] == [20, 16]


async def test_a_refusal_of_one_model_is_none_of_the_others_business(make: Any) -> None:
    pools = await make(hosted("one"))
    pools.servers["one"].will(fails(429, retry_after="30"), says("ok"))
    await pools.deliver(await pools.submit(model="large"), "one")
    assert isinstance(await pools.deliver(await pools.submit(model="m"), "one"), Ended)


async def test_what_a_models_own_server_refuses_is_none_of_the_others_business(make: Any) -> None:
    pools = await make(hosted("one", type="openrouter", limits={"requests_per_minute": 600}))
    refusal = {"message": "Provider returned error", "code": 429, "metadata": {"provider_name": "Upstream"}}
    pools.servers["one"].will(httpx2.Response(429, json={"error": refusal}), says("ok"))
    for _ in range(2):
        assert isinstance(await pools.deliver(await pools.submit(model="large"), "one"), Moved)
    assert isinstance(await pools.deliver(await pools.submit(model="m"), "one"), Ended)
    assert pools.servers["one"].asked == ["large", "m"]
    assert [limit.amount for limit in pools.pools["one"].admission.limits("m")] == [600, 16]


async def test_after_a_refusal_that_names_no_limit_a_little_less_is_asked_for(make: Any) -> None:
    pools = await make(hosted("one", limits={"requests_per_minute": 100}))
    pools.servers["one"].will(fails(429, "slow down"))
    await pools.deliver(await pools.submit(), "one")
    assert [limit.amount for limit in pools.pools["one"].admission.limits("m")] == [100, 98.0, 16]


async def test_calls_that_are_refused_together_tell_it_once(make: Any) -> None:
    pools = await make(hosted("one", limits={"requests_per_minute": 600}))
    all_asked = asyncio.Barrier(3)

    async def refused() -> httpx2.Response:
        await all_asked.wait()
        return fails(429, "slow down")

    pools.servers["one"].will(refused)
    jobs = [await pools.submit() for _ in range(3)]
    await asyncio.gather(*(pools.deliver(job, "one") for job in jobs))
    assert pools.servers["one"].asked == ["m"] * 3
    assert [limit.amount for limit in pools.pools["one"].admission.limits("m")] == [600, 588.0, 16]

"""Calls keep their provider's limits, and what they reserved is settled however they end. Against a real Redis."""

import asyncio
from typing import Any

import httpx2
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from workfleet.routing.gate import PoolState
from workfleet.tasks.job import JobState
from workfleet.workers.attempts.ending import Ended, Moved
from workfleet.workers.limits.books import LimitBooks

from ..pools import LANE, Fleet, fails, hosted, provider, says, until
from ..running import Held

DAILY = {"requests_per_day": 4, "tokens_per_day": 10_000, "resets": "UTC"}


async def used(fleet: Fleet, key: str) -> float:
    """What a quota has counted."""
    raw = await fleet.client.redis.hgetall(f"wf:limit:{key}")
    return sum(float(units) for part, units in raw.items() if part[:1].isdigit())


async def reserved(fleet: Fleet) -> tuple[int, int]:
    """(reservations that nobody has settled, slots of the fleet that are held)."""
    redis = fleet.client.redis
    held = await redis.keys("wf:limit:held:*")
    slots = [await redis.zcard(key) for key in await redis.keys("wf:limit:slots@*")]
    return len(held), sum(slots)


async def test_an_answer_counts_what_it_used_and_gives_its_slot_back(make: Any) -> None:
    pools = await make(hosted("one", limits=DAILY))
    assert isinstance(await pools.deliver(await pools.submit(max_tokens=500), "one"), Ended)
    assert await used(pools, "tokens/day@one") == 15
    assert await used(pools, "requests/day@one") == 1
    assert await reserved(pools) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "tokens"),
    [
        pytest.param(fails(400), 0, id="a refused request costs no tokens"),
        pytest.param(fails(429, retry_after="1"), 0, id="nor one that is one too many"),
        pytest.param(fails(500), 505, id="what a broken server has counted nobody knows"),
        pytest.param(httpx2.ReadError("cut"), 505, id="nor one that answered nothing"),
    ],
)
async def test_a_failed_call_settles_what_it_may_have_used(make: Any, reply: Any, tokens: int) -> None:
    pools = await make(hosted("one", limits=DAILY))
    pools.servers["one"].will(reply)
    await pools.deliver(await pools.submit(max_tokens=500), "one")
    assert await used(pools, "requests/day@one") == 1
    assert await used(pools, "tokens/day@one") == tokens
    assert await reserved(pools) == (0, 0)


async def test_a_cancelled_call_counts_as_estimated(make: Any) -> None:
    pools = await make(hosted("one", limits=DAILY))
    asked = asyncio.Event()

    async def never() -> httpx2.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    pools.servers["one"].will(never)
    job_id = await pools.submit(max_tokens=500)
    running = asyncio.create_task(pools.deliver(job_id, "one"))
    await asked.wait()
    await pools.client.cancel(job_id)
    await pools.pools["one"].leases.renew()
    assert isinstance(await running, Ended)
    assert await used(pools, "tokens/day@one") == 505
    assert await reserved(pools) == (0, 0)


async def test_a_job_that_is_cancelled_while_it_waits_for_its_turn_uses_nothing(make: Any) -> None:
    pools = await make(hosted("one", limits={"requests_per_minute": 100, "requests_per_day": 9, "resets": "UTC"}))
    await pools.deliver(await pools.submit(), "one")
    job_id = await pools.submit()
    running = asyncio.create_task(pools.deliver(job_id, "one"))
    await until(lambda: pools.pools["one"].admission.shortage.for_s() > 0)
    await pools.client.cancel(job_id)
    await pools.pools["one"].leases.renew()
    assert isinstance(await running, Ended)
    assert pools.servers["one"].asked == ["m"]
    assert await used(pools, "requests/day@one") == 1
    assert await reserved(pools) == (0, 0)


async def test_a_used_up_quota_leaves_jobs_in_their_lane_without_using_up_attempts(make: Any) -> None:
    pools = await make(hosted("one", limits=DAILY), provider("two"))
    for _ in range(4):
        await pools.deliver(await pools.submit(), "one")
    job_id = await pools.submit(complexity=1)
    assert isinstance(await pools.deliver(job_id, "one"), Moved)
    job = await pools.client.job(job_id)
    assert (job.state, job.queue, job.attempts) == (JobState.SNOOZED, LANE, 0)
    assert pools.servers["one"].asked == ["m"] * 4


async def test_a_used_up_quota_sends_a_fallback_on_to_the_next_target(make: Any) -> None:
    pools = await make(hosted("one", limits=DAILY), provider("two"))
    for _ in range(4):
        await pools.deliver(await pools.submit(), "one")
    job_id = await pools.submit(chain=("one", "two"))
    assert await pools.follow(job_id, first="one") == ["one", "two"]
    assert [entry.target for entry in await pools.client.attempts(job_id)] == ["two/m"]


async def test_a_pinned_job_waits_for_its_limit_and_runs_then(make: Any) -> None:
    pools = await make(hosted("one", limits=DAILY))
    for _ in range(4):
        await pools.deliver(await pools.submit(), "one")
    job_id = await pools.submit(provider="one")
    assert isinstance(await pools.deliver(job_id, "one"), Moved)
    assert (await pools.client.job(job_id)).queue == "provider.one"
    await pools.client.redis.delete("wf:limit:requests/day@one")
    await pools.client.redis.zadd("wf:snoozed", {job_id: 0})
    await pools.client.store.rescue()
    assert isinstance(await pools.deliver(job_id, "one"), Ended)


async def test_providers_with_one_key_share_its_limits(make: Any) -> None:
    shared = {"api_key": "sk-1", "limits": {**DAILY, "per": "key"}}
    pools = await make(hosted("one", **shared), hosted("two", **shared))
    for name in ("one", "two", "one", "two"):
        await pools.deliver(await pools.submit(), name)
    assert isinstance(await pools.deliver(await pools.submit(complexity=1), "two"), Moved)
    assert (len(pools.servers["one"].asked), len(pools.servers["two"].asked)) == (2, 2)


async def test_a_large_call_does_not_wait_in_a_slot_while_another_pool_has_room(make: Any) -> None:
    pools = await make(hosted("one", limits={"tokens_per_minute": 1000}), provider("two"))
    first = await pools.submit(prompt="hi " * 500, chain=("one",))
    await pools.deliver(first, "one")
    large = await pools.submit(prompt="hi " * 500, chain=("one", "two"))
    assert await pools.follow(large, first="one") == ["one", "two"]


async def test_the_whole_fleet_makes_only_so_many_calls_at_the_same_time(make: Any) -> None:
    pools = await make(hosted("one", limits={"concurrency": 1}))
    reply = Held(says("ok"))
    pools.servers["one"].will(reply)
    first = asyncio.create_task(pools.deliver(await pools.submit(), "one"))
    await reply.asked.wait()
    assert isinstance(await pools.deliver(await pools.submit(), "one"), Moved)
    reply.may_go.set()
    assert isinstance(await first, Ended)
    assert pools.servers["one"].asked == ["m"]


async def test_a_long_call_keeps_what_it_reserved(make: Any) -> None:
    pools = await make(hosted("one"))
    reply = Held(says("ok"))
    pools.servers["one"].will(reply)
    running = asyncio.create_task(pools.deliver(await pools.submit(), "one"))
    await reply.asked.wait()
    redis = pools.client.redis
    (held,) = await redis.keys("wf:limit:held:*")
    await redis.expire(held, 5)
    await redis.zadd("wf:limit:slots@one", {held.decode().rpartition(":")[2]: 0})
    await pools.pools["one"].admission.renew()
    assert await redis.ttl(held) > 50
    assert await redis.zcount("wf:limit:slots@one", 1, "inf") == 1
    reply.may_go.set()
    assert isinstance(await running, Ended)
    assert await reserved(pools) == (0, 0)


async def test_people_are_told_when_a_quota_nears_its_end_and_when_it_is_used_up(make: Any) -> None:
    pools = await make(hosted("one", limits={"requests_per_day": 10, "resets": "UTC"}))
    with capture_logs() as logs:
        for _ in range(10):
            await pools.deliver(await pools.submit(), "one")
    told = [(line["event"], line.get("share")) for line in logs if line["event"].startswith("quota.")]
    assert told == [("quota.nearing", 0.8), ("quota.nearing", 0.9), ("quota.exhausted", None)]


async def test_a_job_that_no_other_target_can_answer_waits_for_a_used_up_one(make: Any) -> None:
    pools = await make(hosted("one", limits=DAILY), provider("two"))
    pools.say({**pools.states, "one": PoolState(slots=4, busy=0, out={"m": "its limits have no room"})})
    job_id = await pools.submit(chain=("two", "one"))
    pools.servers["two"].will(fails(400))
    await pools.deliver(job_id, "two")
    assert (await pools.client.job(job_id)).queue == "provider.one"


async def test_while_redis_is_away_a_call_counts_as_estimated_and_its_answer_is_not_lost(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = await make(hosted("one", limits=DAILY))

    async def away(*_: object) -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr("workfleet.workers.limits.admission.SETTLE_WITHIN_S", 0.0)
    monkeypatch.setattr(LimitBooks, "settle", away)
    with capture_logs() as logs:
        assert isinstance(await pools.deliver(await pools.submit(max_tokens=500), "one"), Ended)
    assert [line["provider"] for line in logs if line["event"] == "limits.unsettled"] == ["one"]
    assert await used(pools, "tokens/day@one") == 505


async def test_reservations_are_renewed_until_the_pool_ends(make: Any) -> None:
    pools = await make(hosted("one"))
    admission, rests = pools.pools["one"].admission, list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            raise asyncio.CancelledError

    admission.sleep = rest
    with pytest.raises(asyncio.CancelledError):
        await admission.keep()
    assert rests == [2.0, 2.0]


async def test_of_many_models_the_latest_are_looked_at(make: Any) -> None:
    pools = await make(hosted("one"))
    admission = pools.pools["one"].admission
    for number in range(100):
        admission.why_not(f"model-{number}")
    assert len(admission.waits) == 64
    assert "model-99" in admission.waits


async def test_books_that_answer_late_delay_no_commit(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pools = await make(hosted("one", limits=DAILY))
    books, may_go = pools.pools["one"].admission.books, asyncio.Event()
    settle = books.settle

    async def late(*args: Any) -> dict[str, int]:
        await may_go.wait()
        found: dict[str, int] = await settle(*args)
        return found

    monkeypatch.setattr(books, "settle", late)
    job_id = await pools.submit(max_tokens=500)
    delivery = asyncio.create_task(pools.deliver(job_id, "one"))
    assert (await pools.client.wait(job_id, timeout_s=20)).answer is not None
    assert (delivery.done(), await reserved(pools)) == (False, (1, 1))
    may_go.set()
    assert isinstance(await delivery, Ended)
    assert (await used(pools, "tokens/day@one"), await reserved(pools)) == (15, (0, 0))

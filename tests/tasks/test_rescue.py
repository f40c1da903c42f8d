"""Jobs whose worker, message or record was lost, and what becomes of them."""

import json

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import WORKER_DIED, Attempt, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import DAMAGED, POISON, Broken, Claimed, Store

from .stored import LANE, claimed, messages, spec


async def test_a_job_that_outlives_its_workers_too_often_is_ended(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    for _ in range(2):
        assert isinstance(await store.claim(job_id, owner="dying@host", lease_s=0), Claimed)
        assert (await store.rescue(deaths=2)).rescued == [job_id]
    assert isinstance(await store.claim(job_id, owner="dying@host", lease_s=0), Claimed)
    assert (await store.rescue(deaths=2)).poisonous == [job_id]
    assert (await client.wait(job_id)).error == "too many workers died while they ran it"


async def test_a_lost_message_is_pushed_anew_when_the_queue_is_empty(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    await store.redis.zadd(store.key("wait", LANE), {job_id: 1})
    for _ in range(2):
        assert await store.remessage([LANE], grace_s=0) == []
    await store.redis.delete(LANE)
    # It may be in the hands of a worker that is about to claim it.
    assert await store.remessage([LANE], grace_s=3600) == []
    assert await store.remessage([LANE], grace_s=0) == [(LANE, job_id)]
    assert await messages(store, LANE) == 1
    assert await store.remessage([LANE], grace_s=0) == []


async def test_a_rescued_job_is_served_before_those_that_wait_and_makes_no_message_look_lost(
    client: AsyncClient, store: Store
) -> None:
    first = await client.submit(spec())
    await store.redis.rpop(LANE)
    await claimed(store, first, lease_s=0)
    others = [await client.submit(spec()) for _ in range(3)]
    # They have waited for long; so has, in its time, the one that is rescued.
    await store.redis.zadd(store.key("wait", LANE), dict.fromkeys(others, 1))
    assert (await store.rescue()).rescued == [first]
    served = [json.loads(raw)["headers"]["id"] for raw in reversed(await store.redis.lrange(LANE, 0, -1))]
    assert served == [first, *others]
    for _ in range(3):
        assert await store.remessage([LANE], grace_s=0) == []


async def test_a_job_moves_from_a_dead_pools_queue_to_another(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    assert await store.reroute(job_id, LANE, "provider.groq")
    assert not await store.reroute(job_id, LANE, "provider.groq")
    assert (await client.job(job_id)).queue == "provider.groq"


@pytest.mark.parametrize("field", ["level", "created", "agent", "task", "queue", "prio"])
async def test_a_job_whose_record_cannot_be_read_can_still_end(client: AsyncClient, store: Store, field: str) -> None:
    job_id = await client.submit(spec())
    await client.redis.hdel(store.key("job", job_id), field)
    broken = await store.claim(job_id, owner="one@host", lease_s=30)
    assert isinstance(broken, Broken)
    assert field in broken.why
    assert await store.finish(broken, Outcome(job_id, JobState.FAILED, error=broken.why))
    assert (await client.wait(job_id)).state is JobState.FAILED


@pytest.mark.parametrize(("field", "value"), [("deadline", "x"), ("epoch", "x"), ("attempts", "1.5")])
async def test_a_job_that_cannot_even_be_claimed_can_still_end(
    client: AsyncClient, store: Store, field: str, value: str
) -> None:
    job_id = await client.submit(spec())
    await client.redis.hset(store.key("job", job_id), field, value)
    assert await store.claim(job_id, owner="one@host", lease_s=30) == "damaged"
    assert await store.end_waiting([job_id], JobState.FAILED, DAMAGED) == ["done"]
    assert (await client.wait(job_id)).error == DAMAGED


async def test_what_a_newer_version_has_written_is_read(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    stored = json.loads(await client.redis.get(store.key("spec", job_id)))
    newer = {**stored, "newer": 1, "request": {**stored["request"], "newer": 1}}
    await client.redis.set(store.key("spec", job_id), json.dumps(newer))
    await client.redis.hset(store.key("job", job_id), "newer", "1")
    assert isinstance(await store.claim(job_id, owner="one@host", lease_s=30), Claimed)


async def test_an_attempt_whose_worker_died_is_in_the_ledger(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    await store.claim(job_id, owner="dying@host", lease_s=0)
    await store.rescue()
    (entry,) = await client.attempts(job_id)
    assert (entry.outcome, entry.node, entry.number, entry.cost_usd) == (WORKER_DIED, "dying@host", 1, None)
    assert not entry.failed


async def test_a_frozen_worker_shares_no_epoch_with_what_the_reconciler_does(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    frozen = await claimed(store, job_id, lease_s=0)
    assert (await store.rescue(deaths=0)).poisonous == [job_id]
    late = Attempt(number=1, epoch=1, target="sim/m", outcome="timeout_total")
    assert not await store.finish(frozen.job, Outcome(job_id, JobState.FAILED, error="mine"), late)
    assert (await client.wait(job_id)).error == POISON
    assert [entry.outcome for entry in await client.attempts(job_id)] == ["timeout_total"]


async def test_nor_does_the_frozen_worker_of_a_job_whose_record_is_damaged(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    frozen = await claimed(store, job_id, lease_s=0)
    await client.redis.hdel(store.key("job", job_id), "queue")
    assert (await store.rescue()).damaged == [job_id]
    assert not await store.finish(frozen.job, Outcome(job_id, JobState.FAILED, error="mine"))

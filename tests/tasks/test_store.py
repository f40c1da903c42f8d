"""A job's life in Redis, step by step."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis

from workfleet.routing.directory import Directory
from workfleet.routing.lanes import Priority
from workfleet.tasks.answer import Answer, Usage
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import WORKER_DIED, Attempt, JobSpec, JobState
from workfleet.tasks.messages import list_key
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import DAMAGED, POISON, Broken, Claimed, Store
from workfleet.tasks.submission import Preparer

LANE = "general.simple"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


@pytest.fixture
def store(client: AsyncClient) -> Store:
    return client.store


def spec(**fields: Any) -> JobSpec:
    return JobSpec.from_prompt("hi", **fields)


async def claimed(store: Store, job_id: str, owner: str = "one@host", lease_s: float = 30) -> Claimed:
    found = await store.claim(job_id, owner=owner, lease_s=lease_s)
    assert isinstance(found, Claimed)
    return found


async def messages(store: Store, queue: str, priority: Priority = Priority.INTERACTIVE) -> int:
    return int(await store.redis.llen(list_key(queue, priority)))


async def test_a_submitted_job_waits_in_its_lane_with_one_message(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    job = await client.job(job_id)
    assert (job.state, job.queue, job.attempts, job.epoch) == (JobState.QUEUED, LANE, 0, 0)
    assert await messages(store, LANE) == 1


async def test_a_batch_priority_job_waits_in_the_lanes_second_list(client: AsyncClient, store: Store) -> None:
    await client.submit(spec(priority="batch"))
    assert await messages(store, LANE) == 0
    assert await messages(store, LANE, Priority.BATCH) == 1


async def test_only_the_first_claim_gets_the_lease(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    first = await claimed(store, job_id)
    assert (first.job.state, first.job.epoch, first.job.attempts, first.job.owner) == (
        JobState.RUNNING,
        1,
        1,
        "one@host",
    )
    assert first.spec == spec()
    assert await store.claim(job_id, owner="two@host", lease_s=30) == "running"


async def test_a_claim_of_an_unknown_job_says_missing(store: Store) -> None:
    assert await store.claim("no-such-job", owner="one@host", lease_s=30) == "missing"


async def test_the_answer_is_what_the_client_reads(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    mine = await claimed(store, job_id)
    answer = Answer(text="hello", provider="sim", model="m", usage=Usage(input_tokens=3, output_tokens=2, cost_usd=0.5))
    entry = Attempt(number=1, epoch=1, target="sim/m", outcome="succeeded", input_tokens=3, output_tokens=2)
    assert await store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, answer), entry)
    assert await client.result(job_id) == answer
    assert (await client.job(job_id)).state is JobState.SUCCEEDED
    assert await client.attempts(job_id) == [entry]


async def test_a_repeated_commit_counts_once(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    mine = await claimed(store, job_id)
    outcome = Outcome(job_id, JobState.SUCCEEDED, Answer(text="hello"))
    assert await store.finish(mine.job, outcome)
    assert await store.finish(mine.job, outcome)
    assert await store.redis.hget(store.key("count"), "general|succeeded") == b"1"


async def test_a_commit_after_the_lease_went_to_another_is_refused_but_its_attempt_is_kept(
    client: AsyncClient, store: Store
) -> None:
    job_id = await client.submit(spec())
    late = await store.claim(job_id, owner="frozen@host", lease_s=0)
    assert isinstance(late, Claimed)
    assert (await store.rescue()).rescued == [job_id]
    mine = await claimed(store, job_id)
    entry = Attempt(number=1, epoch=1, target="sim/m", outcome="succeeded", cost_usd=0.25)
    refused = entry.model_copy(update={"outcome": "lease_lost", "message": "another worker had the job by then"})
    assert not await store.finish(late.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="late")), entry)
    assert await store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="right")))
    assert (await client.result(job_id)).text == "right"
    assert await client.attempts(job_id) == [refused]


async def test_renewal_tells_apart_ok_cancelled_and_lost(client: AsyncClient, store: Store) -> None:
    ids = [await client.submit(spec()) for _ in range(3)]
    held = [await claimed(store, job_id) for job_id in ids]
    assert await client.cancel(ids[1]) is JobState.RUNNING
    pairs = [(held[0].job.id, 1), (held[1].job.id, 1), (held[2].job.id, 7)]
    assert await store.renew(pairs, lease_s=30) == ["ok", "cancel", "lost"]


async def test_an_idempotency_key_returns_the_first_job(client: AsyncClient, store: Store) -> None:
    first = await client.submit(spec(idempotency_key="k", agent="a"))
    assert await client.submit(spec(idempotency_key="k", agent="a")) == first
    assert await client.submit(spec(idempotency_key="k", agent="b")) != first
    assert await messages(store, LANE) == 2


async def test_of_jobs_handed_in_together_each_is_known_by_its_own_id_or_the_first_with_its_key(
    client: AsyncClient, store: Store
) -> None:
    first = await client.submit(spec(idempotency_key="k"))
    preparer = await client.preparer()
    jobs = [
        preparer.prepare(each, job_id=f"id-{at}")
        for at, each in enumerate([spec(), spec(idempotency_key="k"), spec(task_type="code-review"), spec()])
    ]
    assert await store.submit(jobs) == ["id-0", first, "id-2", "id-3"]
    assert await store.submit(jobs) == ["id-0", first, "id-2", "id-3"]
    assert set(await store.waiting(LANE, at_most=10)) == {first, "id-0", "id-3"}
    assert await messages(store, LANE) == 3
    assert await messages(store, "code-review.simple") == 1


async def test_an_id_that_is_handed_in_twice_at_once_is_one_job(client: AsyncClient, store: Store) -> None:
    job = (await client.preparer()).prepare(spec(), job_id="twin")
    assert await store.submit([job, job]) == ["twin", "twin"]
    assert await messages(store, LANE) == 1


async def test_what_a_job_says_of_itself_is_in_its_record(client: AsyncClient) -> None:
    asked = spec(task_type="code-review", complexity=9, agent="qe", stream=True, custom_id="Zeile 1 “quoted” \n\x00")
    job = await client.job(await client.submit(asked, canvas='{"group": "g"}'))
    assert (job.lane, job.complexity, job.agent, job.stream) == ("code-review.very-complex", 9, "qe", True)
    assert (job.custom_id, job.canvas, job.batch) == (asked.custom_id, '{"group": "g"}', "")


async def test_a_queue_keeps_the_order_of_a_chunk_whose_jobs_differ_in_complexity(
    client: AsyncClient, store: Store
) -> None:
    asked = (spec(complexity=1 + at % 3, custom_id=str(at)) for at in range(9))
    ids = [job_id async for chunk in client.submit_many(asked) for job_id in chunk]
    queued = await store.redis.lrange(list_key(LANE, Priority.INTERACTIVE), 0, -1)
    assert [json.loads(message)["headers"]["id"] for message in reversed(queued)] == ids


async def test_a_queued_job_is_cancelled_at_once_and_its_message_is_harmless(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    assert await client.cancel(job_id) is JobState.CANCELLED
    assert await store.claim(job_id, owner="one@host", lease_s=30) == "cancelled"
    outcome = await client.wait(job_id)
    assert (outcome.state, outcome.error) == (JobState.CANCELLED, "cancelled by request")


async def test_a_job_past_its_deadline_is_not_run(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec(deadline_s=0.001))
    while not await store.overdue():
        pass
    assert await store.claim(job_id, owner="one@host", lease_s=30) == "expired"
    assert await store.end_waiting([job_id], JobState.EXPIRED, "late") == ["done"]
    assert (await client.wait(job_id)).state is JobState.EXPIRED
    assert await store.overdue() == []


async def test_a_job_put_back_goes_to_the_queue_it_is_sent_to(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    mine = await claimed(store, job_id)
    assert await store.put_back(mine.job, "provider.groq", tried="sim/m") == "done"
    job = await client.job(job_id)
    assert (job.state, job.queue, job.attempts, job.tried) == (JobState.QUEUED, "provider.groq", 1, ("sim/m",))
    assert await messages(store, "provider.groq") == 1


async def test_a_job_handed_back_has_used_no_attempt(client: AsyncClient, store: Store) -> None:
    mine = await claimed(store, await client.submit(spec()))
    assert await store.put_back(mine.job, LANE, uncounted=True) == "done"
    assert (await client.job(mine.job.id)).attempts == 0


async def test_a_snoozed_job_is_released_when_it_is_due(client: AsyncClient, store: Store) -> None:
    mine = await claimed(store, await client.submit(spec()))
    assert await store.put_back(mine.job, LANE, wait_s=0.001, uncounted=True) == "done"
    while not (due := (await store.rescue()).due):
        pass
    assert due == [mine.job.id]
    assert (await client.job(mine.job.id)).state is JobState.QUEUED


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


async def test_a_refused_commit_is_on_its_batchs_account_once_however_often_it_is_told(
    client: AsyncClient, store: Store
) -> None:
    batch = await client.submit_batch([spec()])
    (job_id,) = await store.waiting(LANE, at_most=1)
    late = await claimed(store, job_id, lease_s=0)
    await store.rescue()
    entry = Attempt(
        number=1, epoch=1, target="sim/m", outcome="succeeded", input_tokens=30, output_tokens=4, cost_usd=0.25
    )
    for _ in range(2):
        assert not await store.finish(late.job, Outcome(job_id, JobState.SUCCEEDED, Answer()), entry)
    status = await client.batch_status(batch)
    assert (status.done, status.input_tokens, status.output_tokens, status.cost_usd) == (0, 30, 4, 0.25)
    assert [each.outcome for each in await client.attempts(job_id)] == ["lease_lost"]


async def test_what_is_booked_of_an_ended_job_goes_with_its_record(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    late = await claimed(store, job_id, lease_s=0)
    await store.rescue(deaths=0)
    await store.book(late.job, Attempt(number=1, epoch=1, target="sim/m", outcome="cancelled"))
    assert 0 < await store.redis.ttl(store.key("try", job_id)) <= await store.redis.ttl(store.key("job", job_id))


async def test_a_batch_keeps_no_more_than_its_window_in_the_lanes(client: AsyncClient, store: Store) -> None:
    batch = await client.submit_batch((spec() for _ in range(10)), window=3)
    assert await messages(store, LANE) == 3
    status = await client.batch_status(batch)
    assert (status.total, status.in_flight, status.pending, status.done) == (10, 3, 7, 0)


async def test_each_job_that_ends_releases_the_next_of_its_batch(client: AsyncClient, store: Store) -> None:
    batch = await client.submit_batch((spec(custom_id=f"line-{n}") for n in range(5)), window=1)
    for _ in range(5):
        (job_id,) = await store.waiting(LANE, at_most=10)
        mine = await claimed(store, job_id)
        await store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="ok")))
    status = await client.batch_status(batch)
    assert status.finished
    assert status.counts[JobState.SUCCEEDED] == 5
    names = [name async for _, _, name in client.outcomes(batch)]
    assert names == [f"line-{n}" for n in range(5)]


async def test_a_cancelled_batch_releases_nothing_more(client: AsyncClient, store: Store) -> None:
    batch = await client.submit_batch((spec() for _ in range(10)), window=3)
    assert await client.cancel_batch(batch) == 10
    status = await client.batch_status(batch)
    assert status.finished
    assert status.counts[JobState.CANCELLED] == 10


async def test_a_job_moves_from_a_dead_pools_queue_to_another(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    assert await store.reroute(job_id, LANE, "provider.groq")
    assert not await store.reroute(job_id, LANE, "provider.groq")
    assert (await client.job(job_id)).queue == "provider.groq"


def test_the_message_is_one_that_celery_reads(redis_url: str) -> None:
    from pydantic import SecretStr

    from workfleet.tasks.queues import make_app
    from workfleet.tasks.sync_client import Client

    with Client(redis_url) as client:
        job_id = client.submit(spec(task_type="code-review"))
    app = make_app(SecretStr(redis_url))
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("code-review.simple").get(timeout=5)
        assert message.headers["id"] == job_id
        assert message.headers["task"] == "workfleet.code-review"
        assert message.payload == [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
        message.ack()
    with redis.Redis.from_url(redis_url) as raw:
        assert raw.llen("code-review.simple") == 0


def test_a_directory_without_a_route_takes_every_lane() -> None:
    prepared = Preparer(Directory()).prepare(spec(complexity="very_complex"))
    assert prepared.placed.queue == "general.very-complex"


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


async def test_a_rejected_answer_is_on_its_batchs_account(client: AsyncClient, store: Store) -> None:
    batch = await client.submit_batch([spec()])
    (job_id,) = await store.waiting(LANE, at_most=1)
    rejected = Attempt(
        number=1, epoch=1, target="sim/m", outcome="bad_output", input_tokens=30, output_tokens=4, cost_usd=0.25
    )
    mine = await claimed(store, job_id)
    for _ in range(2):
        await store.put_back(mine.job, LANE, attempt=rejected)
    mine = await claimed(store, job_id)
    last = rejected.model_copy(update={"number": 2, "epoch": 2})
    assert await store.finish(mine.job, Outcome(job_id, JobState.FAILED, error="no"), last)
    status = await client.batch_status(batch)
    assert (status.cost_usd, status.input_tokens, status.output_tokens) == (0.5, 60, 8)
    assert status.by_provider == {}


async def test_calls_that_died_with_their_workers_are_on_their_batchs_account(
    client: AsyncClient, store: Store
) -> None:
    batch = await client.submit_batch([spec()])
    (job_id,) = await store.waiting(LANE, at_most=1)
    for _ in range(2):
        await claimed(store, job_id, lease_s=0)
        await store.rescue(deaths=1)
    status = await client.batch_status(batch)
    assert (status.lost_calls, status.counts[JobState.FAILED], status.cost_usd, status.unpriced) == (2, 1, 0, 0)
    assert [(each.outcome, each.cost_usd) for each in await client.attempts(job_id)] == [(WORKER_DIED, None)] * 2


async def test_what_a_worker_books_that_has_lost_its_job_is_on_the_batchs_account_once(
    client: AsyncClient, store: Store
) -> None:
    batch = await client.submit_batch([spec()])
    (job_id,) = await store.waiting(LANE, at_most=1)
    late = await claimed(store, job_id, lease_s=0)
    await store.rescue()
    entry = Attempt(number=1, epoch=1, target="sim/m", outcome="bad_output", input_tokens=30, cost_usd=0.25)
    for _ in range(2):
        await store.book(late.job, entry)
    assert (await client.batch_status(batch)).cost_usd == 0.25


async def test_a_batch_that_never_had_a_job_expires(client: AsyncClient, store: Store) -> None:
    batch = await client.open_batch()
    await client.keep_refused(batch, {2: b"{}"})
    keys = [store.key("batch", batch), store.key("batch", batch, "refused")]
    assert all([0 < await client.redis.ttl(key) <= store.retention_s for key in keys])
    assert await client.open_batch(batch_id=batch) == batch
    async for _ in client.submit_many([spec()], batch=batch):
        pass
    assert await client.open_batch(batch_id=batch) == batch
    assert [await client.redis.ttl(key) for key in keys] == [-1, -1]


async def test_batches_that_expired_are_struck_off_as_new_ones_come(client: AsyncClient, store: Store) -> None:
    gone = [await client.open_batch() for _ in range(2)]
    await client.redis.delete(*(store.key("batch", batch) for batch in gone))
    kept = await client.open_batch()
    assert await client.redis.zrange(store.key("batches"), 0, -1) == [kept.encode()]


async def test_a_refused_line_is_kept_once_however_often_it_is_told(client: AsyncClient) -> None:
    batch = await client.open_batch()
    await client.keep_refused(batch, {10: b"ten", 9: b"nine"})
    await client.keep_refused(batch, {10: b"ten"})
    await client.keep_refused(batch, {})
    assert await client.refused(batch) == [b"nine", b"ten"]
    assert (await client.batch_status(batch)).refused == 2


async def test_a_batch_that_has_ended_expires_with_its_jobs_unless_more_come(client: AsyncClient, store: Store) -> None:
    batch = await client.submit_batch([spec(), spec()])
    keys = [store.key("batch", batch, *part) for part in ([], ["jobs"], ["done"])]
    for job_id in await store.waiting(LANE, at_most=2):
        assert await store.redis.ttl(keys[0]) == -1
        await store.finish((await claimed(store, job_id)).job, Outcome(job_id, JobState.SUCCEEDED, Answer()))
    assert all([0 < await store.redis.ttl(key) <= store.retention_s for key in keys])
    async for _ in client.submit_many([spec()], batch=batch):
        pass
    assert [await store.redis.ttl(key) for key in keys] == [-1] * 3


async def test_what_an_ended_batch_has_already_does_not_keep_it(client: AsyncClient, store: Store) -> None:
    """As when a run that was interrupted after its last job hands in its file again."""
    prepared = [(await client.preparer()).prepare(spec(), job_id="only")]
    batch = await client.open_batch()
    await store.submit(prepared, batch=batch)
    await store.finish((await claimed(store, "only")).job, Outcome("only", JobState.SUCCEEDED, Answer()))
    await store.submit(prepared, batch=batch)
    assert 0 < await store.redis.ttl(store.key("batch", batch)) <= store.retention_s


async def test_a_batch_that_expired_and_is_opened_again_expires_too(client: AsyncClient, store: Store) -> None:
    batch = await client.open_batch()
    await client.redis.delete(store.key("batch", batch))
    assert await client.open_batch(batch_id=batch) == batch
    assert 0 < await store.redis.ttl(store.key("batch", batch)) <= store.retention_s


async def test_a_batch_that_is_forgotten_is_no_longer_listed(client: AsyncClient, store: Store) -> None:
    gone, kept = await client.submit_batch([spec()]), await client.submit_batch([spec()])
    await store.redis.delete(store.key("batch", gone))
    assert [status.id for status in await client.newest_batches()] == [kept]
    assert await store.redis.zrange(store.key("batches"), 0, -1) == [kept.encode()]


async def test_jobs_that_come_into_a_cancelled_batch_end_as_cancelled_at_once(
    client: AsyncClient, store: Store
) -> None:
    batch = await client.submit_batch((spec() for _ in range(5)), window=2)
    assert await client.cancel_batch(batch) == 5
    (ids,) = [ids async for ids in client.submit_many((spec(stream=True) for _ in range(3)), batch=batch)]
    outcomes = await store.outcomes(ids)
    assert [each and (each.state, each.error) for each in outcomes] == [
        (JobState.CANCELLED, "the batch was cancelled")
    ] * 3
    status = await client.batch_status(batch)
    assert (status.total, status.done, status.pending, status.in_flight, status.finished) == (8, 8, 0, 0, True)
    assert await client.redis.zcard(store.key("deadlines")) == 0
    assert await client.redis.keys("*spec:" + ids[0]) == []


async def test_what_a_cancelled_batch_had_already_keeps_its_outcome(client: AsyncClient, store: Store) -> None:
    """As when a run that was interrupted hands in its file again."""
    prepared = [(await client.preparer()).prepare(spec(), job_id=name) for name in ("answered", "waiting", "new")]
    batch = await client.open_batch()
    await store.submit(prepared[:2], batch=batch)
    await store.finish((await claimed(store, "answered")).job, Outcome("answered", JobState.SUCCEEDED, Answer()))
    await client.cancel_batch(batch)
    await store.submit(prepared, batch=batch)
    ended = {outcome.job_id: outcome.state async for _, outcome, _ in client.outcomes(batch, follow=True)}
    assert ended == {
        "answered": JobState.SUCCEEDED,
        "waiting": JobState.CANCELLED,
        "new": JobState.CANCELLED,
    }
    assert (await client.batch_status(batch)).done == 3


async def test_an_idempotency_key_is_known_for_as_long_as_its_job(client: AsyncClient, store: Store) -> None:
    day = 86_400.0
    await client.submit(spec(idempotency_key="once", deadline_s=20 * day))
    assert await store.redis.ttl(store.key("same", "default\nonce")) > 20 * day


async def test_dead_letters_are_forgotten_with_their_records(client: AsyncClient, store: Store) -> None:
    await store.redis.zadd(store.key("dead"), {"long-gone": 1})
    job_id = await client.submit(spec())
    await store.finish((await claimed(store, job_id)).job, Outcome(job_id, JobState.FAILED, error="no"))
    assert await store.redis.zrange(store.key("dead"), 0, -1) == [job_id.encode()]


async def test_a_replayed_job_begins_with_an_empty_ledger(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    mine = await claimed(store, job_id)
    entry = Attempt(number=1, epoch=1, target="sim/m", outcome="server")
    await store.finish(mine.job, Outcome(job_id, JobState.FAILED, error="no"), entry)
    await store.replay(job_id, LANE, ttl_s=60)
    again = await claimed(store, job_id)
    assert await store.attempts(job_id, after=again.job.since) == []
    assert await client.attempts(job_id) == [entry]


async def test_jobs_of_a_batch_that_nobody_takes_keep_nothing_from_those_of_other_queues(
    client: AsyncClient, store: Store
) -> None:
    hard = "general.very-complex"
    hard_first = [spec(complexity=9), spec(complexity=9), spec(custom_id="a"), spec(custom_id="b")]
    batch = await client.submit_batch(hard_first, window=1)
    status = await client.batch_status(batch)
    assert (status.in_flight, status.pending) == (2, 2)
    for name in ("a", "b"):
        (job_id,) = await store.waiting(LANE, at_most=9)
        mine = await claimed(store, job_id)
        assert mine.job.custom_id == name
        await store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer()))
    assert [len(await store.waiting(queue, at_most=9)) for queue in (hard, LANE)] == [1, 0]
    status = await client.batch_status(batch)
    assert (status.in_flight, status.pending, status.done) == (1, 1, 2)


async def test_a_job_that_moves_to_another_queue_gives_its_place_back_where_it_had_it(
    client: AsyncClient, store: Store
) -> None:
    batch = await client.submit_batch([spec(), spec()], window=1)
    (job_id,) = await store.waiting(LANE, at_most=9)
    assert await store.reroute(job_id, LANE, "provider.two")
    assert await store.waiting(LANE, at_most=9) == []
    await store.finish((await claimed(store, job_id)).job, Outcome(job_id, JobState.SUCCEEDED, Answer()))
    assert len(await store.waiting(LANE, at_most=9)) == 1
    assert (await client.batch_status(batch)).in_flight == 1


async def test_a_batch_that_has_ended_keeps_no_list_of_what_waits(client: AsyncClient, store: Store) -> None:
    batch = await client.submit_batch((spec() for _ in range(3)), window=1)
    (job_id,) = await store.waiting(LANE, at_most=9)
    mine = await claimed(store, job_id)
    await client.cancel_batch(batch)
    assert await client.redis.keys(store.key("batch", batch, "pending", "*")) != []
    await store.put_back(mine.job, LANE)
    assert (await client.batch_status(batch)).finished
    keys = await client.redis.keys(store.key("batch", batch) + "*")
    assert sorted(key.decode().removeprefix(store.key("batch", batch)) for key in keys) == ["", ":done", ":jobs"]
    assert -1 not in [await client.redis.ttl(key) for key in keys]


async def test_the_jobs_of_a_queue_can_be_looked_at_some_at_a_time(client: AsyncClient, store: Store) -> None:
    ids = [await client.submit(spec(priority=priority)) for priority in [*Priority] * 3]
    everything = await store.waiting(LANE, at_most=99)
    assert sorted(everything) == sorted(ids)
    assert [
        job_id for skip in range(0, 6, 2) for job_id in await store.waiting(LANE, skip=skip, at_most=2)
    ] == everything

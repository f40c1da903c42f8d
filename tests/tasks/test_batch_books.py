"""What Redis keeps of a batch: its window, its account, and for how long."""

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import WORKER_DIED, Attempt, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Store

from .stored import LANE, claimed, messages, spec


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

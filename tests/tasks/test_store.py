"""A job's life in Redis, step by step."""

import json

import redis

from workfleet.routing.directory import Directory
from workfleet.routing.lanes import Priority
from workfleet.tasks.answer import Answer, Usage
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import Attempt, JobState
from workfleet.tasks.messages import list_key
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed, Store
from workfleet.tasks.submission import Preparer

from .stored import LANE, claimed, messages, spec


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


async def test_what_is_booked_of_an_ended_job_goes_with_its_record(client: AsyncClient, store: Store) -> None:
    job_id = await client.submit(spec())
    late = await claimed(store, job_id, lease_s=0)
    await store.rescue(deaths=0)
    await store.book(late.job, Attempt(number=1, epoch=1, target="sim/m", outcome="cancelled"))
    assert 0 < await store.redis.ttl(store.key("try", job_id)) <= await store.redis.ttl(store.key("job", job_id))


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


async def test_the_jobs_of_a_queue_can_be_looked_at_some_at_a_time(client: AsyncClient, store: Store) -> None:
    ids = [await client.submit(spec(priority=priority)) for priority in [*Priority] * 3]
    everything = await store.waiting(LANE, at_most=99)
    assert sorted(everything) == sorted(ids)
    assert [
        job_id for skip in range(0, 6, 2) for job_id in await store.waiting(LANE, skip=skip, at_most=2)
    ] == everything

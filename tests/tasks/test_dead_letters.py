"""Jobs that failed for good."""

from collections.abc import Sequence

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.dead_letters import DeadLetters
from workfleet.tasks.errors import JobNotFound
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed, Store


async def end(store: Store, job_id: str, outcome: Outcome) -> None:
    claimed = await store.claim(job_id, owner="one@host", lease_s=30)
    assert isinstance(claimed, Claimed)
    assert await store.finish(claimed.job, outcome)


async def fail(client: AsyncClient, spec: JobSpec, reason: str = "all targets failed") -> str:
    job_id = await client.submit(spec)
    await end(client.store, job_id, Outcome(job_id, JobState.FAILED, error=reason))
    return job_id


async def test_a_failed_job_is_kept_with_its_reason(client: AsyncClient) -> None:
    job_id = await fail(client, JobSpec.from_prompt("hi"))
    (job,) = await DeadLetters(client.store).newest()
    assert (job.id, job.reason) == (job_id, "all targets failed")


async def test_a_replayed_job_starts_anew_and_its_waiter_gets_the_new_result(client: AsyncClient) -> None:
    job_id = await fail(client, JobSpec.from_prompt("hi"))
    await DeadLetters(client.store).replay(job_id)
    job = await client.job(job_id)
    assert (job.state, job.attempts, job.queue, job.reason) == (JobState.QUEUED, 0, job.lane, "")
    assert await client.store.outcome(job_id) is None
    await end(client.store, job_id, Outcome(job_id, JobState.SUCCEEDED, Answer(text="now")))
    assert (await client.result(job_id)).text == "now"
    assert await DeadLetters(client.store).newest() == []


async def test_a_replayed_job_with_a_chain_of_its_own_goes_to_its_first_provider(client: AsyncClient) -> None:
    from workfleet.routing.directory import Directory, ProviderFacts

    facts = ProviderFacts(name="groq", type="groq", any_model=True)
    async with AsyncClient(client.redis_url, directory=Directory(providers={"groq": facts})) as pinned:
        job_id = await fail(pinned, JobSpec.from_prompt("hi", provider="groq"))
        await DeadLetters(pinned.store).replay(job_id)
        assert (await pinned.job(job_id)).queue == "provider.groq"


async def test_a_replayed_job_of_a_batch_ends_once_in_it(client: AsyncClient) -> None:
    batch = await client.submit_batch(
        [JobSpec.from_prompt("a", custom_id="a"), JobSpec.from_prompt("b", custom_id="b")]
    )
    ids = await client.store.waiting("general.simple", at_most=2)
    first, second = sorted(ids, key={job_id: (await client.job(job_id)).custom_id for job_id in ids}.__getitem__)
    await end(client.store, first, Outcome(first, JobState.FAILED, error="no"))
    await DeadLetters(client.store).replay(first)
    await end(client.store, second, Outcome(second, JobState.SUCCEEDED, Answer(text="b")))
    await end(client.store, first, Outcome(first, JobState.SUCCEEDED, Answer(text="a")))
    status = await client.batch_status(batch)
    assert status.finished
    assert (status.counts[JobState.SUCCEEDED], status.counts[JobState.FAILED]) == (2, 0)
    assert [(at, name) async for at, _, name in client.outcomes(batch)] == [(2, "b"), (3, "a")]


async def test_a_replayed_job_of_a_batch_is_in_flight_again(client: AsyncClient) -> None:
    batch = await client.submit_batch([JobSpec.from_prompt("a")])
    (job_id,) = await client.store.waiting("general.simple", at_most=2)
    await end(client.store, job_id, Outcome(job_id, JobState.FAILED, error="no"))
    await DeadLetters(client.store).replay(job_id)
    status = await client.batch_status(batch)
    assert (status.total, status.done, status.in_flight, status.pending, status.finished) == (1, 0, 1, 0, False)
    assert await client.redis.ttl(client.store.key("batch", batch)) == -1
    await end(client.store, job_id, Outcome(job_id, JobState.FAILED, error="no"))
    status = await client.batch_status(batch)
    assert (status.done, status.in_flight, status.pending, status.finished) == (1, 0, 0, True)


async def test_a_job_that_is_replayed_while_its_batch_is_read_has_no_outcome_of_another_kind(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of ended jobs is read first, then their outcomes; the replay comes between."""
    batch = await client.submit_batch([JobSpec.from_prompt("a", custom_id="a")])
    (job_id,) = await client.store.waiting("general.simple", at_most=2)
    await end(client.store, job_id, Outcome(job_id, JobState.FAILED, error="no"))
    read = client.store.outcomes

    async def after_a_replay(ids: Sequence[str]) -> list[Outcome | None]:
        await DeadLetters(client.store).replay(job_id)
        return await read(ids)

    monkeypatch.setattr(client.store, "outcomes", after_a_replay)
    assert [item async for item in client.outcomes(batch)] == []


async def test_a_job_that_has_not_failed_is_no_dead_letter(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi"))
    with pytest.raises(JobNotFound, match="no dead letter"):
        await DeadLetters(client.store).replay(job_id)
    with pytest.raises(JobNotFound, match="no dead letter"):
        await DeadLetters(client.store).drop(job_id)


async def test_a_dropped_one_is_forgotten_and_its_outcome_stays(client: AsyncClient) -> None:
    job_id = await fail(client, JobSpec.from_prompt("hi"))
    await DeadLetters(client.store).drop(job_id)
    assert await DeadLetters(client.store).newest() == []
    assert (await client.wait(job_id)).state is JobState.FAILED

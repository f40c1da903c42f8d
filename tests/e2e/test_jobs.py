"""A job's ways to its end as a caller sees them: once only, in time, or cancelled."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from workfleet.tasks.job import JobSpec, JobState

from .fleet import Fleet, fleet_of, requested, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Longer than any test takes.
ENDLESS_S = 300.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """`one` has two slots and a worker, `idle` has none."""
    async with fleet_of(tmp_path_factory.mktemp("fleet"), {"one": {}, "idle": {}}) as fleet:
        await fleet.worker("one", "--slots", "2")
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(shared: Fleet) -> AsyncIterator[Fleet]:
    one = shared.providers["one"]
    one.configure(latency_s=0.02)
    one.reset()
    yield shared
    one.configure(latency_s=0.02)
    await until(lambda: one.stats.in_flight == 0)


async def occupy(fleet: Fleet, jobs: int = 2) -> list[str]:
    """Jobs that take the slots and keep them."""
    fleet.providers["one"].configure(latency_s=ENDLESS_S)
    ids = await fleet.submit(jobs, provider="one")
    await until(lambda: fleet.providers["one"].stats.in_flight == jobs)
    return ids


async def cancel(fleet: Fleet, ids: list[str]) -> None:
    for job_id in ids:
        await fleet.client.cancel(job_id)
    assert [outcome.state for outcome in await fleet.outcomes(ids)] == [JobState.CANCELLED] * len(ids)


async def test_a_job_is_answered_and_its_ledger_says_by_whom(fleet: Fleet) -> None:
    job_id = await fleet.client.submit(JobSpec.from_prompt("hello"))
    answer = await fleet.client.result(job_id, timeout_s=20)
    (attempt,) = await fleet.client.attempts(job_id)
    assert (answer.provider, answer.model, answer.finish_reason) == ("one", "sim-chat", "stop")
    assert (attempt.target, attempt.outcome, attempt.node) == ("one/sim-chat", "succeeded", "one@1")
    assert (attempt.input_tokens, attempt.output_tokens) == (answer.usage.input_tokens, answer.usage.output_tokens)
    assert requested(fleet.providers, [job_id]) == {job_id: 1}


async def test_a_second_job_with_the_same_idempotency_key_is_the_first(fleet: Fleet) -> None:
    first, second, other = [
        await fleet.client.submit(JobSpec.from_prompt(prompt, idempotency_key="key", agent=agent))
        for prompt, agent in (("hello", "me"), ("something else", "me"), ("hello", "you"))
    ]
    assert second == first
    assert other != first
    await fleet.outcomes([first, other])
    assert await fleet.client.submit(JobSpec.from_prompt("hello", idempotency_key="key", agent="me")) == first
    assert requested(fleet.providers, [first, other]) == {first: 1, other: 1}


async def test_a_job_whose_deadline_passes_while_it_waits_for_a_slot_is_never_asked_for(fleet: Fleet) -> None:
    busy = await occupy(fleet)
    late = await fleet.client.submit(JobSpec.from_prompt("late", deadline_s=0.5))
    (outcome,) = await fleet.outcomes([late])
    assert outcome.state is JobState.EXPIRED
    assert outcome.error == "its deadline passed while it waited; idle: no worker runs"
    await cancel(fleet, busy)
    assert requested(fleet.providers, [late]) == {late: 0}


async def test_a_job_that_nobody_may_run_expires_at_its_deadline(fleet: Fleet) -> None:
    late = await fleet.client.submit(JobSpec.from_prompt("late", provider="idle", deadline_s=0.2))
    (outcome,) = await fleet.outcomes([late])
    assert outcome.state is JobState.EXPIRED


async def test_a_running_job_ends_at_its_deadline_and_its_connection_closes(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=ENDLESS_S)
    late = await fleet.client.submit(JobSpec.from_prompt("late", deadline_s=3.0))
    await until(lambda: one.stats.in_flight == 1)
    (outcome,) = await fleet.outcomes([late])
    assert outcome.state is JobState.EXPIRED
    await until(lambda: one.stats.aborted == 1, within_s=1)
    assert one.stats.in_flight == 0


async def test_cancelling_a_running_job_closes_its_connection_within_a_second(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    (job_id,) = await occupy(fleet, 1)
    began = time.monotonic()
    assert await fleet.client.cancel(job_id) is JobState.RUNNING
    await until(lambda: one.stats.aborted == 1)
    (outcome,) = await fleet.outcomes([job_id])
    assert time.monotonic() - began < 1
    assert (outcome.state, outcome.error) == (JobState.CANCELLED, "cancelled while it ran")
    assert [entry.outcome for entry in await fleet.client.attempts(job_id)] == ["cancelled"]


async def test_a_cancelled_job_that_waits_is_never_asked_for(fleet: Fleet) -> None:
    busy = await occupy(fleet)
    waiting = await fleet.submit(3)
    await cancel(fleet, waiting)
    await cancel(fleet, busy)
    fleet.providers["one"].configure(latency_s=0.02)
    after = await fleet.submit(2)
    await fleet.outcomes(after)
    assert requested(fleet.providers, waiting) == dict.fromkeys(waiting, 0)


async def test_a_freed_slot_takes_the_next_job_at_once(fleet: Fleet) -> None:
    busy = await occupy(fleet)
    next_one = await fleet.client.submit(JobSpec.from_prompt("next"))
    fleet.providers["one"].configure(latency_s=0.02)
    began = time.monotonic()
    await cancel(fleet, busy[:1])
    await fleet.outcomes([next_one])
    assert time.monotonic() - began < 1
    await cancel(fleet, busy[1:])


async def test_interactive_jobs_come_before_those_of_a_batch(fleet: Fleet) -> None:
    busy = await occupy(fleet)
    slow = await fleet.submit(4, priority="batch")
    quick = await fleet.submit(2)
    fleet.providers["one"].configure(latency_s=0.02)
    await cancel(fleet, busy)
    await fleet.outcomes([*slow, *quick])
    jobs = [await fleet.client.job(job_id) for job_id in (*quick, *slow)]
    began = [job.started_at or 0.0 for job in jobs]
    assert max(began[:2]) <= min(began[2:])


async def test_waiting_for_a_job_ends_when_the_callers_patience_does(fleet: Fleet) -> None:
    (job_id,) = await occupy(fleet, 1)
    with pytest.raises(TimeoutError):
        await fleet.client.result(job_id, timeout_s=0.1)
    await cancel(fleet, [job_id])


async def test_the_worker_leaves_no_job_without_an_owner(fleet: Fleet) -> None:
    await fleet.outcomes(await fleet.submit(10))
    assert await fleet.ownerless() == []
    assert fleet.workers[0].tracebacks() == ""

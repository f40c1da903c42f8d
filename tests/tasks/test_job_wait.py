"""What people are told of a job that waits."""

from typing import Any

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobSpec
from workfleet.tasks.job_wait import JobWait, read_wait
from workfleet.tasks.store import Claimed

LANE = "general.simple"


def spec(**fields: Any) -> JobSpec:
    return JobSpec.from_prompt("hi", complexity=1, **fields)


async def wait_of(client: AsyncClient, job_id: str) -> JobWait | None:
    return await read_wait(await client.job(job_id), client.store, client.fleet)


async def claimed(client: AsyncClient, job_id: str) -> Claimed:
    mine = await client.store.claim(job_id, owner="groq@host", lease_s=30)
    assert isinstance(mine, Claimed)
    return mine


async def test_a_job_in_a_queue_tells_what_is_served_before_it_and_who_takes_none_and_why(client: AsyncClient) -> None:
    last = await client.submit(spec(priority="batch"))
    for _ in range(2):
        await client.submit(spec())
    await client.fleet.report(NodeReport(node="groq@host", provider="groq", closed_lanes={LANE: "its breaker is open"}))
    assert await wait_of(client, last) == JobWait(LANE, ahead=2, refusals={"groq@host": "its breaker is open"})
    await client.fleet.report(NodeReport(node="vllm@host", provider="vllm", open_lanes=(LANE,)))
    found = await wait_of(client, last)
    assert found is not None
    assert found.takers == ("vllm@host",)


async def test_a_job_pinned_to_a_provider_that_is_out_tells_why_that_takes_none(client: AsyncClient) -> None:
    mine = await claimed(client, await client.submit(spec()))
    await client.store.put_back(mine.job, "provider.groq")
    await client.fleet.report(NodeReport(node="groq@host", provider="groq", unavailable="its breaker is open"))
    assert await wait_of(client, mine.job.id) == JobWait("provider.groq", refusals={"groq@host": "its breaker is open"})


async def test_a_snoozed_job_tells_when_it_is_looked_at_again(client: AsyncClient) -> None:
    mine = await claimed(client, await client.submit(spec()))
    await client.store.put_back(mine.job, LANE, wait_s=60)
    found = await wait_of(client, mine.job.id)
    assert found is not None
    assert found.due_in_s == pytest.approx(60, abs=10)


async def test_a_job_that_its_batch_holds_back_says_so(client: AsyncClient) -> None:
    batch = await client.submit_batch([spec(), spec()], window=1)
    _, held = await client.store.redis.lrange(client.store.key("batch", batch, "jobs"), 0, -1)
    assert await wait_of(client, held.decode()) == JobWait(LANE, held=True)


async def test_a_job_that_runs_or_has_ended_waits_for_nothing(client: AsyncClient) -> None:
    job_id, cancelled = await client.submit(spec()), await client.submit(spec())
    await claimed(client, job_id)
    await client.cancel(cancelled)
    assert [await wait_of(client, each) for each in (job_id, cancelled)] == [None, None]


async def test_why_it_was_put_back_is_in_its_record_until_it_runs_again(client: AsyncClient) -> None:
    first = await claimed(client, await client.submit(spec()))
    await client.store.put_back(first.job, LANE, why="server, on to openrouter " * 20)
    assert (await client.job(first.job.id)).put_back == ("server, on to openrouter " * 20)[:300]
    second = await claimed(client, first.job.id)
    assert (second.job.put_back, (await client.job(first.job.id)).put_back) == ("", "")


async def test_a_job_that_ended_while_it_waited_still_tells_why_it_had_to(client: AsyncClient) -> None:
    mine = await claimed(client, await client.submit(spec()))
    await client.store.put_back(mine.job, LANE, wait_s=60, why="groq is out")
    await client.cancel(mine.job.id)
    assert (await client.job(mine.job.id)).put_back == "groq is out"


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        pytest.param(JobWait(LANE, due_in_s=11.7), "to be looked at again in 12 s", id="snoozed"),
        pytest.param(JobWait(LANE, held=True), "for its batch to let it into its queue", id="held"),
        pytest.param(
            JobWait(LANE, ahead=1, takers=("a", "b")),
            "1 job is before it in general.simple, which a, b serve",
            id="in a queue that is served",
        ),
        pytest.param(
            JobWait(LANE, ahead=2, refusals={"a": "its breaker is open", "b": "it is draining"}),
            "2 jobs are before it in general.simple, whose jobs nobody takes now: "
            "a: its breaker is open; b: it is draining",
            id="in a queue that all refuse",
        ),
        pytest.param(
            JobWait(LANE),
            "it is next in general.simple, whose jobs nobody takes now: no worker of it runs",
            id="in a queue without workers",
        ),
    ],
)
def test_what_it_waits_for_is_told_in_words(wait: JobWait, words: str) -> None:
    assert str(wait) == words

"""The client for programs without an event loop."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable, InvalidRequest, JobCancelled, JobNotFound
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed
from workfleet.tasks.sync_client import Client


@pytest.fixture
def client(redis_url: str) -> Iterator[Client]:
    with Client(redis_url) as client:
        yield client


def spec(**fields: Any) -> JobSpec:
    fields.setdefault("complexity", 1)
    return JobSpec.from_prompt("hi", **fields)


class Pool:
    """Ends jobs as a pool would, from a loop of its own."""

    def __init__(self, redis_url: str) -> None:
        self.url = redis_url

    def end(self, job_id: str) -> None:
        asyncio.run(self._end(job_id))

    async def _end(self, job_id: str) -> None:
        async with AsyncClient(self.url) as other:
            mine = await other.store.claim(job_id, owner="sim@here", lease_s=60)
            assert isinstance(mine, Claimed)
            await other.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="ok")))


@pytest.fixture
def pool(redis_url: str) -> Pool:
    return Pool(redis_url)


def test_an_answer_comes_to_who_waits_for_it(client: Client, pool: Pool) -> None:
    job_id = client.submit(spec())
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.result, job_id, timeout_s=30)
        pool.end(job_id)
        assert waiting.result(30) == Answer(text="ok")
    assert client.wait(job_id) == Outcome(job_id, JobState.SUCCEEDED, Answer(text="ok"))


def test_threads_may_share_it(client: Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(client.submit, [spec()] * 40))
    assert len(set(ids)) == 40
    assert {client.job(job_id).state for job_id in ids} == {JobState.QUEUED}


def test_a_batch_is_submitted_followed_and_cancelled(client: Client, pool: Pool) -> None:
    batch = client.submit_batch((spec(custom_id=f"line-{at}") for at in range(3)), name="three", window=1)
    assert (client.batch_status(batch).total, client.batch_status(batch).in_flight) == (3, 1)
    assert client.cancel_batch(batch) == 3
    ended = [(at, outcome.state, name) for at, outcome, name in client.outcomes(batch, follow=True)]
    assert ended == [(at + 1, JobState.CANCELLED, f"line-{at}") for at in range(3)]


def test_ctrl_c_ends_the_reading_of_a_stream_and_no_more(client: Client, pool: Pool) -> None:
    job_id = client.submit(spec(stream=True))
    pieces = client.stream(job_id)
    interrupting = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        next(pieces)
    interrupting.join()
    pool.end(job_id)
    assert client.result(job_id, timeout_s=30) == Answer(text="ok")


def test_a_stream_of_outcomes_may_be_left_early(client: Client) -> None:
    batch = client.submit_batch(spec() for _ in range(3))
    client.cancel_batch(batch)
    first = next(client.outcomes(batch, follow=True))
    assert first[0] == 1
    assert client.batch_status(batch).finished


def test_errors_reach_the_caller_as_they_are(client: Client) -> None:
    with pytest.raises(JobNotFound, match="no job 'nope'"):
        client.job("nope")
    with pytest.raises(InvalidRequest, match="request: Field required"):
        client.submit({})
    with pytest.raises(TimeoutError):
        client.result(client.submit(spec()), timeout_s=0.01)
    job_id = client.submit(spec())
    assert client.cancel(job_id) is JobState.CANCELLED
    with pytest.raises(JobCancelled):
        client.result(job_id)


def test_a_fleet_that_is_not_there_leaves_no_thread_behind() -> None:
    with pytest.raises(FleetUnavailable, match="does not answer"), Client("redis://127.0.0.1:1/0"):
        pass
    assert "workfleet-client" not in {thread.name for thread in threading.enumerate()}


def test_a_closed_client_leaves_no_thread_behind(redis_url: str) -> None:
    client = Client(redis_url)
    client.submit(spec())
    client.close()
    client.close()
    assert "workfleet-client" not in {thread.name for thread in threading.enumerate()}


def test_a_client_that_is_closed_says_so(redis_url: str) -> None:
    with Client(redis_url) as client:
        pass
    with pytest.raises(RuntimeError, match="the client is closed"):
        client.submit(spec())

"""Two fleets in two databases of one Redis, with jobs of the same ids: neither has anything to do with the other."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.status import read_status

from ..pools import Fleet, fleet, provider, says

SPEC = JobSpec.from_prompt("hi", complexity=1)


@pytest.fixture
async def fleets(redis_url: str) -> AsyncIterator[tuple[Fleet, Fleet]]:
    base, slash, database = redis_url.rpartition("/")
    first, second = (f"{base}{slash}{number}" if database.isdigit() else f"{redis_url}/{number}" for number in (0, 1))
    async with fleet(first, provider("one")) as ours, fleet(second, provider("one")) as theirs:
        yield ours, theirs


async def test_each_has_its_own_jobs_queues_and_answers(fleets: tuple[Fleet, Fleet]) -> None:
    ours, theirs = fleets
    ours.servers["one"].will(says("ours"))
    theirs.servers["one"].will(says("theirs"))
    assert [await each.client.submit(SPEC, job_id="same") for each in fleets] == ["same", "same"]
    await ours.deliver("same", "one")
    assert [(await each.client.job("same")).state for each in fleets] == [JobState.SUCCEEDED, JobState.QUEUED]
    waiting = [(await read_status(each.client.redis, namespace="wf")).queues for each in fleets]
    assert [sum(queue.waiting for queue in queues) for queues in waiting] == [0, 1]
    await theirs.deliver("same", "one")
    assert [(await each.client.result("same", timeout_s=10)).text for each in fleets] == ["ours", "theirs"]


async def test_a_cancel_stops_the_job_of_its_own_fleet_only(fleets: tuple[Fleet, Fleet]) -> None:
    ours = fleets[0]
    asked, may_end = [asyncio.Event(), asyncio.Event()], asyncio.Event()

    def slow(began: asyncio.Event) -> Callable[[], Awaitable[httpx2.Response]]:
        async def reply() -> httpx2.Response:
            began.set()
            await may_end.wait()
            return says("whole")

        return reply

    for each, began in zip(fleets, asked, strict=True):
        each.servers["one"].will(slow(began))
        await each.client.submit(SPEC, job_id="same")
    listening = [asyncio.create_task(each.pools["one"].leases.listen(lambda: None)) for each in fleets]
    running = [asyncio.create_task(each.deliver("same", "one")) for each in fleets]
    async with asyncio.timeout(20):
        while (await ours.client.redis.pubsub_numsub("wf:cancel"))[0][1] < 2:
            await asyncio.sleep(0)
        await asyncio.gather(*(began.wait() for began in asked))
        await ours.client.cancel("same")
        await running[0]
        may_end.set()
        await running[1]
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    assert [(await each.client.job("same")).state for each in fleets] == [JobState.CANCELLED, JobState.SUCCEEDED]


def test_a_client_needs_no_part_of_the_workers() -> None:
    """Whoever hands jobs in loads neither pools nor providers, and may have any provider system of their own."""
    code = "import sys, workfleet.tasks; print([name for name in sys.modules if name.startswith('workfleet.workers')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"

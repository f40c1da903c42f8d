"""What people see of the whole fleet."""

from collections.abc import AsyncIterator

import pytest

from workfleet.routing.directory import Directory, ProviderFacts
from workfleet.routing.lanes import Priority
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import FORGOTTEN_S, NodeReport
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.messages import list_key
from workfleet.tasks.results import Outcome
from workfleet.tasks.status import FleetStatus, QueueStatus, read_status
from workfleet.tasks.store import Claimed

LANE = "general.simple"
DIRECTORY = Directory(
    task_types=("general",),
    providers={
        "groq": ProviderFacts(name="groq", type="groq"),
        "vllm": ProviderFacts(name="vllm", type="vllm"),
        "off": ProviderFacts(name="off", type="vllm", enabled=False),
    },
)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url, directory=DIRECTORY) as client:
        await client.fleet.publish_directory(DIRECTORY)
        yield client


async def status(client: AsyncClient) -> FleetStatus:
    return await read_status(client.redis)


def queue(status: FleetStatus, name: str) -> QueueStatus:
    return next(queue for queue in status.queues if queue.name == name)


async def claim(client: AsyncClient, job_id: str) -> Claimed:
    claimed = await client.store.claim(job_id, owner="groq@host", lease_s=30)
    assert isinstance(claimed, Claimed)
    return claimed


async def push_earlier(client: AsyncClient, priority: Priority, seconds: float) -> None:
    """As if the lane's job had been pushed earlier than it was."""
    key = f"wf:wait:{list_key(LANE, priority)}"
    member = (await client.redis.zrange(key, 0, 0))[0]
    assert isinstance(member, bytes)
    await client.redis.zincrby(key, -seconds * 1000, member)


async def test_a_new_fleet_has_its_queues_and_no_jobs(client: AsyncClient) -> None:
    found = await status(client)
    assert [each.name for each in found.queues] == [
        "general.simple",
        "general.moderate",
        "general.complex",
        "general.very-complex",
        "provider.groq",
        "provider.vllm",
        "provider.off",
    ]
    assert queue(found, LANE) == QueueStatus(LANE, 0, None, (), {})
    assert (found.waiting, found.running, found.snoozed, found.dead, found.ended) == (0, 0, 0, 0, {})


async def test_a_fleet_without_a_directory_has_the_usual_lanes(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        found = await status(client)
    assert "test-generation.very-complex" in [each.name for each in found.queues]
    assert found.pools == ()


async def test_depth_and_age_count_both_priorities_and_need_no_consumer(client: AsyncClient) -> None:
    for priority in Priority:
        await client.submit(JobSpec.from_prompt("hi", priority=priority, complexity="simple"))
    for priority, waited_s in ((Priority.INTERACTIVE, 5.0), (Priority.BATCH, 90.0)):
        await push_earlier(client, priority, waited_s)
    found = queue(await status(client), LANE)
    assert (found.waiting, found.takers) == (2, ())
    assert found.oldest_s == pytest.approx(90, abs=10)


async def test_pools_tell_who_lives_and_who_takes_a_queues_jobs(client: AsyncClient) -> None:
    gone = NodeReport(node="vllm@away", provider="vllm", said_at=(await status(client)).now - FORGOTTEN_S / 2)
    await client.redis.hset("wf:nodes", "vllm@away", gone.model_dump_json())
    await client.fleet.report(NodeReport(node="vllm@here", provider="vllm", open_lanes=(LANE,)))
    await client.fleet.report(NodeReport(node="groq@here", provider="groq", closed_lanes={LANE: "vllm has room"}))
    found = await status(client)
    assert [(pool.provider, [node.node for node in pool.nodes], sorted(pool.living)) for pool in found.pools] == [
        ("groq", ["groq@here"], ["groq@here"]),
        ("vllm", ["vllm@here", "vllm@away"], ["vllm@here"]),
    ]
    assert queue(found, LANE) == QueueStatus(LANE, 0, None, ("vllm@here",), {"groq@here": "vllm has room"})
    assert queue(found, "provider.vllm").takers == ("vllm@here",)


async def test_a_pool_that_no_configuration_names_is_shown(client: AsyncClient) -> None:
    await client.fleet.report(NodeReport(node="old@host", provider="old"))
    found = await status(client)
    assert [(pool.provider, pool.configured) for pool in found.pools] == [
        ("groq", True),
        ("vllm", True),
        ("old", False),
    ]


async def test_jobs_are_counted_by_type_and_by_how_they_ended(client: AsyncClient) -> None:
    ids = [await client.submit(JobSpec.from_prompt("hi")) for _ in range(4)]
    failed = await claim(client, ids[0])
    await client.store.finish(failed.job, Outcome(ids[0], JobState.FAILED, error="no"))
    await claim(client, ids[1])
    snoozed = await claim(client, ids[2])
    await client.store.put_back(snoozed.job, LANE, wait_s=100)
    await client.cancel(ids[3])
    found = await status(client)
    assert (found.waiting, found.running, found.snoozed, found.dead, found.unfinished) == (0, 1, 1, 1, 2)
    assert found.ended == {"general": {JobState.FAILED: 1, JobState.CANCELLED: 1}}
    assert found.totals() == {JobState.FAILED: 1, JobState.CANCELLED: 1}


async def test_jobs_that_wait_in_their_batch_are_unfinished_and_in_no_queue(client: AsyncClient) -> None:
    await client.submit_batch([JobSpec.from_prompt(f"say {number}") for number in range(5)], window=2)
    found = await status(client)
    assert (found.waiting, found.unfinished) == (2, 5)

"""What does not fit together in Redis is found and mended."""

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.doctor import Ailment, Doctor, Finding
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.store import Claimed

LANE = "general.simple"


async def running(client: AsyncClient) -> Claimed:
    job_id = await client.submit(JobSpec.from_prompt("hi"))
    claimed = await client.store.claim(job_id, owner="one@host", lease_s=30)
    assert isinstance(claimed, Claimed)
    await client.redis.delete(LANE)
    return claimed


async def mended(client: AsyncClient) -> list[str]:
    doctor = Doctor(client.store)
    done = [await doctor.repair(finding) for finding in await doctor.examine(grace_s=-1)]
    assert await doctor.examine(grace_s=3600) == []
    return done


async def test_a_healthy_fleet_has_no_findings(client: AsyncClient) -> None:
    await running(client)
    await client.submit(JobSpec.from_prompt("waits"))
    await client.submit_batch((JobSpec.from_prompt("hi") for _ in range(5)), window=2)
    assert await Doctor(client.store).examine(grace_s=-1) == []


async def test_a_running_job_without_a_lease_becomes_rescuable(client: AsyncClient) -> None:
    mine = await running(client)
    await client.redis.zrem(client.store.key("leases"), mine.job.id)
    assert await Doctor(client.store).examine() == [Finding(Ailment.RUNNING_WITHOUT_LEASE, mine.job.id, LANE)]
    assert await mended(client) == ["rescuable"]
    assert (await client.store.rescue()).rescued == [mine.job.id]


async def test_a_queued_job_without_a_message_gets_one(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi"))
    await client.redis.delete(LANE)
    assert await Doctor(client.store).examine(grace_s=3600) == []
    assert await Doctor(client.store).examine(grace_s=-1) == [Finding(Ailment.QUEUED_WITHOUT_MESSAGE, job_id, LANE)]
    assert await mended(client) == ["published"]
    assert await client.redis.llen(LANE) == 1


async def test_a_snoozed_job_without_a_date_is_due(client: AsyncClient) -> None:
    mine = await running(client)
    await client.store.put_back(mine.job, LANE, wait_s=3600)
    await client.redis.zrem(client.store.key("snoozed"), mine.job.id)
    assert await mended(client) == ["due"]
    assert (await client.store.rescue()).due == [mine.job.id]


async def test_a_message_without_a_record_is_dropped(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi"))
    await client.redis.delete(client.store.key("job", job_id))
    assert await mended(client) == ["dropped"]
    assert await client.redis.llen(LANE) == 0


async def test_a_lease_without_a_job_is_the_reconcilers(client: AsyncClient) -> None:
    await client.redis.zadd(client.store.key("leases"), {"nobody": 1})
    (finding,) = await Doctor(client.store).examine()
    assert finding.ailment is Ailment.LEASE_WITHOUT_JOB
    await client.store.rescue()
    assert await Doctor(client.store).examine() == []


async def test_a_repair_looks_again_before_it_acts(client: AsyncClient) -> None:
    mine = await running(client)
    finding = Finding(Ailment.RUNNING_WITHOUT_LEASE, mine.job.id, LANE)
    assert await Doctor(client.store).repair(finding) == ""
    assert (await client.job(mine.job.id)).state is JobState.RUNNING


@pytest.mark.parametrize("rubbish", [b"rubbish", b"[]", b'{"headers": null}', b"\xff"])
async def test_a_message_that_nobody_can_read_is_dropped(client: AsyncClient, rubbish: bytes) -> None:
    await client.submit(JobSpec.from_prompt("waits"))
    await client.redis.lpush(LANE, rubbish)
    (found,) = await Doctor(client.store).examine()
    assert (found.ailment, found.where) == (Ailment.UNREADABLE_MESSAGE, LANE)
    assert await mended(client) == ["dropped"]
    assert await client.redis.llen(LANE) == 1


async def test_a_record_that_nobody_can_read_is_reported(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi"))
    await client.redis.hset(client.store.key("job", job_id), "prio", "x")
    assert [(found.ailment, found.subject) for found in await Doctor(client.store).examine()] == [
        (Ailment.UNREADABLE_RECORD, job_id)
    ]

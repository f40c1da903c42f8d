"""Steps that tests of the store take again and again."""

from typing import Any

from workfleet.routing.lanes import Priority
from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.messages import list_key
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed, Store

LANE = "general.simple"


def spec(**fields: Any) -> JobSpec:
    return JobSpec.from_prompt("hi", **fields)


async def claimed(store: Store, job_id: str, owner: str = "one@host", lease_s: float = 30) -> Claimed:
    found = await store.claim(job_id, owner=owner, lease_s=lease_s)
    assert isinstance(found, Claimed)
    return found


async def messages(store: Store, queue: str, priority: Priority = Priority.INTERACTIVE) -> int:
    return int(await store.redis.llen(list_key(queue, priority)))


async def end(client: AsyncClient, job_id: str, text: str = "ok") -> None:
    """As a pool would."""
    mine = await client.store.claim(job_id, owner="sim@here", lease_s=60)
    assert isinstance(mine, Claimed)
    assert await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text=text)))

"""Steps that tests of the store take again and again."""

from typing import Any

from workfleet.routing.lanes import Priority
from workfleet.tasks.job import JobSpec
from workfleet.tasks.messages import list_key
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

"""What is inconsistent in a fleet's Redis now, and how it is mended.

The reconciler mends most of this by itself within seconds; what stays is for people to know. Reads everything, so it
takes a while on a large fleet, and what it finds may have moved on meanwhile: each repair looks again first.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from .job import JobState
from .messages import STEPS, list_at
from .store import Store

_CHUNK = 1000

#: Bytes of an unreadable message that people see.
_SHOWN = 40

_STATES = frozenset(JobState)
_STEPS = frozenset(map(str, STEPS))

#: A delivery passes through a worker's hands for a moment; only jobs that have waited longer than this miss a message.
GRACE_S = 15.0


class Ailment(StrEnum):
    RUNNING_WITHOUT_LEASE = "running without lease"  #: nobody renews it, and nobody would rescue it
    SNOOZED_WITHOUT_DATE = "snoozed without date"  #: nothing would release it
    QUEUED_WITHOUT_MESSAGE = "queued without message"  #: no worker would be told of it
    MESSAGE_WITHOUT_RECORD = "message without record"  #: a worker would drop it
    UNREADABLE_MESSAGE = "unreadable message"  #: somebody else has put it there; a worker would drop it
    UNREADABLE_RECORD = "unreadable record"  #: the job fails when a worker takes it, or at its deadline
    LEASE_WITHOUT_JOB = "lease without running job"  #: the next round of the reconciler drops it


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: a job's id, or how an unreadable message begins. where: the queue, state or key that shows it."""

    ailment: Ailment
    subject: str
    where: str


def _id_of(message: bytes) -> str | None:
    """The job of a message, None if it names none."""
    try:
        return str(json.loads(message)["headers"]["id"])
    except (ValueError, KeyError, TypeError):
        return None


def _begin(message: bytes) -> str:
    return repr(message[:_SHOWN])[1:]


@dataclass(slots=True)
class Doctor:
    """Examines and mends the fleet of one store."""

    store: Store

    async def examine(self, *, grace_s: float = GRACE_S) -> list[Finding]:
        """Everything that is inconsistent now."""
        messages, unreadable = await self._messages()
        leases = await self._members("leases")
        snoozed = await self._members("snoozed")
        findings: list[Finding] = []
        known: set[str] = set()
        running: set[str] = set()
        async for job_id, state, queue, step, released in self._jobs():
            known.add(job_id)
            if state not in _STATES or step not in _STEPS:
                findings.append(Finding(Ailment.UNREADABLE_RECORD, job_id, queue))
            elif state == JobState.RUNNING:
                running.add(job_id)
                if job_id not in leases:
                    findings.append(Finding(Ailment.RUNNING_WITHOUT_LEASE, job_id, queue))
            elif state == JobState.SNOOZED and job_id not in snoozed:
                findings.append(Finding(Ailment.SNOOZED_WITHOUT_DATE, job_id, queue))
            elif (
                state == JobState.QUEUED
                and released
                and job_id not in messages
                and await self._has_waited(job_id, queue, step, grace_s)
            ):
                findings.append(Finding(Ailment.QUEUED_WITHOUT_MESSAGE, job_id, queue))
        findings += [Finding(Ailment.LEASE_WITHOUT_JOB, job_id, "leases") for job_id in sorted(leases - running)]
        findings += [Finding(Ailment.UNREADABLE_MESSAGE, begins, key) for begins, key in unreadable]
        orphans = sorted(messages.keys() - known)
        return findings + [Finding(Ailment.MESSAGE_WITHOUT_RECORD, job_id, messages[job_id]) for job_id in orphans]

    async def repair(self, finding: Finding) -> str:
        """Mend one finding, if it still holds; what was done, in a word or two."""
        if finding.ailment in (Ailment.MESSAGE_WITHOUT_RECORD, Ailment.UNREADABLE_MESSAGE):
            return "dropped" if await self._drop_message(finding) else ""
        if finding.ailment is Ailment.LEASE_WITHOUT_JOB:
            return "left to the reconciler"
        if finding.ailment is Ailment.UNREADABLE_RECORD:
            return "left to the worker that takes it"
        return await self.store.repair(finding.subject)

    async def _members(self, name: str) -> set[str]:
        return {raw.decode() async for raw, _ in self.store.redis.zscan_iter(self.store.key(name), count=_CHUNK)}

    async def _messages(self) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Job id -> the list its message is in; and how the unreadable ones begin, each with its list."""
        found: dict[str, str] = {}
        unreadable: list[tuple[str, str]] = []
        for raw in await self.store.redis.smembers(self.store.key("queues")):
            for step in STEPS:
                key, at = list_at(raw.decode(), step), 0
                while chunk := await self.store.redis.lrange(key, at, at + _CHUNK - 1):
                    ids = [_id_of(message) for message in chunk]
                    found |= {job_id: key for job_id in ids if job_id is not None}
                    unreadable += [(_begin(raw), key) for raw, job_id in zip(chunk, ids, strict=True) if job_id is None]
                    at += len(chunk)
        return found, unreadable

    async def _jobs(self) -> AsyncIterator[tuple[str, str, str, str, bool]]:
        """(id, state, queue, priority step, whether its batch has released it) of every record."""
        prefix = self.store.key("job", "")
        async for key in self.store.redis.scan_iter(match=prefix + "*", count=_CHUNK):
            values = await self.store.redis.hmget(key, "state", "queue", "prio", "rel", "batch")
            state, queue, step, released, batch = ((value or b"").decode() for value in values)
            yield key.decode().removeprefix(prefix), state, queue, step, not batch or bool(released)

    async def _has_waited(self, job_id: str, queue: str, step: str, grace_s: float) -> bool:
        waiting = self.store.key("wait", list_at(queue, int(step)))
        pushed_ms = await self.store.redis.zscore(waiting, job_id)
        seconds, _ = await self.store.redis.time()
        return pushed_ms is None or seconds - pushed_ms / 1000 > grace_s

    async def _drop_message(self, finding: Finding) -> bool:
        for message in await self.store.redis.lrange(finding.where, 0, -1):
            if (_id_of(message) or _begin(message)) == finding.subject:
                return bool(await self.store.redis.lrem(finding.where, 1, message))
        return False

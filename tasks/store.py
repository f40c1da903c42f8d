"""Changes of jobs' records in Redis. Each step that must be atomic is a script in `scripts/`; this file calls them."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, cast

from ..routing.lanes import Priority
from .connection import AsyncRedis
from .errors import InvalidRequest, JobNotFound
from .job import LEASE_LOST, UNSEEN, WORKER_DIED, Attempt, Job, JobSpec, JobState
from .messages import PRIORITY_STEPS, STEPS
from .prepared import Prepared
from .record import from_fields, packed, pairs, read_spec
from .records import Records
from .results import Outcome, encode
from .scripting import Scripts

#: Seconds that a finished job, its request and its answer stay readable.
RETENTION_S = 7 * 86_400

POISON = "too many workers died while they ran it"
CANCELLED = "cancelled while it ran"
BATCH_CANCELLED = "the batch was cancelled"
DIED = "its worker died; what it had bought by then, if anything, is lost"
DAMAGED = "its record in Redis is damaged"
LATE = "its deadline passed while it waited"

#: A job that had begun, and lost its slot to a failure that is not its own, goes on with this priority step.
URGENT = PRIORITY_STEPS[Priority.INTERACTIVE]

#: Worker deaths that a job may survive.
DEATHS = 3

#: Seconds without a sign of any reconciler, after which Redis is taken to have been away. Leases outlast a shorter
#: pause, with the time for a renewal to spare.
PAUSE_S = 3.0

_WHY_CHARS = 300
_PROCESS = secrets.token_hex(6)
_TICKETS = count()

Verdict = Literal["ok", "cancel", "lost"]
PutBack = Literal["done", "cancelled", "lost"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job whose lease is ours."""

    job: Job
    spec: JobSpec


@dataclass(frozen=True, slots=True)
class Broken:
    """A job whose lease is ours, and whose record cannot be read; it can only end. why: what is wrong with it."""

    id: str
    epoch: int
    why: str


@dataclass(frozen=True, slots=True)
class Rescue:
    """Ids after one round of the reconciler: rescued from dead workers; due from their snooze; ended as poison; ended
    because their records are damaged.
    """

    rescued: list[str]
    due: list[str]
    poisonous: list[str]
    damaged: list[str]


class Store(Records):
    """Every change of a job's record. template: the Celery message (messages.py)."""

    def __init__(
        self, redis: AsyncRedis, template: str, *, namespace: str = "wf", retention_s: int = RETENTION_S
    ) -> None:
        super().__init__(redis, namespace=namespace)
        self.retention_s = retention_s
        self._template = template
        self._scripts = Scripts(redis, "workfleet.tasks", namespace, shared=("lib", "ledger", "ends"))

    async def _run(self, script: str, *arguments: str | bytes | int) -> Any:
        return await self._scripts.run(script, self._template, *arguments)

    async def submit(self, jobs: Sequence[Prepared], *, batch: str = "") -> list[str]:
        """Store and queue the jobs, all or none. Returns each job's id, or that of the first job with its idempotency
        key. Those of a batch that was cancelled end at once. Raises JobNotFound if there is no such batch.
        """
        ids = [job.id for job in jobs]
        kinds, own, *specs = packed(jobs)
        cancelled = (encode(Outcome("@ID@", JobState.CANCELLED, error=BATCH_CANCELLED)), BATCH_CANCELLED)
        firsts = await self._run("submit", batch, self.retention_s, kinds, own, *cancelled, *specs)
        if firsts is None:
            raise no_batch(batch)
        for at, first in zip(firsts[::2], firsts[1::2], strict=True):
            ids[at - 1] = first.decode()
        return ids

    async def claim(
        self, job_id: str, *, owner: str, lease_s: float, ticket: str | None = None
    ) -> Claimed | Broken | str:
        """Take the lease of a queued job. Else the word why not: the state it is in, `missing`, `expired` or `damaged`.

        ticket: the delivery's own name (`new_ticket`), with which the call can be repeated after a lost reply.
        """
        reply = await self._run("claim", job_id, owner, int(lease_s * 1000), ticket or new_ticket())
        if reply[0] != b"ours":
            return cast("bytes", reply[0]).decode()
        fields = pairs(reply[1])
        try:
            return Claimed(from_fields(job_id, fields), read_spec(reply[2]))
        except (KeyError, ValueError, TypeError) as wrong:
            return Broken(job_id, int(fields["epoch"]), f"its record cannot be read: {wrong!r:.300}")

    async def renew(self, held: Sequence[tuple[str, int]], *, lease_s: float) -> list[Verdict]:
        """Renew leases of (job id, epoch) in one call."""
        flat = [item for pair in held for item in pair]
        return [word.decode() for word in await self._run("renew", int(lease_s * 1000), *flat)]

    async def finish(self, job: Job | Broken, outcome: Outcome, attempt: Attempt | None = None) -> bool:
        """End a running job; False if its lease was lost: then the ledger has the attempt as `lease_lost`."""
        entry = attempt.model_dump_json(exclude_defaults=True) if attempt else ""
        refused = _refused(attempt).model_dump_json(exclude_defaults=True) if attempt else ""
        reply = await self._run(
            "finish",
            job.id,
            job.epoch,
            outcome.state,
            encode(outcome),
            outcome.error or "",
            self.retention_s,
            entry,
            refused,
            *_spent(attempt),
        )
        return bool(reply == b"done")

    async def book(self, job: Job, attempt: Attempt) -> None:
        """Note an attempt of a job that is another worker's by now."""
        entry = _refused(attempt).model_dump_json(exclude_defaults=True)
        await self._run("book", job.id, entry, *_spent(attempt))

    async def put_back(
        self,
        job: Job,
        queue: str,
        *,
        wait_s: float = 0.0,
        uncounted: bool = False,
        urgent: bool = False,
        tried: str = "",
        attempt: Attempt | None = None,
        why: str = "",
    ) -> PutBack:
        """A running job goes to a queue, now or after `wait_s`; unless it ends as `cancelled`, or its lease was `lost`.

        uncounted: the attempt is not used up. urgent: it goes on as an interactive one. tried: a target to remember as
        failed. why: for people, in the record until the job runs again.
        """
        entry = attempt.model_dump_json(exclude_defaults=True) if attempt else ""
        reply = await self._run(
            "put_back",
            job.id,
            job.epoch,
            queue,
            int(wait_s * 1000),
            "1" if uncounted else "0",
            URGENT if urgent else "",
            tried,
            entry,
            encode(Outcome(job.id, JobState.CANCELLED, error=CANCELLED)),
            CANCELLED,
            self.retention_s,
            why[:_WHY_CHARS],
            *_spent(attempt),
        )
        return cast("PutBack", reply.decode())

    async def end_waiting(self, ids: Sequence[str], state: JobState, reason: str) -> list[str]:
        """Cancel jobs, expire overdue ones, or fail damaged ones. A word each: `done`, `asked` (it runs, and its
        pool stops it), `missing`, its state.
        """
        meta = encode(Outcome("@ID@", state, error=reason))
        return [word.decode() for word in await self._run("end_waiting", state, meta, reason, self.retention_s, *ids)]

    async def my_turn(self, node: str, *, turn_s: float) -> bool:
        """Whether it is this node's turn to reconcile, for `turn_s` from now. Every node calls it in every round."""
        return bool(await self._run("turn", node, int(turn_s * 1000), int(PAUSE_S * 1000)))

    async def rescue(self, *, at_most: int = 500, deaths: int = DEATHS, steady_s: float = 0.0) -> Rescue:
        """Queue again what dead workers left and what is due.

        deaths: worker deaths that a job may survive. steady_s: a lease has run out only if Redis was there for so long.
        """
        poison = encode(Outcome("@ID@", JobState.FAILED, error=POISON))
        cancelled = encode(Outcome("@ID@", JobState.CANCELLED, error=CANCELLED))
        limits = (self.retention_s, int(steady_s * 1000), int(PAUSE_S * 1000))
        death, damaged = (WORKER_DIED, DIED), (_damaged_result(), DAMAGED)
        endings = (poison, POISON, cancelled, CANCELLED)
        reply = await self._run("rescue", at_most, deaths, *endings, *limits, *death, *damaged, URGENT, UNSEEN)
        return Rescue(*([item.decode() for item in ids] for ids in reply))

    async def remessage(self, queues: Sequence[str], *, grace_s: float, at_most: int = 500) -> list[tuple[str, str]]:
        """Push anew the messages of jobs that wait in queues which no longer have them; (queue, job id) of each.

        Those of them whose records are damaged fail.
        """
        lists = [(queue, step) for queue in queues for step in STEPS]
        flat = [item for pair in lists for item in pair]
        damaged = (_damaged_result(), DAMAGED, self.retention_s)
        found = [item.decode() for item in await self._run("remessage", int(grace_s * 1000), at_most, *damaged, *flat)]
        return list(zip(found[::2], found[1::2], strict=True))

    async def overdue(self, *, at_most: int = 500) -> list[str]:
        """Unfinished jobs whose deadline has passed, running ones included."""
        return [item.decode() for item in await self._run("overdue", at_most)]

    async def reroute(self, job_id: str, from_queue: str, to_queue: str) -> bool:
        """Move a job that waits in one queue to another; False if it no longer waits there."""
        return bool(await self._run("reroute", job_id, from_queue, to_queue))

    async def replay(self, job_id: str, queue: str, *, ttl_s: float) -> str:
        """Hand a dead letter to a queue again; `done`, `missing`, or the state that forbids it."""
        word: bytes = await self._run("replay", job_id, int(ttl_s * 1000), queue)
        return word.decode()

    async def repair(self, job_id: str) -> str:
        """Mend a job whose record and surroundings disagree (scripts/repair.lua); what was done, or ''."""
        word: bytes = await self._run("repair", job_id)
        return word.decode()

    async def follow(self, job_id: str, follower: str) -> bool:
        """Note who else wants the job's result; False if the job is forgotten already."""
        return bool(await self._run("follow", job_id, follower))

    async def postpone(self, taken: str, message: bytes, until: float) -> bool:
        """Keep a message on the list `taken` for later; False if its time, in seconds since the epoch, has come."""
        return bool(await self._run("postpone", taken, message, int(until * 1000)))

    async def hand_in_due(self, queue: str, *, at_most: int = 500) -> int:
        """Put the postponed messages whose time has come into a queue; how many there were."""
        return int(await self._run("hand_in_due", queue, at_most))

    async def refuse(self, batch: str, lines: Mapping[int, bytes]) -> None:
        """Keep lines of a batch's file that cannot be jobs, by number."""
        if lines:
            await self._run("refuse", batch, *(item for pair in lines.items() for item in pair))

    async def say(self, job: Job, pieces: Sequence[tuple[str, str, int]]) -> bool:
        """Add (kind, text, number) pieces to the job's stream; False if its lease is another's by now."""
        flat = [item for piece in pieces for item in piece]
        return bool(await self._run("say", job.id, job.epoch, job.attempts, *flat))


def _damaged_result() -> str:
    return encode(Outcome("@ID@", JobState.FAILED, error=DAMAGED))


def new_ticket() -> str:
    """A name for one delivery of one job. Of a random part for the process, its number if it has forked, and a count:
    to ask the system for randomness at each job costs more.
    """
    return f"{_PROCESS}.{os.getpid():x}.{next(_TICKETS):x}"


def no_batch(batch: str) -> JobNotFound:
    return JobNotFound(f"no batch {batch!r}; fleet batch list shows those that are known")


def check_size(spec: bytes, limit: int) -> None:
    """Refuse a request that Redis should not carry."""
    if len(spec) > limit:
        raise InvalidRequest(f"the request has {len(spec):,} bytes; at most {limit:,} are taken")


def _refused(attempt: Attempt) -> Attempt:
    """The entry of an attempt whose end came too late: its answer was paid for, and another one counts."""
    if attempt.failed:
        return attempt
    return attempt.model_copy(update={"outcome": LEASE_LOST, "message": "another worker had the job by then"})


def _spent(attempt: Attempt | None) -> list[str | int]:
    """What an attempt bought, good or not."""
    if attempt is None or not attempt.bought:
        return []
    provider = attempt.target.partition("/")[0]
    nano = "" if attempt.cost_usd is None else round(attempt.cost_usd * 1e9)
    return [provider, attempt.input_tokens, attempt.output_tokens, nano]

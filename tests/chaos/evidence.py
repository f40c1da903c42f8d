"""What Redis says of every job when a run is over, and what a client was told."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.doctor import Doctor
from workfleet.tasks.job import JobState
from workfleet.tasks.results import RESULT_KEY, decode
from workfleet.workers.limits.admission import LEASE_S

from .load import HandedIn

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt of the ledger. outcome: as the ledger has it. answered: it came with an answer, good or not."""

    outcome: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One job at the end. told: states that a client was told of by its custom id. answer: the provider's id of the
    answer that was committed.
    """

    id: str
    custom_id: str
    state: JobState | None
    told: tuple[JobState, ...]
    reason: str = ""
    answer: str = ""
    deaths: int = 0
    ledger: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """cases: one for each custom id. commits: how often the fleet counted a job as ended. listed_twice: ids that stand
    twice in a batch's list of ended jobs. dead_letters: ids. findings: what does not fit together in Redis.
    """

    cases: tuple[Case, ...]
    commits: int
    listed_twice: tuple[str, ...]
    dead_letters: frozenset[str]
    findings: tuple[str, ...] = field(default=())


async def gather(client: AsyncClient, handed_in: HandedIn) -> Evidence:
    told: dict[str, list[JobState]] = {}
    listed_twice: list[str] = []
    for batch in handed_in.batches:
        async for _, outcome, custom_id in client.outcomes(batch):
            told.setdefault(custom_id, []).append(outcome.state)
        listed = [raw.decode() for raw in await client.redis.lrange(client.store.key("batch", batch, "done"), 0, -1)]
        listed_twice += [job_id for job_id, count in Counter(listed).items() if count > 1]
    ids = list(handed_in.ids.items())
    cases: list[Case] = []
    for start in range(0, len(ids), _CHUNK):
        cases += await _cases(client, ids[start : start + _CHUNK], told)
    counts = await client.redis.hgetall(client.store.key("count"))
    dead = await client.redis.zrange(client.store.key("dead"), 0, -1)
    findings = await Doctor(client.store).examine(grace_s=0)
    leaked = [*await _leaked_slots(client), *await _leaked_reservations(client)]
    return Evidence(
        tuple(cases),
        sum(int(count) for count in counts.values()),
        tuple(listed_twice),
        frozenset(raw.decode() for raw in dead),
        (*(f"{each.ailment}: {each.subject} ({each.where})" for each in findings), *leaked),
    )


async def _cases(client: AsyncClient, ids: Sequence[tuple[str, str]], told: dict[str, list[JobState]]) -> list[Case]:
    async with client.redis.pipeline(transaction=False) as pipe:
        for _, job_id in ids:
            pipe.hmget(client.store.key("job", job_id), "state", "reason", "deaths", "batch")
            pipe.get(RESULT_KEY + job_id)
            pipe.lrange(client.store.key("try", job_id), 0, -1)
        found = await pipe.execute()
    records, results, ledgers = found[::3], found[1::3], found[2::3]
    return [
        _case(job_id, custom_id, record, result, ledger, told.get(custom_id, []))
        for (custom_id, job_id), record, result, ledger in zip(ids, records, results, ledgers, strict=True)
    ]


def _case(
    job_id: str,
    custom_id: str,
    record: list[bytes | None],
    result: bytes | None,
    ledger: list[bytes],
    told: list[JobState],
) -> Case:
    state, reason, deaths, batch = ((value or b"").decode() for value in record)
    outcome = decode(job_id, result) if result else None
    if not batch and outcome is not None:
        told = [*told, outcome.state]
    entries = {(each["epoch"], each["number"], each["started_at"]): each for each in map(json.loads, ledger)}
    return Case(
        id=job_id,
        custom_id=custom_id,
        state=JobState(state) if state else None,
        told=tuple(told),
        reason=reason,
        answer=(outcome.answer.request_id or "") if outcome and outcome.answer else "",
        deaths=int(deaths or 0),
        ledger=tuple(Entry(each["outcome"], bool(each.get("output_tokens"))) for each in entries.values()),
    )


async def _leaked_slots(client: AsyncClient) -> list[str]:
    """Slots of limits that are still held when the leases of all dead workers are over."""
    leaked: list[str] = []
    until_s = time.monotonic() + LEASE_S + 2
    while time.monotonic() < until_s:
        seconds, _ = await client.redis.time()
        keys = [key.decode() for key in await client.redis.keys(client.store.key("limit", "slots@*"))]
        held = {key: await client.redis.zcount(key, seconds, "inf") for key in keys}
        leaked = [f"{count} slots are never given back: {key}" for key, count in held.items() if count]
        if not leaked:
            break
        await asyncio.sleep(0.2)
    return leaked


async def _leaked_reservations(client: AsyncClient) -> list[str]:
    """Reservations that stay. Those of workers that died expire by themselves; all workers have ended by now."""
    keys = [key async for key in client.redis.scan_iter(client.store.key("limit", "held", "*"), count=1000)]
    left_ms = [await client.redis.pttl(key) for key in keys]
    return [f"never given back: {key.decode()}" for key, left in zip(keys, left_ms, strict=True) if left == -1]

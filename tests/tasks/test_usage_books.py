"""Attempts count once, whatever dies, and their sums stay bounded."""

from datetime import date

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.dead_letters import DeadLetters
from workfleet.tasks.job import LEASE_LOST, WORKER_DIED, Attempt, Job, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.status import read_status
from workfleet.tasks.usage import OTHERS, By, Sums, grouped
from workfleet.tasks.usage_books import KEPT_DAYS, UsageBooks

from .stored import claimed, spec


def attempt_of(job: Job, outcome: str = "succeeded", target: str = "groq/llama") -> Attempt:
    facts = {"number": job.attempts, "epoch": job.epoch, "target": target, "outcome": outcome}
    return Attempt.model_validate(
        {**facts, "total_s": 1.5, "input_tokens": 10, "output_tokens": 4, "cost_usd": 0.002, "cost_source": "table"}
    )


PAID = Sums(calls=1, input_tokens=10, output_tokens=4, nano_usd=2_000_000, total_ms=1500)


async def sums(client: AsyncClient, by: By) -> dict[str, Sums]:
    books = UsageBooks(client.redis)
    today = await books.today()
    return {name: found for (name,), found in grouped(await books.days(today, today), [by]).items()}


async def counted(client: AsyncClient) -> dict[str, int]:
    """Calls of all time by outcome."""
    totals = await UsageBooks(client.redis).totals()
    return {outcome: found.calls for (outcome,), found in grouped({"": totals.table}, ["outcome"]).items()}


async def test_a_commit_that_is_repeated_after_a_lost_reply_counts_once(client: AsyncClient) -> None:
    mine = (await claimed(client.store, await client.submit(spec(agent="ann")))).job
    for _ in range(3):
        await client.store.finish(mine, Outcome(mine.id, JobState.SUCCEEDED, Answer()), attempt_of(mine))

    assert await sums(client, "agent") == {"ann": PAID}
    assert await counted(client) == {"succeeded": 1}


async def test_every_attempt_of_a_job_counts_where_it_was_made(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    first = (await claimed(client.store, job_id)).job
    await client.store.put_back(first, "provider.vllm", attempt=attempt_of(first, "bad_output"))
    second = (await claimed(client.store, job_id)).job
    await client.store.finish(
        second, Outcome(job_id, JobState.SUCCEEDED, Answer()), attempt_of(second, target="vllm/qwen")
    )

    assert await sums(client, "model") == {"groq/llama": PAID, "vllm/qwen": PAID}
    assert await sums(client, "outcome") == {"bad_output": PAID, "succeeded": PAID}


async def test_an_attempt_that_was_taken_for_dead_counts_once_when_its_worker_returns(client: AsyncClient) -> None:
    job_id = await client.submit(spec())
    frozen = (await claimed(client.store, job_id, lease_s=0)).job
    await client.store.rescue()
    assert {name: found.calls for name, found in (await sums(client, "outcome")).items()} == {WORKER_DIED: 1}

    for _ in range(2):
        late = Outcome(job_id, JobState.SUCCEEDED, Answer())
        assert not await client.store.finish(frozen, late, attempt_of(frozen))

    assert await sums(client, "outcome") == {LEASE_LOST: PAID}
    # Counters never fall.
    assert await counted(client) == {WORKER_DIED: 1, LEASE_LOST: 1}


async def test_names_without_end_are_summed_together(client: AsyncClient) -> None:
    books = UsageBooks(client.redis)
    day = f"wf:usage:{(await books.today()).toordinal() - 719_163}"
    await client.redis.hset(
        day, mapping={f"a/m\x1fgeneral\x1fagent-{at}\x1fsucceeded\x1ftable": "0" for at in range(2_000)}
    )
    for agent in ("ann", "ben"):
        mine = (await claimed(client.store, await client.submit(spec(agent=agent)))).job
        await client.store.finish(mine, Outcome(mine.id, JobState.SUCCEEDED, Answer()), attempt_of(mine))

    assert await sums(client, "agent") == {OTHERS: PAID + PAID}
    assert await sums(client, "model") == {f"groq/{OTHERS}": PAID + PAID}


async def test_damaged_sums_keep_no_job_from_ending(client: AsyncClient) -> None:
    books = UsageBooks(client.redis)
    mine = (await claimed(client.store, await client.submit(spec()))).job
    await client.redis.set(f"wf:usage:{(await books.today()).toordinal() - 719_163}", "what is this?")

    assert await client.store.finish(mine, Outcome(mine.id, JobState.SUCCEEDED, Answer()), attempt_of(mine))
    assert await counted(client) == {"succeeded": 1}


async def test_sums_that_an_older_fleet_has_written_go_on(client: AsyncClient) -> None:
    mine = (await claimed(client.store, await client.submit(spec(agent="ann")))).job
    day = f"wf:usage:{(await UsageBooks(client.redis).today() - date(1970, 1, 1)).days}"
    row = "groq/llama\x1fgeneral\x1fann\x1fsucceeded\x1ftable"
    await client.redis.hset(day, row, "1 10 0 0 4 0 2000000 0 1500 0 0 0 0 ")
    fallback = attempt_of(mine).model_copy(update={"fallback": True})
    await client.store.finish(mine, Outcome(mine.id, JobState.SUCCEEDED, Answer()), fallback)
    assert await sums(client, "agent") == {"ann": PAID + PAID + Sums(fallbacks=1)}


async def test_names_cannot_break_into_other_rows(client: AsyncClient) -> None:
    mine = (await claimed(client.store, await client.submit(spec(agent="a\x1fb|c")))).job
    await client.store.finish(mine, Outcome(mine.id, JobState.SUCCEEDED, Answer()), attempt_of(mine))

    assert await sums(client, "agent") == {"a b|c": PAID}


async def test_the_sums_of_a_day_are_forgotten_in_the_end(client: AsyncClient) -> None:
    mine = (await claimed(client.store, await client.submit(spec()))).job
    await client.store.finish(mine, Outcome(mine.id, JobState.SUCCEEDED, Answer()), attempt_of(mine))

    ttls = {key: await client.redis.ttl(key) for key in await client.redis.keys("wf:usage:*")}
    assert sorted(ttls.values()) == [-1, -1, pytest.approx(KEPT_DAYS * 86_400, abs=60)]
    assert ttls[b"wf:usage:total"] == -1


async def test_a_replay_is_told_so_that_a_counter_of_failures_need_not_fall(client: AsyncClient) -> None:
    mine = (await claimed(client.store, await client.submit(spec()))).job
    await client.store.finish(mine, Outcome(mine.id, JobState.FAILED, error="no"))
    await DeadLetters(client.store).replay(mine.id)

    status = await read_status(client.redis)
    assert (status.ended, status.replayed) == ({"general": {JobState.FAILED: 0}}, {"general": 1})

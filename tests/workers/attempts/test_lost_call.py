"""A call that was sent and got no answer may be billed: what is noted of it, and what it counts."""

from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.job import Attempt, Constraints, JobState
from workfleet.tasks.usage import grouped
from workfleet.tasks.usage_books import UsageBooks
from workfleet.workers.attempts.lost_call import may_be_billed
from workfleet.workers.providers.sending import Sending

from ..pools import Fleet, Reply, breaks, fails, hosted, provider, says
from ..reconciling import claim

#: At 1 and 2 USD a million tokens, an answer of 1,000 tokens to a prompt of none.
ANSWER_USD = 0.002
BUDGET: dict[str, Any] = {"limits": {"usd_per_day": 1.0}}
CUT = httpx2.ReadError("cut")


async def once(pools: Fleet, reply: Reply, **fields: Any) -> Attempt:
    """The entry of a job's first call, which ends so."""
    pools.servers["one"].will(reply)
    job_id = await pools.submit(max_tokens=1000, prompt="", **fields)
    await pools.deliver(job_id, "one")
    return (await pools.client.attempts(job_id))[0]


async def spent(pools: Fleet) -> float:
    raw = await pools.client.redis.hgetall("wf:limit:usd/day@one")
    return sum(float(units) for part, units in raw.items() if part[:1].isdigit()) / 1e9


@pytest.mark.parametrize(
    ("sending", "failure", "billed"),
    [
        (Sending(), Failure(Fault.TRANSPORT, "refused"), False),
        (Sending(), None, False),
        (Sending(200), Failure(Fault.SERVER, "no JSON"), True),
        (Sending(200), Failure(Fault.SERVER, "an error", refused=True), False),
        (Sending(200), None, True),
        (Sending(500), Failure(Fault.TRANSPORT, "cut"), False),
    ],
    ids=["never sent", "stopped before", "no answer", "an error in its place", "stopped", "an error that broke off"],
)
def test_what_arrived_and_was_not_refused_may_be_billed(
    sending: Sending, failure: Failure | None, billed: bool
) -> None:
    assert may_be_billed(sending, failure) is billed


async def test_its_cost_is_unknown_and_budgets_count_what_was_reserved(make: Any) -> None:
    pools = await make(hosted("one", **BUDGET))
    entry = await once(pools, CUT)
    assert (entry.outcome, entry.cost_usd, entry.cost_source) == ("transport", None, "unseen")
    assert entry.presumed_usd == pytest.approx(ANSWER_USD, rel=0.01)
    assert await spent(pools) == pytest.approx(entry.presumed_usd)


async def test_the_sums_have_it_apart_from_answers_without_a_price(make: Any) -> None:
    pools = await make(hosted("one", **BUDGET))
    entry = await once(pools, CUT)
    books = UsageBooks(pools.client.redis)
    today = await books.today()
    sums = grouped(await books.days(today, today), ["source"])[("unseen",)]
    assert (sums.calls, sums.unpriced, sums.cost_usd) == (1, 1, None)
    assert sums.presumed_usd == pytest.approx(entry.presumed_usd)


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        (breaks(), None),
        (fails(503), None),
        (httpx2.Response(200, json={"error": {"message": "upstream is gone", "code": 502}}), None),
        (httpx2.Response(200, text="<html>"), "unseen"),
        (httpx2.Response(200, json={"choices": None}), "unseen"),
        (says("", prompt_tokens=9), "table"),
        (httpx2.Response(200, json={"choices": None, "usage": {"prompt_tokens": 9, "completion_tokens": 2}}), "table"),
    ],
    ids=["refused", "overloaded", "an error in a 200", "a page", "no choices", "empty", "no choices, but a count"],
)
async def test_what_was_not_bought_is_not_booked_and_what_was_counted_is(
    make: Any, reply: Reply, source: str | None
) -> None:
    assert (await once(await make(hosted("one")), reply)).cost_source == source


@pytest.mark.parametrize(
    ("settings", "booked"),
    [
        (provider("one"), (None, None)),
        (hosted("one", tier="free"), (None, None)),
        (hosted("one", prices={}), ("unseen", None)),
        (provider("one", tier="hosted", prices={"input_usd_per_mtok": 0, "output_usd_per_mtok": 2}), ("unseen", 0.002)),
    ],
    ids=["a server of our own", "a free plan", "a price that nobody knows", "a server that is rented by the token"],
)
async def test_where_nothing_costs_anything_nothing_is_lost(
    make: Any, settings: Any, booked: tuple[str | None, float | None]
) -> None:
    entry = await once(await make(settings), CUT)
    assert (entry.cost_source, entry.presumed_usd) == booked


async def test_a_job_that_may_cost_only_so_much_is_not_asked_again_for_what_it_may_have_spent(make: Any) -> None:
    pools = await make(hosted("one"), hosted("two"))
    pools.servers["one"].will(CUT)
    job_id = await pools.submit(max_tokens=100, constraints=Constraints(max_cost_usd=0.00023))
    await pools.follow(job_id, first="one")
    outcome = await pools.client.wait(job_id)
    assert (outcome.state, pools.servers["one"].asked, pools.servers["two"].asked) == (JobState.FAILED, ["m"], [])
    assert "of the $0.00023 that it may cost is spent" in (outcome.error or "")


async def test_of_a_dead_workers_call_the_ledger_knows_whom_it_asked_and_what_that_counts(make: Any) -> None:
    pools = await make(hosted("one", **BUDGET))
    admission, store = pools.pools["one"].admission, pools.client.store
    mine = await claim(pools, await pools.submit(max_tokens=1000, prompt=""))
    # Whoever is killed leaves the block no more than this one does before the end of the test.
    async with AsyncExitStack() as alive:
        await alive.enter_async_context(admission.admitted(mine.job, mine.spec, "m", pools.pools["one"].directory))
        seconds, micro = await store.redis.time()
        await store.redis.zadd(store.key("leases"), {mine.job.id: seconds * 1000 + micro // 1000})
        await store.redis.zadd("wf:limit:leases", {f"{mine.job.id}.{mine.job.epoch}": seconds + micro / 1e6})
        await store.rescue()
        await admission.books.lapse()
        (entry,) = await pools.client.attempts(mine.job.id)
        assert (entry.outcome, entry.target, entry.cost_usd, entry.cost_source) == (
            "worker_died",
            "one/m",
            None,
            "unseen",
        )
        assert await spent(pools) == pytest.approx(entry.presumed_usd)
        assert await store.redis.zcard("wf:limit:leases") == 0

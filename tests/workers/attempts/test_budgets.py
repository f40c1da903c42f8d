"""What calls may cost in a day or a month: of a provider, of a model, of an agent. Against a real Redis."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from workfleet.routing.directory import Budget
from workfleet.tasks.errors import NoTarget
from workfleet.tasks.job import JobState
from workfleet.workers.attempts.ending import Ended, Moved

from ..pools import LANE, Fleet, directory_of, fails, fleet, hosted, provider, says

#: At 1 and 2 USD a million tokens, an answer of 1,000 tokens to a prompt of none.
ANSWER_USD = 0.002
LONG = {"prompt_tokens": 0, "completion_tokens": 1000}


@pytest.fixture
async def make(redis_url: str) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def made(*settings: Any, agents: dict[str, Budget] | None = None) -> Fleet:
            directory = directory_of(*settings).model_copy(update={"budgets": agents or {}})
            made = await stack.enter_async_context(fleet(redis_url, *settings, directory=directory))
            for server in made.servers.values():
                server.will(says("ok", **LONG))
            return made

        yield made


def budget(usd: float) -> dict[str, Any]:
    return {"limits": {"usd_per_day": usd}}


async def spent(fleet: Fleet, of: str) -> float:
    raw = await fleet.client.redis.hgetall(f"wf:limit:usd/day@{of}")
    return sum(float(units) for part, units in raw.items() if part[:1].isdigit()) / 1e9


async def test_what_calls_cost_is_counted_and_a_used_up_budget_takes_no_more(make: Any) -> None:
    pools = await make(hosted("one", **budget(2.5 * ANSWER_USD)), provider("two"))
    for _ in range(2):
        assert isinstance(await pools.deliver(await pools.submit(max_tokens=1000), "one"), Ended)
    job_id = await pools.submit(max_tokens=1000, complexity=1)
    assert isinstance(await pools.deliver(job_id, "one"), Moved)
    assert await spent(pools, "one") == pytest.approx(2 * ANSWER_USD)
    job = await pools.client.job(job_id)
    assert (job.state, job.queue, job.attempts) == (JobState.SNOOZED, LANE, 0)


async def test_a_remainder_that_fits_no_call_closes_the_lanes_and_says_so_once(make: Any) -> None:
    pools = await make(hosted("one", **budget(1.5 * ANSWER_USD)))
    admission = pools.pools["one"].admission
    await pools.deliver(await pools.submit(max_tokens=1000), "one")
    await admission.refresh()
    assert admission.out() == frozenset()
    for _ in range(3):
        await pools.deliver(await pools.submit(max_tokens=1000), "one")
    with capture_logs() as logs:
        await admission.refresh()
        await admission.refresh()
    assert admission.out() == {"m"}
    assert (admission.why_not("m") or "").startswith("the budget of a day of one is used up for ")
    assert [(line["event"], line["quota"]) for line in logs] == [("quota.exhausted", "usd/day@one")]


async def test_a_smaller_call_that_fits_keeps_the_lanes_open(make: Any) -> None:
    pools = await make(hosted("one", **budget(1.5 * ANSWER_USD)))
    await pools.deliver(await pools.submit(max_tokens=1000), "one")
    for max_tokens in (1000, 1000, 10, 1000):
        pools.servers["one"].will(says("ok", prompt_tokens=0, completion_tokens=10))
        await pools.deliver(await pools.submit(max_tokens=max_tokens), "one")
    await pools.pools["one"].admission.refresh()
    assert pools.pools["one"].admission.out() == frozenset()


@pytest.mark.parametrize(
    ("reply", "usd"),
    [
        pytest.param(fails(400), 0, id="a refused request"),
        pytest.param(fails(500), 0, id="an error of the provider's"),
        pytest.param(httpx2.ConnectTimeout("late"), 0, id="a call that was never made"),
        pytest.param(httpx2.ReadError("cut"), ANSWER_USD, id="nobody knows what it has cost"),
    ],
)
async def test_of_failed_calls_those_count_that_may_have_been_billed(make: Any, reply: Any, usd: float) -> None:
    pools = await make(hosted("one", **budget(1.0)))
    pools.servers["one"].will(reply)
    await pools.deliver(await pools.submit(max_tokens=1000, prompt=""), "one")
    assert await spent(pools, "one") == pytest.approx(usd, rel=0.01)


async def test_a_models_own_budget_is_beside_the_providers_which_pays_for_all(make: Any) -> None:
    models = [{"name": "m"}, {"name": "dear", "limits": {"usd_per_day": 1.1 * ANSWER_USD}}]
    pools = await make(hosted("one", models=models, **budget(3 * ANSWER_USD)))
    for model in ("dear", "m"):
        assert isinstance(await pools.deliver(await pools.submit(model=model, max_tokens=1000), "one"), Ended)
    assert isinstance(await pools.deliver(await pools.submit(model="dear", max_tokens=1000), "one"), Moved)
    assert await spent(pools, "one/dear") == pytest.approx(ANSWER_USD)
    assert await spent(pools, "one") == pytest.approx(2 * ANSWER_USD)


async def test_a_model_whose_price_nobody_knows_is_not_asked_where_a_budget_would_pay(make: Any) -> None:
    unpriced: dict[str, Any] = {"prices": {}}
    why = "its price is unknown, and {} has a budget; say `prices:` of the model or the provider"
    pools = await make(hosted("one", **unpriced, **budget(1.0)))
    with pytest.raises(NoTarget) as refused:
        await pools.submit()
    assert refused.value.skipped == {"one/m": why.format("it")}
    pools = await make(hosted("one", **unpriced), agents={"a": Budget(usd_per_day=1.0)})
    with pytest.raises(NoTarget) as refused:
        await pools.submit(agent="a")
    assert refused.value.skipped == {"one/m": why.format("the job's agent")}
    assert isinstance(await pools.deliver(await pools.submit(), "one"), Ended)


async def test_an_agents_budget_holds_over_all_providers_and_for_no_other_agent(make: Any) -> None:
    pools = await make(hosted("one"), hosted("two"), agents={"a": Budget(usd_per_day=2.5 * ANSWER_USD)})
    for name in ("one", "two"):
        job_id = await pools.submit(agent="a", max_tokens=1000)
        assert isinstance(await pools.deliver(job_id, name), Ended)
    for name in ("one", "two"):
        job_id = await pools.submit(agent="a", max_tokens=1000, complexity=1, deadline_s=2 * 86_400)
        assert isinstance(await pools.deliver(job_id, name), Moved)
        assert (await pools.client.job(job_id)).state is JobState.SNOOZED
    assert await spent(pools, "agent:a") == pytest.approx(2 * ANSWER_USD)
    assert isinstance(await pools.deliver(await pools.submit(agent="b", max_tokens=1000), "one"), Ended)


async def test_an_agent_without_money_goes_on_with_what_costs_nothing(make: Any) -> None:
    pools = await make(hosted("one"), provider("own"), agents={"a": Budget(usd_per_day=ANSWER_USD / 2)})
    job_id = await pools.submit(agent="a", max_tokens=1000)
    assert await pools.follow(job_id, first="one") == ["one", "own"]
    assert [entry.target for entry in await pools.client.attempts(job_id)] == ["own/m"]
    assert await pools.client.redis.keys("wf:limit:*agent*") == []


async def test_a_job_that_ends_before_its_agents_budget_begins_anew_fails_with_the_reason(make: Any) -> None:
    pools = await make(hosted("one"), agents={"a": Budget(usd_per_day=1.1 * ANSWER_USD, resets="rolling")})
    await pools.deliver(await pools.submit(agent="a", max_tokens=1000), "one")
    with capture_logs() as logs:
        ended = await pools.deliver(await pools.submit(agent="a", max_tokens=1000, deadline_s=3600), "one")
    assert isinstance(ended, Ended)
    assert ended.outcome.state is JobState.FAILED
    assert re.fullmatch(
        r"the budget of a day of agent a is used up for 24 h \d\d min, past the job's deadline",
        ended.outcome.error or "",
    )
    assert [line["quota"] for line in logs if line["event"] == "quota.exhausted"] == ["usd/day@agent:a"]


async def test_everybody_else_may_have_a_budget_each(make: Any) -> None:
    pools = await make(
        hosted("one"), agents={"*": Budget(usd_per_day=1.1 * ANSWER_USD), "rich": Budget(usd_per_day=9.0)}
    )
    for agent, ending in (("a", Ended), ("a", Moved), ("b", Ended), ("rich", Ended), ("rich", Ended)):
        job_id = await pools.submit(agent=agent, max_tokens=1000, deadline_s=2 * 86_400)
        assert isinstance(await pools.deliver(job_id, "one"), ending)


async def test_without_a_budget_nothing_is_counted_in_money(make: Any) -> None:
    pools = await make(hosted("one"), agents={"other": Budget(usd_per_day=1.0)})
    await pools.deliver(await pools.submit(agent="a"), "one")
    assert await pools.client.redis.keys("wf:limit:usd*") == []

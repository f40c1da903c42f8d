"""A job that may not cost more than so much, when its calls cost something."""

import pytest

from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import Attempt, Constraints, JobState
from workfleet.workers.settings.provider import Prices

from ..pools import Fleet, directory_of, fails, fleet, hosted, provider, says
from ..reconciling import claim, rounds

#: A call of these limits may cost $0.00022 at the usual prices of the tests; a rejected answer costs $0.00002.
SHORT = 100
PAID_ONCE = 2e-5


async def test_a_call_that_cost_too_much_is_the_last_one_and_the_job_says_what_it_spent(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one"), hosted("two")) as both:
        both.servers["one"].will(says("no code at all"))
        job_id = await both.submit(
            max_tokens=SHORT, judge="python-tests", constraints=Constraints(max_cost_usd=0.00023)
        )
        await both.follow(job_id, first="one")
        assert [entry.cost_usd for entry in await both.client.attempts(job_id)] == [PAID_ONCE]
        assert both.servers["two"].asked == []
        error = (await both.client.wait(job_id)).error or ""
    assert error.startswith(
        "no target can run it; $0.00002 of the $0.00023 that it may cost is spent; one/m: bad_output"
    )
    assert "one/m: skipped: a call may cost $0.00" in error
    assert "two/m: skipped: a call may cost $0.00" in error


async def test_what_costs_nothing_takes_over_where_the_money_ends(redis_url: str) -> None:
    async with fleet(redis_url, hosted("paid"), provider("own")) as both:
        both.servers["paid"].will(says("no code at all"))
        both.servers["own"].will(says("def test_it():\n    assert True\n"))
        job_id = await both.submit(
            max_tokens=SHORT, judge="python-tests", constraints=Constraints(max_cost_usd=0.00023)
        )
        assert await both.follow(job_id, first="paid") == ["paid", "paid", "own"]
        assert both.servers["paid"].asked == ["m"]
        assert (await both.client.job(job_id)).state is JobState.SUCCEEDED


async def test_a_call_that_failed_costs_nothing(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one"), hosted("two")) as both:
        both.servers["one"].will(fails(529))
        job_id = await both.submit(max_tokens=SHORT, constraints=Constraints(max_cost_usd=0.00023))
        assert await both.follow(job_id, first="one") == ["one", "two"]
        assert (await both.client.job(job_id)).state is JobState.SUCCEEDED


async def test_a_price_that_has_risen_since_the_job_was_handed_in_counts(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one")) as alone:
        job_id = await alone.submit(max_tokens=SHORT, constraints=Constraints(max_cost_usd=0.00023))
        dear = hosted("one", prices=Prices(input_usd_per_mtok=10.0, output_usd_per_mtok=20.0))
        alone.pools["one"].directory = directory_of(dear)
        await alone.follow(job_id, first="one")
        assert alone.servers["one"].asked == []
        assert (await alone.client.wait(job_id)).error == (
            "no target can run it; $0 of the $0.00023 that it may cost is spent; "
            "one/m: skipped: a call may cost $0.00207, the job $0.00023; one: skipped: this provider cannot run it"
        )


@pytest.mark.parametrize(
    ("spent_usd", "queue"), [(0.001, "provider.two"), (0.0099, "provider.one")], ids=["enough is left", "too little"]
)
async def test_a_job_leaves_a_dead_pools_queue_only_for_what_it_can_still_pay(
    two: Fleet, spent_usd: float, queue: str
) -> None:
    job_id = await two.submit(max_tokens=SHORT, chain=("one", "two"), constraints=Constraints(max_cost_usd=0.01))
    mine = await claim(two, job_id)
    entry = Attempt(number=1, epoch=1, target="two/m", outcome="bad_output", cost_usd=spent_usd)
    await two.client.store.put_back(mine.job, "provider.one", attempt=entry)
    await two.client.fleet.report(NodeReport(node="two@here", provider="two", slots=1))
    await rounds(two)
    assert (await two.client.job(job_id)).queue == queue

"""Whole workers spend no more than they may, and go on with what costs nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from workfleet.tasks.job import JobState

from .fleet import Fleet, fleet_of, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: An answer of the simulator has 8 tokens, and its prompt about as many: about $0.001 a call.
PAID: dict[str, Any] = {
    "tier": "hosted",
    "prices": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 125},
    "limits": {"usd_per_day": 0.0305},
}
IN_ORDER: dict[str, Any] = {"chain": ["paid", "own"], "strategy": "priority", "spill_after_s": "never"}
SMALL: dict[str, Any] = {"budget": {"usd_per_day": 0.0105, "resets": "rolling"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two workers of a provider that costs something, and one of a provider that does not."""
    folder, providers = tmp_path_factory.mktemp("fleet"), {"paid": PAID, "own": {}}
    async with fleet_of(folder, providers, routes={"default": IN_ORDER}, agents={"small": SMALL}) as fleet:
        await asyncio.gather(fleet.worker("paid"), fleet.worker("paid"), fleet.worker("own"))
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(shared: Fleet) -> Fleet:
    """On a day on which nothing has been spent yet, and nothing was changed by hand."""
    redis = shared.client.redis
    await redis.delete("wf:control", *[key async for key in redis.scan_iter("wf:limit:*")])
    await until(lambda: paid_takes_jobs(shared))
    return shared


async def paid_takes_jobs(fleet: Fleet) -> bool:
    own = [node for node in (await fleet.nodes()).values() if node.provider == "paid"]
    return all(node.unavailable is None and not node.out for node in own)


def times_told(fleet: Fleet) -> int:
    return sum(len(each.said("quota.exhausted")) for each in fleet.workers)


async def answered_by(fleet: Fleet, ids: list[str]) -> Counter[str]:
    outcomes = await fleet.outcomes(ids)
    assert [outcome.error for outcome in outcomes if outcome.answer is None] == []
    return Counter(outcome.answer.provider for outcome in outcomes if outcome.answer)


async def test_a_budget_of_a_day_is_spent_to_its_end_and_no_further(fleet: Fleet) -> None:
    before = times_told(fleet)
    done = await answered_by(fleet, await fleet.submit(80, max_tokens=8))
    assert done["paid"] + done["own"] == 80
    assert 28 <= done["paid"] <= 30
    assert times_told(fleet) - before == 1
    shown = await fleet.run("providers", "quota", "paid")
    assert "$0.0305" in shown.out
    assert (await fleet.run("providers", "set", "paid", "--usd-per-day", "1")).code == 0
    await until(lambda: paid_takes_jobs(fleet))
    assert await answered_by(fleet, await fleet.submit(5, max_tokens=8)) == {"paid": 5}


async def test_the_jobs_of_an_agent_without_money_go_on_where_they_cost_nothing(fleet: Fleet) -> None:
    ids = await fleet.submit(40, agent="small", max_tokens=8)
    others = await fleet.submit(10, agent="another", max_tokens=8)
    done = await answered_by(fleet, ids)
    assert 8 <= done["paid"] <= 10
    assert done["own"] == 40 - done["paid"]
    assert await answered_by(fleet, others) == {"paid": 10}
    (late,) = await fleet.submit(1, agent="small", provider="paid", max_tokens=8, deadline_s=60)
    (outcome,) = await fleet.outcomes([late])
    assert (outcome.state, outcome.answer) == (JobState.FAILED, None)
    assert (outcome.error or "").startswith("the budget of a day of agent small is used up for ")

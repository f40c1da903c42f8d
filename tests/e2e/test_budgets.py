"""Whole workers spend no more than they may, and go on with what costs nothing."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from workfleet.tasks.job import JobState

from .fleet import Fleet, fleet_of, until

#: An answer of the simulator has 8 tokens, and its prompt about as many: about $0.001 a call.
PAID: dict[str, Any] = {"tier": "hosted", "prices": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 125}}
IN_ORDER: dict[str, Any] = {"chain": ["paid", "own"], "strategy": "priority", "spill_after_s": "never"}


async def answered_by(fleet: Fleet, ids: list[str]) -> Counter[str]:
    outcomes = await fleet.outcomes(ids)
    assert [outcome.error for outcome in outcomes if outcome.answer is None] == []
    return Counter(outcome.answer.provider for outcome in outcomes if outcome.answer)


async def test_a_budget_of_a_day_is_spent_to_its_end_and_no_further(tmp_path: Path) -> None:
    paid = {**PAID, "limits": {"usd_per_day": 0.0305}}
    async with fleet_of(tmp_path, {"paid": paid, "own": {}}, routes={"default": IN_ORDER}) as fleet:
        workers = await asyncio.gather(fleet.worker("paid"), fleet.worker("paid"), fleet.worker("own"))
        done = await answered_by(fleet, await fleet.submit(80, max_tokens=8))
        assert done["paid"] + done["own"] == 80
        assert 28 <= done["paid"] <= 30
        assert sum(len(each.said("quota.exhausted")) for each in workers) == 1
        shown = await fleet.run("providers", "quota", "paid")
        assert "$0.0305" in shown.out
        assert (await fleet.run("providers", "set", "paid", "--usd-per-day", "1")).code == 0
        await until(lambda: takes_jobs(fleet, workers[0].node))
        assert await answered_by(fleet, await fleet.submit(5, max_tokens=8)) == {"paid": 5}


async def takes_jobs(fleet: Fleet, node: str) -> bool:
    return bool((await fleet.nodes())[node].open_lanes)


async def test_the_jobs_of_an_agent_without_money_go_on_where_they_cost_nothing(
    tmp_path: Path,
) -> None:
    agents = {"small": {"budget": {"usd_per_day": 0.0105, "resets": "rolling"}}}
    providers: dict[str, Any] = {"paid": PAID, "own": {}}
    async with fleet_of(tmp_path, providers, routes={"default": IN_ORDER}, agents=agents) as fleet:
        await asyncio.gather(fleet.worker("paid"), fleet.worker("own"))
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

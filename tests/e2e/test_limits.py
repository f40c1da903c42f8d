"""Whole workers keep strict limits together, lose nothing when one of them is killed, and use quotas to their end."""

import asyncio
import json
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from workfleet.tasks.job import JobState

from .fleet import Fleet, fleet_of, until

IN_ORDER: dict[str, Any] = {"chain": ["free", "own"], "strategy": "priority", "spill_after_s": None}


async def answered_by(fleet: Fleet, ids: list[str]) -> Counter[str]:
    outcomes = await fleet.outcomes(ids)
    assert [outcome.error for outcome in outcomes if outcome.answer is None] == []
    return Counter(outcome.answer.provider for outcome in outcomes if outcome.answer)


async def test_a_free_quota_is_used_to_its_end_and_the_rest_goes_elsewhere_until_the_reset(tmp_path: Path) -> None:
    free = {"tier": "hosted", "limits": {"requests_per_day": 20, "resets": "UTC"}}
    async with fleet_of(tmp_path, {"free": free, "own": {}}, routes={"default": IN_ORDER}) as fleet:
        fleet.providers["free"].configure(rpd=20, window="fixed")
        worker, *_ = await asyncio.gather(fleet.worker("free"), fleet.worker("free"), fleet.worker("own"))
        assert await answered_by(fleet, await fleet.submit(60)) == {"free": 20, "own": 40}
        assert fleet.providers["free"].stats.refused == 0
        said = [line for each in fleet.workers for line in each.said("quota.nearing") + each.said("quota.exhausted")]
        assert sorted((line["event"], line.get("share")) for line in said if line["quota"] == "requests/day@free") == [
            ("quota.exhausted", None),
            ("quota.nearing", 0.8),
            ("quota.nearing", 0.9),
        ]
        shown = await fleet.run("providers", "quota", "free")
        assert re.search(r"free +20 +requests a day +20 \(100%\) +0 ", shown.out), shown
        # As if it were tomorrow, for the provider and for us.
        fleet.providers["free"].configure(rpd=21)
        await fleet.client.redis.delete("wf:limit:requests/day@free")
        await until(lambda: takes_jobs(fleet, worker.node))
        assert await answered_by(fleet, await fleet.submit(5)) == {"free": 5}


async def takes_jobs(fleet: Fleet, node: str) -> bool:
    return bool((await fleet.nodes())[node].open_lanes)


async def test_two_workers_keep_a_strict_limit_of_a_minute_and_a_killed_one_leaks_neither_slots_nor_money(
    tmp_path: Path,
) -> None:
    limits = {"requests_per_minute": 1200, "concurrency": 4, "usd_per_day": 10}
    prices = {"input_usd_per_mtok": 100, "output_usd_per_mtok": 400}
    async with fleet_of(tmp_path, {"free": {"tier": "hosted", "limits": limits, "prices": prices}}) as fleet:
        fleet.providers["free"].configure(rpm=1200, window="sliding", latency_s=0.2)
        doomed, _ = await asyncio.gather(fleet.worker("free"), fleet.worker("free"))
        ids = await fleet.submit(100)
        await until(lambda: fleet.providers["free"].stats.complete > 10)
        doomed.tell(signal.SIGKILL)
        assert await answered_by(fleet, ids) == {"free": 100}
        stats = fleet.providers["free"].stats
        assert (stats.refused, stats.max_in_flight <= 4 + 4) == (0, True)
        redis = fleet.client.redis
        await until(lambda: nothing_held(fleet))
        assert await redis.zcard("wf:leases") == 0
        await agrees_with_the_budget(fleet)


async def nothing_held(fleet: Fleet) -> bool:
    """All slots are free, and nothing is reserved: what a killed worker had comes back when its lease is over."""
    redis = fleet.client.redis
    seconds, _ = await redis.time()
    slots = int(await redis.zcount("wf:limit:slots@free", seconds, "inf"))
    return slots + int(await redis.zcard("wf:limit:leases")) == 0


async def agrees_with_the_budget(fleet: Fleet) -> None:
    """The ledger, with what it presumes of the killed worker's calls, comes to what the budget has counted."""
    usage = await fleet.run("usage", "--by", "outcome", "--json")
    total = json.loads(usage.out)["total"]
    (died,) = [row for row in json.loads(usage.out)["rows"] if row["outcome"] == "worker_died"]
    assert (died["cost_usd"], died["unpriced_calls"] > 0, died["presumed_usd"] > 0) == (None, True, True)
    quota = json.loads((await fleet.run("providers", "quota", "free", "--json")).out)
    (used,) = [row["used"] for row in quota if row["of"] == "usd a day"]
    assert used == pytest.approx(total["cost_usd"] + total["presumed_usd"])


async def test_a_pinned_job_waits_for_its_provider_and_is_not_lost(tmp_path: Path) -> None:
    free = {"tier": "hosted", "limits": {"requests_per_day": 1, "resets": "UTC"}}
    async with fleet_of(tmp_path, {"free": free}) as fleet:
        await fleet.worker("free")
        await fleet.outcomes(await fleet.submit(1))
        (waiting,) = await fleet.submit(1, provider="free")
        await until(lambda: is_in(fleet, waiting, JobState.SNOOZED))
        await fleet.client.redis.delete("wf:limit:requests/day@free")
        await fleet.client.redis.zadd("wf:snoozed", {waiting: 0})
        assert await answered_by(fleet, [waiting]) == {"free": 1}


async def is_in(fleet: Fleet, job_id: str, state: JobState) -> bool:
    return await fleet.state(job_id) is state

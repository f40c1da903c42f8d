"""A short run of everything: real workers, a real Redis, every fault at least once."""

from pathlib import Path

import pytest

from .faults import Fault
from .fleet_run import Plan, run_fleet
from .schedule import Size

PLAN = Plan(jobs=240, size=Size(worker_kills=3, redis_kills=1), poison=0, hands=3, latency_s="lognormal:0.2,0.5")


# Every part of a run has a bound of its own, and says which one was passed.
@pytest.mark.timeout(300)
async def test_a_fleet_under_every_fault_loses_nothing_and_pays_nothing_twice(tmp_path: Path) -> None:
    result = await run_fleet(PLAN, tmp_path, lambda _: None)
    found = result.account
    assert (found.lost, found.committed_twice, found.bought_twice) == ((), 0, ())
    assert (found.wrong_answers, found.overlaps, found.findings) == ((), (), ())
    assert found.adds_up
    assert (result.worker_kills, result.redis_kills) == (3, 1)
    assert set(result.struck) == set(Fault)
    assert (result.ended_alone, set(result.exits)) == ([], {0})

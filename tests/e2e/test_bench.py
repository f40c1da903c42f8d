"""The benchmarks end, clean up, and print what programs expect. How fast anything is, is no matter of tests."""

import asyncio
import json
import sys
from typing import Any

import pytest


async def bench(*options: str) -> dict[str, Any]:
    command = (sys.executable, "-P", "-m", "workfleet.workers.cli", "bench", *options, "--json")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(150):
        said, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.mark.timeout(180)
async def test_the_slots_of_a_pool_are_measured_beside_a_direct_client_and_plain_celery() -> None:
    found = await bench("slots", "--slots", "4", "--latency", "0.1", "--seconds", "1")
    each = {"jobs_per_s", "cpu_ms_per_job", "rss_mb"}
    assert {"utilisation", *each, "direct", "plain_celery"} <= set(found)
    assert set(found["direct"]) == set(found["plain_celery"]) == each
    assert all(found[way]["jobs_per_s"] > 0 for way in ("direct", "plain_celery"))
    assert found["jobs_per_s"] > 0


@pytest.mark.timeout(180)
async def test_handing_in_is_measured_beside_apply_async() -> None:
    found = await bench("submit", "--jobs", "500", "--turns", "1")
    assert {"jobs_per_s", "apply_async_per_s", "ratio", "rss_mb"} <= set(found)
    assert found["ratio"] > 0


@pytest.mark.timeout(180)
async def test_the_use_of_limits_is_measured_beside_what_people_use_instead() -> None:
    found = await bench("limits", "--seconds", "5", "--window", "sliding", "--rpm", "6000", "--tpm", "600000")
    fleet, peers = found["windows"]["sliding"], found["peers"]
    assert set(found["windows"]) == {"sliding"}
    assert fleet["refused"] == 0
    assert fleet["used"] > 0.5
    assert {name: set(by["sliding"]) for name, by in peers.items()} == {
        "cookbook": {"used", "refused", "ratio"},
        "backoff": {"used", "refused", "ratio"},
    }


@pytest.mark.timeout(180)
async def test_what_a_dead_provider_costs_is_measured() -> None:
    found = await bench("failover", "--jobs", "60", "--slots", "4", "--fault", "killed")
    assert set(found["faults"]) == {"killed"}
    cost = found["faults"]["killed"]
    assert {"switch_p50_ms", "switch_p99_ms", "lost", "calls_to_dead", "makespan_ratio", "back_s"} <= set(cost)
    assert cost["lost"] == 0


@pytest.mark.timeout(180)
async def test_who_takes_what_is_measured_and_nobody_whom_the_mode_forbids() -> None:
    found = await bench("mix", "--jobs", "60", "--strategies", "latency_based", "--modes", "free_only")
    (run,) = found["runs"]
    assert {"strategy", "mode", "taken", "cost_usd", "makespan_s", "of_optimum", "optimum"} <= set(run)
    assert (run["taken"]["paid"], run["taken"]["local"] + run["taken"]["free"]) == (0, 60)
    assert (run["cost_usd"], run["refused"], run["unanswered"], run["trespassed"]) == (0, 0, 0, 0)


@pytest.mark.timeout(180)
async def test_a_small_agents_wait_behind_a_large_one_is_measured() -> None:
    found = await bench("fairness", "--large", "300", "--slots", "4", "--turns", "1")
    assert set(found["handed_in"]) == {"interactive", "batch"}
    assert all(0 < way["alone_s"] <= way["behind_s"] * 2 for way in found["handed_in"].values())
    assert all(way["ratio"] < 300 / 10 for way in found["handed_in"].values())


@pytest.mark.timeout(180)
async def test_the_share_of_jobs_that_survive_outages_is_measured() -> None:
    found = await bench("soak", "--seconds", "8", "--providers", "2", "--rate", "10", "--seed", "5")
    assert (found["submitted"], found["availability"], found["lost"], found["bought_twice"]) == (80, 1.0, 0, 0)
    assert set(found["providers"]) == {"provider-1", "provider-2"}
    assert sum(provider["answered"] for provider in found["providers"].values()) == 80

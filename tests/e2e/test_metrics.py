"""Metrics of a running fleet, as Prometheus would read them: calls count once, of a worker and of the fleet."""

import re
from pathlib import Path

import httpx2

from workfleet.tasks.job import JobSpec

from .fleet import Worker, fleet_of, until


async def scraped(worker: Worker, path: str) -> dict[str, float]:
    """Series -> number."""
    (served,) = worker.said("metrics.served")
    async with httpx2.AsyncClient() as client:
        answer = await client.get(served["url"].replace("/metrics", path))
    answer.raise_for_status()
    return {
        name: float(number) for name, number in re.findall(r"^(\w\S*(?:\{.*\})?) (\S+)$", answer.text, re.MULTILINE)
    }


async def test_calls_are_counted_by_the_worker_and_by_the_fleet(tmp_path: Path) -> None:
    who = 'model="sim-chat",outcome="succeeded",provider="one",task_type="general"'
    async with fleet_of(tmp_path, {"one": {}}) as fleet:
        worker = await fleet.worker("one", "--slots", "2", FLEET_METRICS_PORT="0", FLEET_LOG_LEVEL="info")
        streamed = await fleet.client.submit(JobSpec.from_prompt("hello", stream=True))
        await fleet.outcomes([streamed, *await fleet.submit(2)])
        await until(lambda: not fleet.providers["one"].stats.in_flight)

        own, whole = await scraped(worker, "/metrics"), await scraped(worker, "/metrics/fleet")
        assert await worker.stop() == 0

    assert (own[f"workfleet_worker_attempts_total{{{who}}}"], whole[f"workfleet_attempts_total{{{who}}}"]) == (3, 3)
    first = 'time_to_first_token_seconds_count{model="sim-chat",provider="one",task_type="general"}'
    assert (own[f"workfleet_worker_{first}"], whole[f"workfleet_{first}"]) == (1, 1)
    assert whole['workfleet_pool_slots{provider="one"}'] == own['workfleet_worker_slots{provider="one"}'] == 2
    assert own["process_open_fds"] > 0
    assert worker.tracebacks() == ""

"""What a queued job costs in Redis."""

from workfleet.workers.bench.memory import measure


async def test_a_queued_job_costs_at_most_one_and_a_half_kilobytes_beside_its_request() -> None:
    found = await measure(4_000)
    assert 0 < found.in_batch < found.in_lane <= 1536

"""What the benchmarks of rates conclude, and the objects that they print for programs."""

from workfleet.workers.bench.prompts import SIZES, prompts
from workfleet.workers.bench.slots import SlotsOptions, SlotsResult
from workfleet.workers.bench.steady import Load
from workfleet.workers.bench.submit import SubmitResult, Turn


def test_handing_in_is_judged_by_the_medians_of_all_turns_and_the_most_memory() -> None:
    turns = (Turn(9_000, 9_500, 1_000, 1_500, 10_000_000), Turn(12_000, 12_500, 900, 2_000, 30_000_000))
    found = SubmitResult(100_000, (*turns, Turn(10_000, 11_000, 1_250, 1_800, 20_000_000)))
    assert found.to_json() == {
        "jobs_per_s": 10_000,
        "apply_async_per_s": 1_000,
        "ratio": 10.0,
        "rss_mb": 30.0,
        "apply_async_without_results_per_s": 1_800,
        "default_window_jobs_per_s": 11_000,
        "jobs": 100_000,
        "turns": 3,
    }


def test_slots_are_used_by_the_share_of_the_jobs_that_they_allow() -> None:
    pool, quiet = Load(252.16, 3.0, 110.0), Load(254.0, 2.0, 100.0)
    found = SlotsResult(SlotsOptions(128, 0.5, 30), pool, quiet, Load(255.0, 0.2, 50.0), Load(200, 2.6, 99.0), 0.1, 0.9)
    assert found.to_json() == {
        "utilisation": 0.985,
        "jobs_per_s": 252.2,
        "cpu_ms_per_job": 3.0,
        "rss_mb": 110.0,
        "direct": {"jobs_per_s": 255.0, "cpu_ms_per_job": 0.2, "rss_mb": 50.0},
        "plain_celery": {"jobs_per_s": 200, "cpu_ms_per_job": 2.6, "rss_mb": 99.0},
        "without_events": {"utilisation": 0.9922, "jobs_per_s": 254.0, "cpu_ms_per_job": 2.0, "rss_mb": 100.0},
        "simulator_core_share": 0.1,
        "machine_share": 0.9,
        "slots": 128,
        "latency_s": 0.5,
        "seconds": 30,
    }


def test_there_is_more_work_than_can_be_done_in_the_time() -> None:
    options = SlotsOptions(slots=4, latency_s=0.5, seconds=2)
    assert options.jobs_for(options.seconds) > options.ramp + options.most_jobs_per_s * options.seconds


def test_prompts_are_of_real_sizes_and_begin_again() -> None:
    found = list(prompts(500))
    assert len(found) == 500
    assert all(SIZES[0] <= len(prompt.encode()) <= SIZES[1] for prompt in found)
    assert 20 < len(set(found)) < 500

"""Rates and costs from looks at a process."""

import pytest

from workfleet.workers.bench.steady import Load, Look, load_of


def waves(seconds: float, *, begin_s: float, look_every_s: float = 0.05) -> list[Look]:
    """Looks at a process that ends ten jobs every half second, for 2 ms of CPU each, and grows."""
    times = [begin_s + look_every_s * at for at in range(int(seconds / look_every_s) + 1)]
    done = [10 * int(at / 0.5 + 1e-9) for at in times]
    return [Look(at, jobs, jobs * 0.002, 1_000_000 + jobs) for at, jobs in zip(times, done, strict=True)]


def test_jobs_that_end_evenly_are_counted_as_they_are() -> None:
    looks = [Look(100.0 + at, 8 * at, 0.5 * at, 50_000_000) for at in range(5)]
    assert load_of(looks) == Load(jobs_per_s=8.0, cpu_ms_per_job=62.5, rss_mb=50.0)


@pytest.mark.parametrize("begin_s", [0.0, 0.1, 0.25, 0.45, 0.49], ids=lambda at: f"from {at} s on")
@pytest.mark.parametrize("seconds", [10.0, 10.2, 10.45])
def test_where_in_a_wave_the_looks_begin_and_end_does_not_matter(begin_s: float, seconds: float) -> None:
    assert load_of(waves(seconds, begin_s=begin_s)).jobs_per_s == pytest.approx(20.0, rel=0.005)


def test_the_most_memory_counts_and_only_the_cpu_of_the_time_between() -> None:
    looks = [Look(0.0, 0, 3.0, 1_000_000), Look(1.0, 100, 3.1, 9_000_000), Look(2.0, 200, 3.4, 2_000_000)]
    found = load_of(looks)
    assert found.rss_mb == 9.0
    assert found.cpu_ms_per_job == pytest.approx(2.0)


def test_nothing_can_be_said_when_nothing_ended() -> None:
    with pytest.raises(ValueError, match="no job ended"):
        load_of([Look(0.0, 5, 1.0, 1), Look(1.0, 5, 1.0, 1)])


def test_a_load_is_rounded_for_programs() -> None:
    found = Load(255.98765, 2.46801, 113.66).to_json()
    assert found == {"jobs_per_s": 256.0, "cpu_ms_per_job": 2.468, "rss_mb": 113.7}

"""How many slots and hosts a backlog needs."""

from dataclasses import replace
from random import Random

import pytest

from workfleet.routing.scaling import Need, Plan, Pool, plan

VLLM = Pool("vllm", slots=64, hosts=2, host_slots=32, answer_s=10.0)
GROQ = Pool("groq", slots=16, hosts=1, host_slots=0, answer_s=2.0, per_minute=60.0)
HOUR_S = 3600.0


def test_what_runs_serves_at_the_share_of_its_capacity_that_a_plan_counts_on() -> None:
    found = plan(1000, [VLLM], deadline_s=HOUR_S, used_share=0.5)
    assert found == Plan(
        backlog=1000,
        deadline_s=HOUR_S,
        per_second_now=3.2,
        per_second_needed=1000 / HOUR_S,
        done_in_s=1000 / 3.2 + 10.0,
        needs=(Need("vllm", slots=6, hosts=1, jobs_per_host=5744),),
    )
    assert found.enough


@pytest.mark.parametrize(
    ("backlog", "pools", "deadline_s", "need"),
    [
        (100_000, [VLLM], HOUR_S, Need("vllm", 279, 9, 11488)),
        (100_000, [VLLM, GROQ], HOUR_S, Need("vllm", 269, 9, 11488)),
        (1000, [VLLM, replace(GROQ, slots=10, answer_s=50.0)], 100.0, Need("vllm", 110, 4, 288)),
        (3600, [GROQ], HOUR_S + 2.0, Need("groq", 2, 1)),
        (1, [VLLM], HOUR_S, Need("vllm", 1, 1, 11488)),
        (0, [VLLM], HOUR_S, Need("vllm", 0, 0, 11488)),
        (10, [replace(VLLM, slots=0, hosts=0)], 20.0, Need("vllm", 10, 1, 32)),
    ],
    ids=[
        "more hosts",
        "others serve a part",
        "others begin none in the last 50 s",
        "all that limits permit",
        "one job",
        "nothing waits: to zero",
        "from zero",
    ],
)
def test_slots_and_hosts_that_a_deadline_needs(backlog: int, pools: list[Pool], deadline_s: float, need: Need) -> None:
    assert plan(backlog, pools, deadline_s=deadline_s, used_share=1.0).needs[0] == need


@pytest.mark.parametrize(
    ("pool", "deadline_s", "why_not"),
    [
        (replace(VLLM, answer_s=None), HOUR_S, "nobody knows yet how long an answer takes; say --answer"),
        (VLLM, 9.0, "one answer takes 10 s already"),
        (VLLM, 10.0, "one answer takes 10 s already"),
        (GROQ, HOUR_S, "its limits permit 60 requests a minute"),
    ],
    ids=["never asked", "deadline shorter than an answer", "no longer than one", "limits"],
)
def test_why_no_number_of_hosts_would_do(pool: Pool, deadline_s: float, why_not: str) -> None:
    assert plan(100_000, [pool], deadline_s=deadline_s).needs == (Need(pool.provider, None, None, why_not=why_not),)


def test_slots_that_all_hosts_share_need_one_host() -> None:
    assert plan(1000, [GROQ], deadline_s=HOUR_S, used_share=1.0).needs == (Need("groq", slots=1, hosts=1),)


@pytest.mark.parametrize(
    ("backlog", "pools", "done_in_s"),
    [(10, [], None), (10, [replace(VLLM, slots=0)], None), (0, [], 0.0)],
    ids=["nobody runs", "nobody takes jobs", "nothing to do"],
)
def test_a_backlog_that_nobody_serves_never_ends(backlog: int, pools: list[Pool], done_in_s: float | None) -> None:
    found = plan(backlog, pools, deadline_s=HOUR_S)
    assert (found.done_in_s, found.enough) == (done_in_s, done_in_s is not None)


@pytest.mark.parametrize("seed", range(20))
def test_with_the_slots_of_a_plan_jobs_of_any_length_end_in_time(seed: int) -> None:
    """Played: slots take the next job as soon as they are free; answers vary around the mean."""
    rng = Random(seed)
    backlog, mean_s = rng.randint(200, 5000), rng.uniform(0.5, 20.0)
    deadline_s = mean_s * rng.uniform(10.0, 200.0)
    need = plan(backlog, [replace(VLLM, answer_s=mean_s)], deadline_s=deadline_s).needs[0]
    assert need.slots is not None
    free_at = [0.0] * need.slots
    for _ in range(backlog):
        slot = min(range(len(free_at)), key=free_at.__getitem__)
        free_at[slot] += rng.uniform(0.5, 1.5) * mean_s
    assert max(free_at) <= deadline_s

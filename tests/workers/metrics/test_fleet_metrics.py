"""What the metrics of calls and of the whole fleet say."""

from workfleet.tasks.health import BreakerHealth, ProviderHealth
from workfleet.tasks.job import WORKER_DIED, Attempt, JobState
from workfleet.tasks.status import FleetStatus, QueueStatus
from workfleet.tasks.usage_books import Totals
from workfleet.workers.metrics import attempts, fleet
from workfleet.workers.metrics.exposition import exposed
from workfleet.workers.metrics.tally import ROWS_KEPT, Tally

CALL = Attempt(
    number=1,
    epoch=1,
    target="groq/org/llama",
    outcome="succeeded",
    total_s=0.5,
    first_token_s=0.02,
    queue_wait_s=0.25,
    input_tokens=10,
    cached_read_tokens=4,
    output_tokens=3,
    reasoning_tokens=1,
    cost_usd=0.5,
    cost_source="receipt",
)
WHO = 'model="org/llama",provider="groq",task_type="general"'


def lines(tally: Tally) -> list[str]:
    text, _ = exposed([*attempts.families(tally.totals(), prefix="wf")])
    return [line for line in text.decode().splitlines() if not line.startswith("#")]


def test_calls_are_counted_with_tokens_costs_and_times() -> None:
    tally = Tally()
    tally.count(CALL, "general")
    tally.count(CALL.model_copy(update={"outcome": "server", "cost_usd": None, "cost_source": None}), "general")

    said = lines(tally)
    assert [line for line in said if "_bucket" not in line] == [
        'wf_attempts_total{model="org/llama",outcome="server",provider="groq",task_type="general"} 1.0',
        'wf_attempts_total{model="org/llama",outcome="succeeded",provider="groq",task_type="general"} 1.0',
        f'wf_tokens_total{{{WHO},token_type="input"}} 12.0',
        f'wf_tokens_total{{{WHO},token_type="cached_read"}} 8.0',
        f'wf_tokens_total{{{WHO},token_type="output"}} 4.0',
        f'wf_tokens_total{{{WHO},token_type="reasoning"}} 2.0',
        'wf_cost_usd_total{model="org/llama",provider="groq",source="receipt",task_type="general"} 0.5',
        f"wf_unpriced_calls_total{{{WHO}}} 1.0",
        'wf_fallback_rate{provider="groq"} 0.0',
        f"wf_queue_wait_seconds_count{{{WHO}}} 2.0",
        f"wf_queue_wait_seconds_sum{{{WHO}}} 0.5",
        f"wf_attempt_duration_seconds_count{{{WHO}}} 2.0",
        f"wf_attempt_duration_seconds_sum{{{WHO}}} 1.0",
        f"wf_time_to_first_token_seconds_count{{{WHO}}} 2.0",
        f"wf_time_to_first_token_seconds_sum{{{WHO}}} 0.04",
    ]
    assert f'wf_time_to_first_token_seconds_bucket{{le="0.01",{WHO}}} 0.0' in said
    assert f'wf_time_to_first_token_seconds_bucket{{le="0.02",{WHO}}} 2.0' in said
    assert f'wf_attempt_duration_seconds_bucket{{le="+Inf",{WHO}}} 2.0' in said


def test_fallbacks_are_counted_and_told_as_a_share_of_each_providers_calls() -> None:
    tally = Tally()
    fallback = CALL.model_copy(update={"fallback": True})
    for attempt in (CALL, fallback, CALL, CALL, fallback.model_copy(update={"target": "vllm/qwen"})):
        tally.count(attempt, "general")
    assert [line for line in lines(tally) if "fallback" in line] == [
        f"wf_fallbacks_total{{{WHO}}} 1.0",
        'wf_fallbacks_total{model="qwen",provider="vllm",task_type="general"} 1.0',
        'wf_fallback_rate{provider="groq"} 0.25',
        'wf_fallback_rate{provider="vllm"} 1.0',
    ]


def test_models_without_end_make_no_series_without_end() -> None:
    tally = Tally()
    for number in range(ROWS_KEPT + 5):
        tally.count(CALL.model_copy(update={"target": f"groq/m{number}"}), "general")

    assert len(tally.table) == ROWS_KEPT + 1
    assert 'wf_attempts_total{model="(others)",outcome="succeeded",provider="groq",task_type="general"} 5.0' in lines(
        tally
    )


def test_a_call_whose_worker_died_is_a_lost_call_and_no_attempt() -> None:
    tally = Tally()
    tally.count(Attempt(number=1, epoch=1, target="", outcome=WORKER_DIED, total_s=3.0), "general")

    said = fleet_lines(FleetStatus(now=0.0), tally.totals())
    assert "workfleet_lost_calls_total 1.0" in said
    assert not [line for line in said if line.startswith(("workfleet_attempts", "workfleet_attempt_duration"))]


def fleet_lines(status: FleetStatus, totals: Totals) -> list[str]:
    text, _ = exposed([*fleet.families(status, totals)])
    return [line for line in text.decode().splitlines() if not line.startswith("#")]


def test_the_fleet_tells_its_queues_jobs_pools_and_breakers() -> None:
    status = FleetStatus(
        now=0.0,
        queues=(QueueStatus("general.simple", 3, 4.5, ("groq@a",)), QueueStatus("provider.groq")),
        running=2,
        snoozed=1,
        dead=1,
        unfinished=10,
        health=(ProviderHealth("groq", "resting", slots=8, busy=2, breakers=(BreakerHealth("target", "m", "open"),)),),
        ended={"general": {JobState.SUCCEEDED: 5, JobState.FAILED: 1}},
        replayed={"general": 2},
    )

    assert fleet_lines(status, Totals()) == [
        'workfleet_queue_jobs{queue="general.simple"} 3.0',
        'workfleet_queue_jobs{queue="provider.groq"} 0.0',
        'workfleet_queue_oldest_wait_seconds{queue="general.simple"} 4.5',
        'workfleet_queue_oldest_wait_seconds{queue="provider.groq"} 0.0',
        'workfleet_queue_takers{queue="general.simple"} 1.0',
        'workfleet_queue_takers{queue="provider.groq"} 0.0',
        "workfleet_unfinished_jobs 10.0",
        'workfleet_jobs{state="queued"} 3.0',
        'workfleet_jobs{state="running"} 2.0',
        'workfleet_jobs{state="snoozed"} 1.0',
        'workfleet_jobs{state="held"} 4.0',
        "workfleet_dead_letters 1.0",
        'workfleet_jobs_ended_total{state="succeeded",task_type="general"} 5.0',
        # Two of three failures were handed in again since: a counter does not fall.
        'workfleet_jobs_ended_total{state="failed",task_type="general"} 3.0',
        'workfleet_pool_slots{provider="groq"} 8.0',
        'workfleet_pool_slots_used{provider="groq"} 2.0',
        'workfleet_pool_takes_jobs{provider="groq"} 0.0',
        'workfleet_breaker_state{of="m",provider="groq",scope="target",state="closed"} 0.0',
        'workfleet_breaker_state{of="m",provider="groq",scope="target",state="half_open"} 0.0',
        'workfleet_breaker_state{of="m",provider="groq",scope="target",state="open"} 1.0',
        "workfleet_lost_calls_total 0.0",
    ]

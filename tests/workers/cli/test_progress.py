"""What people see of a batch while it runs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from workfleet.tasks.batch import BatchStatus
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobState
from workfleet.workers.cli.progress import cost, duration, in_one_line, providers, view_of

NONE = {state: 0 for state in JobState if state.final}

EIGHT = NodeReport(node="groq@here", provider="groq", slots=8, busy=8)
AWAY = NodeReport(node="vllm@here", provider="vllm", slots=8, unavailable="it does not answer")


def status(**facts: Any) -> BatchStatus:
    counts = NONE | facts.pop("counts", {})
    default: dict[str, Any] = {
        "id": "batch-1",
        "name": "shop",
        "agent": "default",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "total": 100,
        "sealed": True,
        "cancelled": False,
        "in_flight": 20,
        "lost_calls": 0,
        "pending": 0,
        "by_provider": {},
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": 0.0,
        "unpriced": 0,
        "metadata": {},
    }
    return BatchStatus(**default | facts, counts=counts)


def test_the_time_left_follows_from_what_ended_since_the_display_began() -> None:
    view = view_of(status(counts={JobState.SUCCEEDED: 60}), nodes=[EIGHT], elapsed_s=10.0, done_before=40)
    assert (view.running, view.eta_s) == (8, 20.0)


def test_no_time_is_promised_before_anything_has_ended() -> None:
    assert view_of(status(counts={JobState.SUCCEEDED: 40}), nodes=[EIGHT], elapsed_s=10.0, done_before=40).eta_s is None


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], "no worker runs"),
        ([AWAY], "nobody takes jobs now: vllm: it does not answer"),
        ([AWAY, EIGHT], ""),
    ],
    ids=["no worker", "none that takes jobs", "one that does"],
)
def test_who_waits_is_told_why(nodes: list[NodeReport], words: str) -> None:
    view = view_of(status(), nodes=nodes, elapsed_s=10.0, done_before=0)
    assert view.notice == words


def test_no_more_jobs_run_than_the_batch_has_under_way() -> None:
    assert view_of(status(in_flight=3), nodes=[EIGHT] * 8, elapsed_s=1.0, done_before=0).running == 3


def test_one_line_says_it_all() -> None:
    counts = {JobState.SUCCEEDED: 1_998, JobState.FAILED: 2}
    facts = {"total": 4_000, "by_provider": {"groq": 700, "ollama": 1_298}, "input_tokens": 9_000, "cost_usd": 0.5}
    view = view_of(status(counts=counts, **facts), nodes=[EIGHT], elapsed_s=100.0, done_before=0)
    assert in_one_line(view) == (
        "2,000 of 4,000 done, 8 running, 2 without answer, 1 min 40 s left, "
        "ollama 1,298, groq 700, 9,000 tokens in, 0 out, $0.5"
    )


def test_an_unknown_price_is_no_zero() -> None:
    assert cost(status(cost_usd=0.25, unpriced=3)) == "$0.25 and 3 calls of unknown cost"


def test_nobody_has_answered_yet() -> None:
    assert providers(status()) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")],
)
def test_durations_are_told_as_people_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words

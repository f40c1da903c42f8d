"""What the fleet's page says, in words."""

import pytest

from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobState
from workfleet.tasks.status import FleetStatus, PoolStatus, QueueStatus
from workfleet.workers.dashboard.rows import NodeRow, QueueRow, TypeRow, duration, node_rows, queue_rows, type_rows


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.6, "60 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (172_800, "2 d"),
    ],
)
def test_a_duration_is_as_exact_as_a_person_needs_it(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_nodes_stand_under_their_provider_with_what_they_say() -> None:
    taking = NodeReport(
        node="vllm@a",
        provider="vllm",
        endpoint="http://a",
        slots=8,
        busy=3,
        open_lanes=("x",),
        closed_lanes={"y": "full"},
    )
    out = NodeReport(node="vllm@b", provider="vllm", slots=8, unavailable="its breaker is open")
    gone = NodeReport(node="vllm@c", provider="vllm", endpoint="http://c", said_at=40)
    status = FleetStatus(
        now=100,
        pools=(
            PoolStatus("groq", (), frozenset()),
            PoolStatus("vllm", (taking, out, gone), frozenset({"vllm@a", "vllm@b"})),
        ),
    )
    assert node_rows(status) == [
        NodeRow("vllm", "vllm@a", "3 of 8", "1 of 2", "http://a", "takes jobs", good=True),
        NodeRow("", "vllm@b", "0 of 8", "0 of 0", "", "its breaker is open", good=False),
        NodeRow("", "vllm@c", "", "", "http://c", "silent for 60 s", good=False),
        NodeRow("groq", "", "", "", "", "no worker runs", good=None),
    ]


def test_the_deepest_queue_comes_first_and_empty_ones_are_left_out() -> None:
    status = FleetStatus(
        now=100,
        queues=(
            QueueStatus("general.simple", 2, 1.0, ("a@x", "b@x", "c@x", "d@x"), {}),
            QueueStatus("general.complex"),
            QueueStatus("provider.groq", 7, 300.0, (), {"e@x": "full", "f@x": "full", "g@x": "draining"}),
        ),
    )
    assert queue_rows(status) == [
        QueueRow("provider.groq", 7, "5 min", "nobody", "e@x, f@x: full; g@x: draining", orphan=True),
        QueueRow("general.simple", 2, "1.0 s", "a@x, b@x, c@x and 1 more", "", orphan=False),
    ]


def test_task_types_that_have_had_jobs_are_counted() -> None:
    status = FleetStatus(
        now=100,
        queues=(
            QueueStatus("review.simple", 2),
            QueueStatus("review.very-complex", 3),
            QueueStatus("idle.simple"),
            QueueStatus("provider.groq", 9),
        ),
        ended={"docs": {JobState.SUCCEEDED: 4, JobState.EXPIRED: 1}},
    )
    assert type_rows(status) == [TypeRow("docs", 0, (4, 0, 0, 1)), TypeRow("review", 5, (0, 0, 0, 0))]

"""Slots are kept for a moment for the jobs that a target had begun when its breaker opened."""

from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Job, JobSpec, JobState
from workfleet.workers.attempts.leases import Running
from workfleet.workers.pool.handover import HAND_OVER_S, HandOver

JOB = Job("id", JobState.RUNNING, "general", "general.simple", Priority.BATCH, 2, "default", 0.0, 1.0, "general.simple")


def asking(*targets: str) -> list[Running]:
    return [Running(JOB, JobSpec.from_prompt("hi"), ends_at=0.0, target=target) for target in targets]


HELD = asking("one/small", "one/large", "one/large")


def test_while_no_breaker_is_open_nothing_leaves() -> None:
    assert HandOver(clock=lambda: 100.0).leaving(HELD, []) == 0


def test_all_of_a_provider_leaves_it_and_only_its_own_of_a_model() -> None:
    assert HandOver(clock=lambda: 100.0).leaving(HELD, ["one"]) == 3
    assert HandOver(clock=lambda: 100.0).leaving(HELD, ["one/large"]) == 2


def test_it_is_over_after_a_while_until_another_breaker_opens() -> None:
    now = [100.0]
    hand_over, found = HandOver(clock=lambda: now[0]), list[int]()
    for broken in (["one/small"], ["one/small"], ["one/small", "one/large"], ["one/large"], ["one/small"]):
        found.append(hand_over.leaving(HELD, broken))
        now[0] += HAND_OVER_S / 1.5
    assert found == [1, 1, 3, 2, 1]
    assert hand_over.leaving(HELD, ["one/small"]) == 1
    now[0] += HAND_OVER_S
    assert hand_over.leaving(HELD, ["one/small"]) == 0

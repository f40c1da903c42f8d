"""What is left of a chain is found once for jobs that are alike."""

from dataclasses import replace

import pytest

from workfleet.routing.directory import Directory
from workfleet.routing.gate import PoolState
from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Constraints, Job, JobSpec, JobState
from workfleet.tasks.request import Request
from workfleet.workers.attempts.chain import Alternatives, alternatives
from workfleet.workers.attempts.outlook import Outlook

from ..pools import LANE, directory_of, provider

DIRECTORY = directory_of(provider("one"), provider("two"), provider("three"))
FREE = PoolState(slots=1, busy=0)
POOLS = {"one": FREE, "two": FREE, "three": FREE}
SPEC = JobSpec.from_prompt("hi")
JOB = Job("id", JobState.RUNNING, "general", LANE, Priority.BATCH, 2, "me", 0.0, 1.0, LANE)
SEVERAL = Request.from_prompt("hi").model_copy(update={"extra": {"n": 2}})


def found(
    outlook: Outlook, job: Job = JOB, spec: JobSpec = SPEC, directory: Directory = DIRECTORY, **pools: PoolState
) -> Alternatives:
    return outlook.alternatives(job, spec, directory, {**POOLS, **pools} if pools else POOLS)


def test_another_job_of_the_same_kind_has_the_same_ones() -> None:
    outlook = Outlook("one")
    first = found(outlook)
    assert first == alternatives(JOB, SPEC, DIRECTORY, POOLS, provider="one")
    assert found(outlook, replace(JOB, id="other"), JobSpec.from_prompt("something else")) is first


@pytest.mark.parametrize(
    ("job", "spec"),
    [
        (replace(JOB, lane="code-review.complex"), SPEC),
        (replace(JOB, task_type="code-review"), SPEC),
        (replace(JOB, agent="somebody"), SPEC),
        (replace(JOB, chain=("three", "two")), SPEC),
        (replace(JOB, tried=("two/m",)), SPEC),
        (JOB, SPEC.model_copy(update={"model": "m"})),
        (JOB, SPEC.model_copy(update={"route": "default"})),
        (JOB, SPEC.model_copy(update={"user": "somebody"})),
        (JOB, SPEC.model_copy(update={"request": SEVERAL})),
        (JOB, SPEC.model_copy(update={"constraints": Constraints(exclude=("two",))})),
    ],
    ids=["lane", "task type", "agent", "chain", "tried", "model", "route", "user", "needs", "constraints"],
)
def test_one_of_another_kind_has_its_own(job: Job, spec: JobSpec) -> None:
    outlook = Outlook("one")
    usual = found(outlook)
    assert found(outlook, job, spec) is not usual
    assert found(outlook, job, spec) == alternatives(job, spec, DIRECTORY, POOLS, provider="one")


def test_news_of_the_pools_and_other_routes_hold_at_once() -> None:
    outlook = Outlook("one")
    usual = found(outlook)
    assert found(outlook, two=PoolState(slots=0, busy=0, unavailable="it is down")).skipped == {"two": "it is down"}
    assert found(outlook) == usual
    assert found(outlook, directory=directory_of(provider("one"), provider("three"))).next != usual.next


def test_what_a_job_may_cost_is_looked_at_for_each() -> None:
    outlook = Outlook("one")
    capped = SPEC.model_copy(update={"constraints": Constraints(max_cost_usd=1.0)})
    assert found(outlook, spec=capped) is not found(outlook, spec=capped)


def test_no_number_of_kinds_fills_the_memory() -> None:
    outlook = Outlook("one")
    first = found(outlook)
    for number in range(1000):
        found(outlook, replace(JOB, agent=str(number)))
    assert found(outlook) is not first

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.job import JobSpec
from workfleet.workers.judging.objection import objection

ASKED = JobSpec.from_prompt("Write a haiku.")


@pytest.mark.parametrize(
    ("end", "fault"),
    [
        (FinishReason.STOP, None),
        (FinishReason.LENGTH, None),
        (FinishReason.TOOL_CALLS, None),
        (FinishReason.UNKNOWN, None),
        (FinishReason.CONTENT_FILTER, Fault.CONTENT_FILTERED),
        (FinishReason.REFUSAL, Fault.CONTENT_FILTERED),
        (FinishReason.CONTEXT_OVERFLOW, Fault.CONTEXT_OVERFLOW),
        (FinishReason.ERROR, Fault.SERVER),
    ],
)
def test_an_end_may_mean_that_there_is_no_answer(end: FinishReason, fault: Fault | None) -> None:
    found = objection(ASKED, Answer(text="An old silent", finish_reason=end, raw_finish_reason="END"))
    assert (found and (found.fault, found.code)) == (fault and (fault, "END"))


@pytest.mark.parametrize(
    ("text", "failure"),
    [("{}", None), ("no JSON", Failure(Fault.BAD_OUTPUT, "the answer holds no JSON"))],
    ids=["accepted", "rejected"],
)
def test_a_judge_may_reject_a_complete_answer(text: str, failure: Failure | None) -> None:
    spec = JobSpec.from_prompt("An object, please.", judge="json")
    found = objection(spec, Answer(text=text, finish_reason=FinishReason.STOP))
    assert (found and found.fault) == (failure and failure.fault)


def test_a_filtered_answer_is_not_judged_too() -> None:
    spec = JobSpec.from_prompt("An object, please.", judge="json")
    found = objection(spec, Answer(text="{", finish_reason=FinishReason.CONTENT_FILTER))
    assert found == Failure(Fault.CONTENT_FILTERED, "the provider's filter ended the answer")

"""Why an answer that has come is none to give out: its end says so, or its judge does."""

from collections.abc import Mapping
from typing import Final

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer, FinishReason
from ...tasks.job import JobSpec
from .judges import judge

#: Ends with status 200 that are failures all the same (C.18 of the wire formats). An answer that is cut off at
#: `max_tokens` is what was asked for.
_BY_END: Final[Mapping[FinishReason, tuple[Fault, str]]] = {
    FinishReason.CONTENT_FILTER: (Fault.CONTENT_FILTERED, "the provider's filter ended the answer"),
    FinishReason.REFUSAL: (Fault.CONTENT_FILTERED, "the model refused to answer"),
    FinishReason.CONTEXT_OVERFLOW: (Fault.CONTEXT_OVERFLOW, "the answer came to the end of the model's context"),
    FinishReason.ERROR: (Fault.SERVER, "the provider ended the answer with an error"),
}


def objection(spec: JobSpec, answer: Answer) -> Failure | None:
    """The failure that the answer is, None if it is good. Raises UnknownName for a judge that there is not."""
    if (ended := ended_badly(answer)) is not None:
        return ended
    verdict = judge(spec.judge, answer, spec.request) if spec.judge else None
    if verdict is None or verdict.accepted:
        return None
    return Failure(Fault.BAD_OUTPUT, verdict.rejection or "rejected")


def ended_badly(answer: Answer) -> Failure | None:
    """The failure that the answer's end is, None if it is none."""
    if answer.finish_reason not in _BY_END:
        return None
    fault, why = _BY_END[answer.finish_reason]
    return Failure(fault, why, code=answer.raw_finish_reason)

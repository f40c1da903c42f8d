"""From a job's outcome to a test file and a line of `results.jsonl`."""

from dataclasses import asdict, dataclass, replace

from pydantic_core import to_json

from ...tasks.answer import Answer
from ...tasks.job import JobState
from ...tasks.results import Outcome
from ..judging.answer_code import NothingFound, python_tests_in
from .output_folder import GeneratedTests
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one subject.

    path, line: where the function stands. file: the name of its test file, None if there is none, and error says why.
    cost_usd: None is unknown.
    """

    subject: str
    path: str
    line: int
    job_id: str
    state: JobState
    provider: str | None = None
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    file: str | None = None
    error: str | None = None

    def to_line(self) -> bytes:
        return to_json(asdict(self)) + b"\n"


def harvest(subject: Subject, outcome: Outcome, tests: GeneratedTests) -> Result:
    """Write the tests that an answer holds, and tell what became of the subject. Raises CannotWrite."""
    result = Result(str(subject), str(subject.path), subject.line, outcome.job_id, outcome.state)
    if outcome.answer is None:
        return replace(result, error=outcome.error)
    result = _with_receipt(result, outcome.answer)
    try:
        code = python_tests_in(outcome.answer.text)
    except NothingFound as fault:
        return replace(result, error=str(fault))
    by = f"{outcome.answer.provider}/{outcome.answer.model}"
    return replace(result, file=tests.write(subject, code, by=by).name)


def _with_receipt(result: Result, answer: Answer) -> Result:
    return replace(
        result,
        provider=answer.provider,
        model=answer.model,
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        cost_usd=answer.usage.cost_usd,
    )

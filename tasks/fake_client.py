"""A client for tests of programs that submit jobs: no Redis, no pool, and every job is answered at once."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answer import Answer, FinishReason
from .errors import JobNotFound
from .job import JobSpec, JobState
from .results import Outcome
from .stream import Piece, PieceKind
from .submission import new_id, parse_spec

Answering = Callable[[JobSpec], Answer | str | Exception]


@dataclass(slots=True)
class FakeClient:
    """Stands in for `Client`; `FakeAsyncClient` for `AsyncClient`.

    answering: gives each job's answer, its text, or the error that it fails with; called at submission. submitted: what
    was handed in, in order.

    >>> client = FakeClient(lambda spec: "def test_add(): assert True")
    >>> client.run(JobSpec.from_prompt("Write a test for add")).text
    'def test_add(): assert True'
    """

    answering: Answering = lambda spec: f"answer to: {spec.request.text}"
    submitted: list[JobSpec] = field(default_factory=list[JobSpec])
    _outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    _by_key: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def submit(self, spec: JobSpec | Mapping[str, Any], *, must_run: bool = False) -> str:
        """The answered job's id; for a known idempotency key the first one's. Raises InvalidRequest."""
        del must_run
        spec = parse_spec(spec)
        if spec.idempotency_key and (first := self._by_key.get((spec.agent, spec.idempotency_key))):
            return first
        job_id = new_id()
        if spec.idempotency_key:
            self._by_key[spec.agent, spec.idempotency_key] = job_id
        self.submitted.append(spec)
        self._outcomes[job_id] = self._answer(job_id, spec)
        return job_id

    def _answer(self, job_id: str, spec: JobSpec) -> Outcome:
        answer = self.answering(spec)
        if isinstance(answer, Exception):
            return Outcome(job_id, JobState.FAILED, error=str(answer))
        if isinstance(answer, str):
            answer = Answer(text=answer, finish_reason=FinishReason.STOP, provider="fake", model=spec.model or "fake")
        return Outcome(job_id, JobState.SUCCEEDED, answer)

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Outcome:
        del timeout_s
        if job_id not in self._outcomes:
            raise JobNotFound(f"no job {job_id!r}")
        return self._outcomes[job_id]

    def result(self, job_id: str, *, timeout_s: float | None = None) -> Answer:
        return self.wait(job_id, timeout_s=timeout_s).unwrap()

    def run(self, spec: JobSpec | Mapping[str, Any], *, timeout_s: float | None = None) -> Answer:
        return self.result(self.submit(spec), timeout_s=timeout_s)

    def stream(self, job_id: str, *, after: str = "0") -> Iterator[Piece]:
        """The whole text in one piece, each tool call in another, and the END; or what is after an offset."""
        answer, pieces = self.wait(job_id).answer, list[Piece]()
        if answer is not None:
            pieces.append(Piece("1-0", PieceKind.TEXT, answer.text, 1, 1))
            for number, call in enumerate(answer.tool_fragments, 2):
                pieces.append(Piece(f"1-{number - 1}", PieceKind.TOOL_CALL, "", 1, number, call))
        yield from (piece for piece in [*pieces, Piece("2-0", PieceKind.END)] if piece.offset > after)

    def cancel(self, job_id: str) -> JobState:
        """The state in which the job had ended already."""
        return self.wait(job_id).state


class FakeAsyncClient:
    """`FakeClient` with awaitable calls. fake: what it answers with, and where `submitted` is."""

    def __init__(self, answering: Answering | None = None) -> None:
        self.fake = FakeClient(answering) if answering else FakeClient()

    async def submit(self, spec: JobSpec | Mapping[str, Any], *, must_run: bool = False) -> str:
        return self.fake.submit(spec, must_run=must_run)

    async def wait(self, job_id: str, *, timeout_s: float | None = None) -> Outcome:
        return self.fake.wait(job_id, timeout_s=timeout_s)

    async def result(self, job_id: str, *, timeout_s: float | None = None) -> Answer:
        return self.fake.result(job_id, timeout_s=timeout_s)

    async def run(self, spec: JobSpec | Mapping[str, Any], *, timeout_s: float | None = None) -> Answer:
        return self.fake.run(spec, timeout_s=timeout_s)

    async def stream(self, job_id: str, *, after: str = "0") -> AsyncIterator[Piece]:
        for piece in self.fake.stream(job_id, after=after):
            yield piece

    async def cancel(self, job_id: str) -> JobState:
        return self.fake.cancel(job_id)

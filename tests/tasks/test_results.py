"""A job's outcome, as Celery's result backend stores it."""

import json
from typing import Any, cast

import pytest
from celery import Celery
from celery.exceptions import TaskRevokedError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from workfleet.tasks.answer import Answer, FinishReason, Usage
from workfleet.tasks.errors import JobCancelled, JobExpired, JobFailed
from workfleet.tasks.job import JobState
from workfleet.tasks.queues import make_app
from workfleet.tasks.results import RESULT_KEY, Outcome, decode, encode

ANSWER = Answer(
    text="def test_ä(): ...",
    finish_reason=FinishReason.STOP,
    usage=Usage(input_tokens=3, output_tokens=4, cost_usd=0.0, cost_source="local"),
    provider="ollama",
    model="qwen",
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))

answers = st.builds(
    Answer,
    text=TEXT,
    reasoning=TEXT,
    embeddings=st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3).map(tuple)).map(tuple),
    finish_reason=st.sampled_from(FinishReason),
    usage=st.builds(Usage, input_tokens=st.integers(0, 10**9), cost_usd=st.none() | st.floats(0, 1e6)),
    provider=TEXT,
    total_s=st.none() | st.floats(0, 1e6),
    body=st.none() | st.dictionaries(TEXT, TEXT | st.integers(-(2**53), 2**53) | st.none(), max_size=3),
)
outcomes = st.builds(Outcome, st.uuids().map(str), st.just(JobState.SUCCEEDED), answers, st.none()) | st.builds(
    Outcome,
    st.uuids().map(str),
    st.sampled_from([JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED]),
    st.none(),
    TEXT,
)


@given(outcomes)
def test_what_is_written_is_read_back(outcome: Outcome) -> None:
    assert decode(outcome.job_id, encode(outcome)) == outcome
    assert decode(outcome.job_id, encode(outcome).encode()) == outcome


@pytest.mark.parametrize(
    ("state", "error"),
    [(JobState.FAILED, JobFailed), (JobState.CANCELLED, JobCancelled), (JobState.EXPIRED, JobExpired)],
)
def test_an_outcome_without_an_answer_raises_the_error_of_its_state(state: JobState, error: type[JobFailed]) -> None:
    with pytest.raises(error) as raised:
        Outcome("id", state, error="no target is left").unwrap()
    assert type(raised.value) is error
    assert str(raised.value) == f"job id {state}: no target is left"


def test_an_answer_unwraps_to_itself() -> None:
    assert Outcome("id", JobState.SUCCEEDED, ANSWER).unwrap() is ANSWER


def test_what_an_answer_does_not_say_is_not_stored() -> None:
    meta = json.loads(encode(Outcome("id", JobState.SUCCEEDED, Answer(text="hi"))))
    assert meta == {
        "task_id": "id",
        "status": "SUCCESS",
        "result": {"text": "hi"},
        "traceback": None,
        "children": [],
        "date_done": None,
    }


@pytest.fixture
def app(redis_url: str) -> Celery:
    return make_app(SecretStr(redis_url))


def stored(app: Celery, outcome: Outcome) -> Any:
    cast("Any", app.backend).client.set(RESULT_KEY + outcome.job_id, encode(outcome))
    return app.AsyncResult(outcome.job_id)


def test_celery_reads_an_answer(app: Celery) -> None:
    result = stored(app, Outcome("id", JobState.SUCCEEDED, ANSWER))
    assert Answer.model_validate(result.get(timeout=5)) == ANSWER


@pytest.mark.parametrize(
    ("state", "error"), [(JobState.FAILED, JobFailed), (JobState.EXPIRED, JobExpired)], ids=["failed", "expired"]
)
def test_celery_raises_our_errors(app: Celery, state: JobState, error: type[JobFailed]) -> None:
    result = stored(app, Outcome("id", state, error="no target is left"))
    with pytest.raises(error, match="no target is left"):
        result.get(timeout=5)


def test_celery_knows_a_cancelled_job_as_revoked(app: Celery) -> None:
    result = stored(app, Outcome("id", JobState.CANCELLED, error="cancelled by request"))
    assert result.state == "REVOKED"
    with pytest.raises((TaskRevokedError, JobCancelled)):
        result.get(timeout=5)

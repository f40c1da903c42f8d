"""How a call is made: streamed or in one piece, and how long it may take."""

import math
from typing import Any

import pytest

from workfleet.tasks.job import CallLimits, JobSpec
from workfleet.tasks.request import Request
from workfleet.workers.endpoints.manner import SLOW_TOKENS_PER_S, limits, streams
from workfleet.workers.providers.endpoint import Timeouts
from workfleet.workers.settings.provider import ModelSettings
from workfleet.workers.settings.schema import TaskTypeSettings

from ..attempts.test_streamed_jobs import SPOKEN
from ..pools import fleet, hosted, says

PLAIN, TIMED, UNTIMED = TaskTypeSettings(), {"measure_first_token": True}, {"measure_first_token": False}
SHORT = TaskTypeSettings(timeout_s=7.0)
WHOLE = Timeouts(connect_s=2.0, first_token_s=math.inf, idle_s=math.inf, total_s=30.0)


@pytest.mark.parametrize(
    ("job", "provider", "task", "streamed"),
    [
        ({}, {}, {}, False),
        ({"stream": True}, {}, {}, True),
        ({"stream": True}, {}, UNTIMED, True),
        ({}, TIMED, {}, True),
        ({}, {}, TIMED, True),
        ({}, TIMED, UNTIMED, False),
    ],
    ids=[
        "in one piece",
        "somebody reads it",
        "somebody reads it, whatever is timed",
        "the provider's are timed",
        "those of the task type are timed",
        "all but those of the task type are timed",
    ],
)
def test_an_answer_is_streamed_for_who_reads_it_or_for_its_first_token(
    job: dict[str, Any], provider: dict[str, Any], task: dict[str, Any], streamed: bool
) -> None:
    spec = JobSpec.from_prompt("hi", **job)
    assert streams(spec, hosted("one", **provider), TaskTypeSettings(**task), "m") is streamed


@pytest.mark.parametrize(
    "request_",
    [Request(kind="embedding", input=("a",)), Request.from_prompt("hi", keep_body=True)],
    ids=["vectors come at once", "the provider's own body is kept as it is"],
)
def test_what_would_lose_something_is_not_streamed_to_be_timed(request_: Request) -> None:
    assert not streams(JobSpec(request=request_), hosted("one", **TIMED), PLAIN, "m")


@pytest.mark.parametrize(
    ("job", "task", "streamed", "time_left_s", "expected"),
    [
        ({}, PLAIN, False, 3600, WHOLE),
        ({}, PLAIN, True, 3600, Timeouts()),
        ({"max_tokens": 4000}, PLAIN, False, 3600, Timeouts(2.0, math.inf, math.inf, 4000 / SLOW_TOKENS_PER_S)),
        ({"max_tokens": 4000}, SHORT, False, 3600, Timeouts(2.0, math.inf, math.inf, 7.0)),
        ({}, PLAIN, False, 4.0, Timeouts(2.0, math.inf, math.inf, 4.0)),
        ({}, PLAIN, True, -1.0, Timeouts(total_s=0.001)),
    ],
    ids=[
        "an answer in one piece has one limit",
        "a stream has them all",
        "a long answer gets its time",
        "a task type's own limit wins",
        "none outlasts the deadline",
        "nor begins after it",
    ],
)
def test_how_long_a_call_may_take(
    job: dict[str, Any], task: TaskTypeSettings, streamed: bool, time_left_s: float, expected: Timeouts
) -> None:
    spec = JobSpec.from_prompt("hi", **job)
    assert limits(spec, hosted("one"), task, "m", time_left_s=time_left_s, streamed=streamed) == expected


@pytest.mark.parametrize(
    ("max_tokens", "task", "streamed", "token_s", "total_s"),
    [
        (100, PLAIN, False, 0.01, 10.0 + 4 * 100 * 0.01),
        (None, PLAIN, False, 0.001, 10.0 + 4 * 4096 * 0.001),
        (100, PLAIN, False, 0.5, 30.0),
        (100, PLAIN, True, 0.01, 30.0),
        (100, SHORT, False, 0.0001, 7.0),
    ],
    ids=[
        "not as if it were slow",
        "an answer of unknown length may be long",
        "a slow one for no longer than its limit",
        "a stream shows by itself whether it goes on",
        "a task type's own limit wins",
    ],
)
def test_a_server_that_was_fast_is_waited_for_accordingly(
    max_tokens: int | None, task: TaskTypeSettings, streamed: bool, token_s: float, total_s: float
) -> None:
    spec = JobSpec.from_prompt("hi", max_tokens=max_tokens)
    found = limits(spec, hosted("one"), task, "m", time_left_s=3600, streamed=streamed, token_s=token_s)
    assert found.total_s == total_s


@pytest.mark.parametrize("timed", [False, True], ids=["in one piece", "timed"])
async def test_a_job_that_is_timed_has_the_same_answer_and_the_time_to_its_first_token(
    redis_url: str, timed: bool
) -> None:
    async with fleet(redis_url, hosted("one", measure_first_token=timed)) as pools:
        pools.servers["one"].will(SPOKEN if timed else says("ok"))
        job_id = await pools.submit()
        await pools.deliver(job_id, "one")
        answer = (await pools.client.wait(job_id)).unwrap()
        (attempt,) = await pools.client.attempts(job_id)

    assert (answer.text, answer.usage.input_tokens, answer.usage.output_tokens) == ("ok", 10, 5)
    assert (attempt.first_token_s is not None) is timed
    assert attempt.cost_source == "table"


MODEL = ModelSettings(name="m", timeouts=CallLimits(idle_s=1.0, total_s=2.0))


@pytest.mark.parametrize(
    ("provider", "task", "job", "expected"),
    [
        ({}, {}, {}, Timeouts(total_s=200.0)),
        ({"timeouts": Timeouts(total_s=50.0), "said_timeouts": {"total_s"}}, {}, {}, Timeouts(total_s=50.0)),
        ({"models": (MODEL,)}, {}, {}, Timeouts(idle_s=1.0, total_s=2.0)),
        ({"models": (MODEL,)}, {"timeout_s": 3.0}, {}, Timeouts(idle_s=1.0, total_s=3.0)),
        (
            {"models": (MODEL,)},
            {"timeout_s": 3.0, "first_token_s": 5.0, "connect_s": 6.0, "idle_s": 7.0},
            {},
            Timeouts(connect_s=6.0, idle_s=7.0, total_s=3.0, first_token_s=5.0),
        ),
        (
            {"models": (MODEL,)},
            {"timeout_s": 4.0},
            {"timeouts": {"total_s": 6.0, "connect_s": 0.5}},
            Timeouts(connect_s=0.5, idle_s=1.0, total_s=6.0),
        ),
    ],
    ids=[
        "nobody has set any: a long answer gets its time",
        "what the provider's entry sets holds",
        "the model's before the provider's",
        "the task type's before the model's",
        "each of the four limits",
        "the job's before all",
    ],
)
def test_the_narrowest_word_on_a_limit_counts(
    provider: dict[str, Any], task: dict[str, Any], job: dict[str, Any], expected: Timeouts
) -> None:
    spec = JobSpec.from_prompt("hi", max_tokens=4000, **job)
    said = TaskTypeSettings.model_validate(task)
    assert limits(spec, hosted("one", **provider), said, "m", time_left_s=3600, streamed=True) == expected


@pytest.mark.parametrize(
    ("provider", "job", "streamed"),
    [
        ({"said_timeouts": {"first_token_s"}}, {}, True),
        ({"said_timeouts": {"total_s"}}, {}, False),
        ({}, {"timeouts": {"first_token_s": 1.0}}, True),
    ],
    ids=["of the provider", "another limit", "of the job"],
)
def test_a_limit_of_the_first_token_holds_for_answers_that_nobody_reads_meanwhile(
    provider: dict[str, Any], job: dict[str, Any], streamed: bool
) -> None:
    assert streams(JobSpec.from_prompt("hi", **job), hosted("one", **provider), PLAIN, "m") is streamed

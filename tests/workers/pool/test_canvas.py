"""What a Celery canvas does when one of its jobs has ended."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import Celery
from celery.canvas import Signature
from pydantic import SecretStr

from workfleet.tasks.answer import Answer
from workfleet.tasks.job import JobState
from workfleet.tasks.queues import SUBMIT_QUEUE, SUBMIT_TASK, make_app
from workfleet.tasks.results import Outcome
from workfleet.workers.pool.canvas import canvas_of, go_on

ANSWERED = Outcome("job", JobState.SUCCEEDED, Answer(text="42", provider="p", model="m"))
FAILED = Outcome("job", JobState.FAILED, error="no target is left")


@pytest.fixture
def app(redis_url: str) -> Celery:
    return make_app(SecretStr(redis_url))


def following(app: Celery, name: str) -> Signature[Any]:
    return app.signature(SUBMIT_TASK, kwargs={"prompt": name})


def handed_in(redis_url: str) -> list[tuple[list[Any], dict[str, Any]]]:
    """Arguments of the submissions that wait, the first one first."""
    with redis.Redis.from_url(redis_url) as client:
        raw = [json.loads(item) for item in client.lrange(SUBMIT_QUEUE, 0, -1)]
    bodies = [json.loads(base64.b64decode(message["body"])) for message in reversed(raw)]
    return [(body[0], body[1]) for body in bodies]


@pytest.mark.parametrize(
    "request_of_a_task",
    [SimpleNamespace(), SimpleNamespace(group=None, chord=None, chain=None, root_id="r", parent_id="p")],
    ids=["a bare one", "one with a parent"],
)
def test_a_task_that_stands_alone_has_no_canvas(request_of_a_task: SimpleNamespace) -> None:
    assert canvas_of(request_of_a_task) == ""


def test_what_a_canvas_needs_is_kept_and_nothing_else(app: Celery) -> None:
    task = SimpleNamespace(chain=[following(app, "next")], root_id="root", argsrepr="a secret prompt")
    kept = json.loads(canvas_of(task))
    assert kept.keys() == {"chain", "root_id"}
    assert kept["chain"][0]["kwargs"] == {"prompt": "next"}


def test_an_answer_goes_to_the_next_of_the_chain_which_knows_the_rest(app: Celery, redis_url: str) -> None:
    # Celery keeps what follows with the last one first.
    chain = [following(app, "third"), following(app, "second")]
    go_on(app, "job", canvas_of(SimpleNamespace(chain=chain)), ANSWERED)
    assert handed_in(redis_url) == [([{"text": "42", "provider": "p", "model": "m"}], {"prompt": "second"})]


def test_callbacks_get_the_answer_too(app: Celery, redis_url: str) -> None:
    callbacks = [following(app, "one"), following(app, "two")]
    go_on(app, "job", canvas_of(SimpleNamespace(callbacks=callbacks)), ANSWERED)
    assert [kwargs["prompt"] for _, kwargs in handed_in(redis_url)] == ["one", "two"]


def test_a_job_without_an_answer_ends_its_chain(app: Celery, redis_url: str) -> None:
    go_on(app, "job", canvas_of(SimpleNamespace(chain=[following(app, "next")])), FAILED)
    assert handed_in(redis_url) == []


def test_an_errback_is_called_when_there_is_no_answer(app: Celery, redis_url: str) -> None:
    go_on(app, "job", canvas_of(SimpleNamespace(errbacks=[following(app, "mourn")])), FAILED)
    assert handed_in(redis_url) == [(["job"], {"prompt": "mourn"})]

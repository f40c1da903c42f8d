"""The client that tests of other programs use."""

import inspect

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import InvalidRequest, JobFailed, JobNotFound
from workfleet.tasks.fake_client import FakeAsyncClient, FakeClient
from workfleet.tasks.job import JobSpec
from workfleet.tasks.stream import PieceKind
from workfleet.tasks.sync_client import Client


def test_a_job_is_answered_at_once_and_remembered() -> None:
    client = FakeClient(lambda spec: spec.task_type.upper())
    spec = JobSpec.from_prompt("hi", task_type="code-review")
    assert client.run(spec).text == "CODE-REVIEW"
    assert client.submitted == [spec]


def test_an_exception_is_how_the_job_fails() -> None:
    client = FakeClient(lambda _: ValueError("no luck"))
    with pytest.raises(JobFailed, match="no luck"):
        client.run(JobSpec.from_prompt("hi"))


def test_an_idempotency_key_returns_the_first_job() -> None:
    client = FakeClient()
    spec = JobSpec.from_prompt("hi", idempotency_key="k")
    assert client.submit(spec) == client.submit(spec)
    assert len(client.submitted) == 1


def test_what_is_no_job_is_refused_as_by_a_client() -> None:
    with pytest.raises(InvalidRequest, match="messages is empty"):
        FakeClient().submit({"request": {"messages": []}})


async def test_a_stream_is_the_answer_in_one_piece() -> None:
    client = FakeAsyncClient(lambda _: "Hello")
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    pieces = [piece async for piece in client.stream(job_id)]
    assert [(piece.kind, piece.text) for piece in pieces] == [(PieceKind.TEXT, "Hello"), (PieceKind.END, "")]
    assert list(client.fake.stream(job_id, after=pieces[0].offset)) == pieces[1:]


def test_a_failed_job_ends_its_stream_without_a_word() -> None:
    client = FakeClient(lambda _: ValueError("no luck"))
    job_id = client.submit(JobSpec.from_prompt("hi", stream=True))
    assert [piece.kind for piece in client.stream(job_id)] == [PieceKind.END]


def test_an_unknown_job_is_not_found() -> None:
    with pytest.raises(JobNotFound):
        FakeClient().result("nobody")


async def test_the_async_fake_answers_the_same() -> None:
    assert (await FakeAsyncClient(lambda _: "yes").run(JobSpec.from_prompt("hi"))).text == "yes"


@pytest.mark.parametrize(("fake", "real"), [(FakeClient, Client), (FakeAsyncClient, AsyncClient)])
def test_its_calls_are_those_of_the_client_it_stands_for(fake: type, real: type) -> None:
    calls = [name for name, _ in inspect.getmembers(fake, inspect.isfunction) if not name.startswith("_")]
    for name in calls:
        own = set(inspect.signature(getattr(fake, name)).parameters)
        assert own <= set(inspect.signature(getattr(real, name)).parameters), name

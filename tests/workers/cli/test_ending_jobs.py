"""`fleet cancel` and `fleet dead-letter replay|drop`: what they do to jobs, and tell of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import JobNotFound
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed
from workfleet.workers.cli.main import app
from workfleet.workers.cli.session import run_async


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)


async def _submitted(url: str, *, then: str) -> str:
    """A job that is `queued`, `running` or `failed`."""
    async with AsyncClient(url) as client:
        job_id = await client.submit(JobSpec.from_prompt("hi"))
        if then != "queued":
            claimed = await client.store.claim(job_id, owner="one@host", lease_s=30)
            assert isinstance(claimed, Claimed)
            if then == "failed":
                assert await client.store.finish(claimed.job, Outcome(job_id, JobState.FAILED, error="no answer"))
    return job_id


def job(url: str, *, then: str) -> str:
    return run_async(_submitted(url, then=then))


def fleet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def dead() -> list[str]:
    return [each["job_id"] for each in json.loads(fleet("dead-letter", "list", "--json").stdout)]


@pytest.mark.parametrize(("then", "word"), [("queued", "cancelled"), ("running", "stopping"), ("failed", "failed")])
def test_a_cancelled_job_is_told_with_what_it_is_now(redis_url: str, then: str, word: str) -> None:
    first, second = (job(redis_url, then=then) for _ in range(2))
    assert fleet("cancel", first).stdout == f"{first} {word}\n"
    assert json.loads(fleet("cancel", second, "--json").stdout) == [{"job_id": second, "state": word}]


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["for people", "for programs"])
def test_an_unknown_job_is_named_and_the_others_are_cancelled(redis_url: str, form: list[str]) -> None:
    known = job(redis_url, then="queued")
    ended = fleet("cancel", "j1", known, "j2", *form)
    assert isinstance(ended.exception, JobNotFound)
    assert str(ended.exception) == "no job j1, j2"
    assert json.loads(fleet("job", known, "--json").stdout)["state"] == "cancelled"
    assert known in ended.stdout


@pytest.mark.parametrize(
    ("command", "told", "state"),
    [("replay", "queued again", "queued"), ("drop", "dropped", "failed")],
)
def test_dead_letters_are_dealt_with_one_by_one_or_all(redis_url: str, command: str, told: str, state: str) -> None:
    first, *others = (job(redis_url, then="failed") for _ in range(3))
    assert fleet("dead-letter", command, first).stderr == f"1 {told}\n"
    assert sorted(dead()) == sorted(others)
    answer = json.loads(fleet("dead-letter", command, "--all", "--json").stdout)
    assert {name: sorted(ids) for name, ids in answer.items()} == {told.replace(" ", "_"): sorted(others)}
    assert dead() == []
    assert [json.loads(fleet("job", each, "--json").stdout)["state"] for each in (first, *others)] == [state] * 3


@pytest.mark.parametrize("command", ["replay", "drop"])
def test_what_is_no_dead_letter_is_named_and_keeps_no_other_from_its_turn(redis_url: str, command: str) -> None:
    letter = job(redis_url, then="failed")
    ended = fleet("dead-letter", command, "j1", letter, "--json")
    assert isinstance(ended.exception, JobNotFound)
    assert str(ended.exception) == "no dead letter j1; fleet dead-letter list shows those there are"
    assert list(json.loads(ended.stdout).values()) == [[letter]]
    assert dead() == []

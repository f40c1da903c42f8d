"""What `fleet stream` prints, whatever became of the pieces."""

import json
from collections.abc import AsyncIterator

import pytest
import typer

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import InvalidRequest, JobFailed
from workfleet.tasks.job import Job, JobSpec, JobState
from workfleet.tasks.request import FunctionCall, ToolCall
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed
from workfleet.workers.cli.stream import show_stream


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


async def begun(client: AsyncClient, job_id: str, *texts: str) -> Job:
    """An attempt that says something."""
    claimed = await client.store.claim(job_id, owner="one@host", lease_s=30)
    assert isinstance(claimed, Claimed)
    await client.store.say(claimed.job, [("reset", "", 1), *(("text", text, 2) for text in texts)])
    return claimed.job


async def answered(client: AsyncClient, *attempts: tuple[str, ...], answer: str) -> str:
    """A job of which each attempt said something, and the last one was the answer."""
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    for texts in attempts[:-1]:
        await client.store.put_back(await begun(client, job_id, *texts), "general.simple")
    job = await begun(client, job_id, *attempts[-1])
    await client.store.finish(job, Outcome(job_id, JobState.SUCCEEDED, Answer(text=answer)))
    return job_id


VOID = "\nanother attempt begins; what stands above is void\n"


@pytest.mark.parametrize(
    ("attempts", "printed", "noted"),
    [
        ([("Hel", "lo")], "Hello\n", ""),
        ([()], "Hello\n", ""),
        ([("Good",), ("Hello",)], "GoodHello\n", VOID),
        ([("Good",), ()], "GoodHello\n", VOID),
        ([("Hel",)], "HelHello\n", "\npieces are missing above; this is the whole answer\n"),
    ],
    ids=["in pieces", "in one piece", "after a failover", "in one piece after a failover", "pieces that were lost"],
)
async def test_the_whole_answer_is_told(
    client: AsyncClient,
    capsys: pytest.CaptureFixture[str],
    attempts: list[tuple[str, ...]],
    printed: str,
    noted: str,
) -> None:
    job_id = await answered(client, *attempts, answer="Hello")
    await show_stream(client, job_id, after="0", as_json=False)
    assert capsys.readouterr() == (printed, noted)


async def test_an_offset_goes_on_after_a_piece(client: AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = await answered(client, ("Hel", "lo"), answer="Hello")
    await show_stream(client, job_id, after="0", as_json=True)
    pieces = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(piece["kind"], piece["text"], piece["attempt"]) for piece in pieces] == [
        ("text", "Hel", 1),
        ("text", "lo", 1),
        ("end", "", 0),
    ]

    await show_stream(client, job_id, after=pieces[0]["offset"], as_json=False)
    await show_stream(client, job_id, after=pieces[1]["offset"], as_json=False)
    assert capsys.readouterr().out == "lo\n\n"


async def test_an_offset_that_is_none_is_named(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    with pytest.raises(InvalidRequest, match="'lo' is no offset of a piece, such as"):
        await show_stream(client, job_id, after="lo", as_json=False)


async def test_a_job_without_an_answer_says_why(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    await client.cancel(job_id, reason="enough")
    with pytest.raises(JobFailed, match=f"job {job_id} cancelled: enough"):
        await show_stream(client, job_id, after="0", as_json=False)


async def test_why_there_is_no_answer_stands_in_a_line_of_its_own(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    job = await begun(client, job_id, "Hel")
    with pytest.raises(typer.Exit):
        await show_stream(client, job_id, after="0", as_json=False, timeout_s=0.05)
    await client.store.finish(job, Outcome(job_id, JobState.FAILED, error="no"))
    with pytest.raises(JobFailed):
        await show_stream(client, job_id, after="0", as_json=False)
    assert capsys.readouterr().out == "Hel\nHel\n"


async def test_calls_of_tools_are_told_after_the_text(client: AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    job = await begun(client, job_id, "Wait.")
    calls = (ToolCall(id="a", function=FunctionCall(name="now", arguments="{}")),)
    await client.store.finish(job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="Wait.", tool_calls=calls)))
    await show_stream(client, job_id, after="0", as_json=False)
    assert capsys.readouterr().out == "Wait.\nnow({})\n"


async def test_who_waits_no_longer_is_told_how_to_go_on(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    with pytest.raises(typer.Exit) as left:
        await show_stream(client, job_id, after="0", as_json=False, timeout_s=0.05)
    assert left.value.exit_code == 5
    assert (
        capsys.readouterr().err
        == f"job {job_id} is queued in general.simple; `fleet stream {job_id}` goes on with it\n"
    )

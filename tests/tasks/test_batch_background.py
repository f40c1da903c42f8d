"""A batch is handed in now and its output is fetched later, as often as one likes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.batch_background import create_batch, write_results
from workfleet.tasks.batch_line import LineError, LineFault
from workfleet.tasks.batch_progress import RunProgress
from workfleet.tasks.batch_submit import LineOptions
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.dead_letters import DeadLetters
from workfleet.tasks.errors import JobNotFound
from workfleet.tasks.job import Attempt, JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed

LANE = "general.simple"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    body = {"messages": [{"role": "user", "content": "hi"}]}
    lines = [
        json.dumps({"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions", "body": body})
        for n in range(3)
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join([lines[0], "{oops", *lines[1:], lines[2]]))
    return path


async def end(client: AsyncClient, job_id: str, outcome: Outcome) -> None:
    mine = await client.store.claim(job_id, owner="sim@here", lease_s=30)
    assert isinstance(mine, Claimed)
    assert await client.store.finish(mine.job, outcome)


async def answer_waiting(client: AsyncClient, *, at_most: int) -> None:
    for job_id in await client.store.waiting(LANE, at_most=at_most):
        await end(client, job_id, Outcome(job_id, JobState.SUCCEEDED, Answer(text="ok", body={"said": "ok"})))


async def created(client: AsyncClient, source: Path) -> RunProgress:
    progress = RunProgress()
    await create_batch(client, source, LineOptions(), progress, name="nightly")
    return progress


async def fetched(client: AsyncClient, batch: str, output: Path) -> list[dict[str, Any]]:
    await write_results(client, batch, output, RunProgress(), follow=False)
    return [json.loads(line) for line in output.read_text().splitlines()]


async def test_a_file_becomes_a_batch_that_knows_its_refused_lines(client: AsyncClient, source: Path) -> None:
    progress = await created(client, source)
    assert progress == RunProgress(progress.batch, refused=2, submitted=3, all_submitted=True)
    status = await client.batch_status(progress.batch)
    assert (status.name, status.total, status.refused, status.sealed) == ("nightly", 3, 2, True)
    assert [each.id for each in await client.newest_batches()] == [progress.batch]


async def test_results_are_fetched_piece_by_piece_without_repeats(
    client: AsyncClient, source: Path, tmp_path: Path
) -> None:
    batch, output = (await created(client, source)).batch, tmp_path / "out.jsonl"
    first = await fetched(client, batch, output)
    assert [(line["custom_id"], line["error"]["line"]) for line in first] == [(None, 2), (None, 5)]
    await answer_waiting(client, at_most=1)
    second = await fetched(client, batch, output)
    assert second[:2] == first
    assert len(second) == 3
    await answer_waiting(client, at_most=10)
    last = await fetched(client, batch, output)
    assert last[:3] == second
    assert sorted(line["custom_id"] for line in last[2:]) == ["r0", "r1", "r2"]


async def test_results_are_followed_to_the_end_of_the_batch(client: AsyncClient, source: Path, tmp_path: Path) -> None:
    batch, output = (await created(client, source)).batch, tmp_path / "out.jsonl"
    await answer_waiting(client, at_most=10)
    progress = RunProgress()
    await write_results(client, batch, output, progress, follow=True)
    assert progress == RunProgress(batch, refused=2, succeeded=3)


async def test_a_job_that_is_replayed_while_its_batch_is_followed_has_one_line(
    client: AsyncClient, tmp_path: Path
) -> None:
    batch = await client.submit_batch([JobSpec.from_prompt(name, custom_id=name) for name in ("again", "other")])
    waiting = [await client.job(job_id) for job_id in await client.store.waiting(LANE, at_most=2)]
    again, other = (job.id for job in sorted(waiting, key=lambda job: job.custom_id))
    await end(client, again, Outcome(again, JobState.FAILED, error="no"))
    output, progress = tmp_path / "out.jsonl", RunProgress()
    following = asyncio.create_task(write_results(client, batch, output, progress, follow=True))
    while not progress.failed:
        await asyncio.sleep(0)
    await DeadLetters(client.store).replay(again)
    await end(client, again, Outcome(again, JobState.SUCCEEDED, Answer(text="ok", body={})))
    await end(client, other, Outcome(other, JobState.SUCCEEDED, Answer(text="ok", body={})))
    await following
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(line["custom_id"], line["error"] is None) for line in lines] == [("again", False), ("other", True)]
    anew = await fetched(client, batch, tmp_path / "anew.jsonl")
    assert [(line["custom_id"], line["error"] is None) for line in anew] == [("again", True), ("other", True)]


async def test_a_job_that_is_replayed_in_vain_is_told_by_its_new_run(client: AsyncClient, tmp_path: Path) -> None:
    batch = await client.submit_batch([JobSpec.from_prompt("hi", custom_id="a")])
    (job_id,) = await client.store.waiting(LANE, at_most=1)
    mine = await client.store.claim(job_id, owner="sim@here", lease_s=30)
    assert isinstance(mine, Claimed)
    refused = Attempt(number=1, epoch=1, target="sim/tiny", outcome="auth", message="no such key", status=401)
    assert await client.store.finish(mine.job, Outcome(job_id, JobState.FAILED, error="refused"), refused)
    await DeadLetters(client.store).replay(job_id)
    await end(client, job_id, Outcome(job_id, JobState.FAILED, error="no target is left"))
    (line,) = await fetched(client, batch, tmp_path / "out.jsonl")
    assert (line["response"], line["error"]) == (None, {"code": "not_executed", "message": "no target is left"})


async def test_lines_that_are_refused_while_their_batch_is_followed_are_written(
    client: AsyncClient, tmp_path: Path
) -> None:
    batch, output, progress = await client.open_batch(), tmp_path / "out.jsonl", RunProgress()
    first, late = (LineError(number, None, LineFault.INVALID_JSON_LINE, "not JSON") for number in (1, 2))
    await client.keep_refused(batch, {1: first.to_json()})
    following = asyncio.create_task(write_results(client, batch, output, progress, follow=True))
    while not progress.refused:
        await asyncio.sleep(0)
    await client.keep_refused(batch, {2: late.to_json()})
    await client.seal_batch(batch)
    await following
    assert [json.loads(line)["error"]["line"] for line in output.read_text().splitlines()] == [1, 2]
    assert progress.refused == 2


async def test_jobs_without_a_custom_id_are_known_by_their_own(client: AsyncClient, tmp_path: Path) -> None:
    batch = await client.submit_batch([JobSpec.from_prompt("hi")])
    await answer_waiting(client, at_most=1)
    (line,) = await fetched(client, batch, tmp_path / "out.jsonl")
    assert line["id"] == f"batch_req_{line['custom_id']}"


async def test_an_unknown_batch_is_told_before_anything_is_written(client: AsyncClient, tmp_path: Path) -> None:
    with pytest.raises(JobNotFound, match="no batch 'batch-x'; fleet batch list shows those that are known"):
        await write_results(client, "batch-x", tmp_path / "out.jsonl", RunProgress(), follow=False)
    assert not (tmp_path / "out.jsonl").exists()

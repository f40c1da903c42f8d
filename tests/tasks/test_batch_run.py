"""A batch file is run to its end, through refusals, failures, interruptions and a cancel."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.tasks.answer import Answer, Usage
from workfleet.tasks.batch_progress import RunProgress
from workfleet.tasks.batch_run import run_batch_file
from workfleet.tasks.batch_submit import LineOptions
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import InvalidRequest
from workfleet.tasks.job import Attempt, JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed

LANE = "general.simple"
DIRECTORY = Directory(
    providers={"sim": ProviderFacts(name="sim", type="openai-compatible", models=(ModelFacts(name="tiny"),))},
    routes={"default": Route(name="default", chain=(ChainLink(provider="sim"),))},
)

Respond = Callable[[JobSpec], Answer | Attempt]


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url, directory=DIRECTORY) as client:
        yield client


class Pool:
    """Takes jobs one at a time, as a pool would, and counts what it was asked. It stops between two jobs."""

    def __init__(self, client: AsyncClient, respond: Respond) -> None:
        self.asked: Counter[str] = Counter()
        self.stopping = False
        self._client = client
        self._respond = respond

    async def serve(self) -> None:
        while not self.stopping:
            found = [
                job_id
                for lane in (LANE, "provider.sim")
                for job_id in await self._client.store.waiting(lane, at_most=10)
            ]
            for job_id in found:
                if not self.stopping:
                    await self._run(job_id)
            await asyncio.sleep(0)

    async def _run(self, job_id: str) -> None:
        store = self._client.store
        mine = await store.claim(job_id, owner="sim@here", lease_s=30)
        if not isinstance(mine, Claimed):
            return
        self.asked[mine.spec.custom_id or ""] += 1
        said = self._respond(mine.spec)
        if isinstance(said, Answer):
            await store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, said))
        else:
            await store.finish(mine.job, Outcome(job_id, JobState.FAILED, error=f"gave up: {said.message}"), said)


@asynccontextmanager
async def pool(client: AsyncClient, respond: Respond) -> AsyncGenerator[Pool]:
    serving = Pool(client, respond)
    task = asyncio.create_task(serving.serve())
    try:
        yield serving
    finally:
        serving.stopping = True
        await task


def echo(spec: JobSpec) -> Answer:
    said = spec.request.text
    return Answer(text=said, provider="sim", model="tiny", usage=Usage(input_tokens=1), body={"said": said})


def line(custom_id: str, **body: Any) -> str:
    asked = {"model": "tiny", "messages": [{"role": "user", "content": f"I am {custom_id}"}]} | body
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": asked})


def written(output: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in output.read_text().splitlines()]


def by_custom_id(output: Path) -> dict[str, dict[str, Any]]:
    lines = {each["custom_id"]: each for each in written(output)}
    assert len(lines) == len(written(output))
    return lines


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(f"{line(f'r{n}')}\n" for n in range(50)))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


async def run(client: AsyncClient, source: Path, output: Path, **options: Any) -> RunProgress:
    progress = RunProgress()
    await run_batch_file(client, source, output, LineOptions(**options), progress, window=7)
    return progress


async def interrupted(client: AsyncClient, source: Path, output: Path, *, after_lines: int) -> None:
    """A run that is stopped as soon as it has written some lines."""
    task = asyncio.create_task(run(client, source, output))
    while not output.exists() or output.read_bytes().count(b"\n") < after_lines:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_every_line_is_answered_once(client: AsyncClient, source: Path, output: Path) -> None:
    async with pool(client, echo) as serving:
        progress = await run(client, source, output)
    lines = by_custom_id(output)
    assert lines.keys() == {f"r{n}" for n in range(50)}
    assert lines["r3"]["response"]["body"] == {"said": "I am r3"}
    assert set(serving.asked.values()) == {1}
    assert progress == RunProgress(progress.batch, submitted=50, succeeded=50, all_submitted=True)
    assert not list(output.parent.glob("*.run*"))


async def test_a_bad_line_is_told_and_the_rest_runs(client: AsyncClient, source: Path, output: Path) -> None:
    source.write_text("\n".join(["{oops", line("a"), line("b", max_tokens=-1), line("a"), line("c", model="huge")]))
    async with pool(client, echo):
        progress = await run(client, source, output)
    errors = [each["error"] for each in written(output) if each["error"]]
    assert [(each["line"], each["code"]) for each in errors] == [
        (1, "invalid_json_line"),
        (3, "invalid_request"),
        (4, "duplicate_custom_id"),
        (5, "model_not_found"),
    ]
    assert [each["custom_id"] for each in written(output)] == [None, "b", None, "c", "a"]
    assert errors[3]["message"] == "line 5: unknown model 'huge'; known: tiny"
    assert (progress.succeeded, progress.refused, progress.submitted) == (1, 4, 1)


async def test_a_line_is_not_refused_for_a_model_that_a_pool_has_brought_since(
    redis_url: str, source: Path, output: Path
) -> None:
    source.write_text(line("a", model="tiny"))
    async with AsyncClient(redis_url) as client:
        assert await client.directory() == Directory()
        await client.fleet.publish_directory(DIRECTORY)
        async with pool(client, echo):
            progress = await run(client, source, output)
    assert (progress.succeeded, progress.refused) == (1, 0)


async def test_a_failed_job_has_the_status_of_its_provider(client: AsyncClient, source: Path, output: Path) -> None:
    source.write_text(line("a") + "\n" + line("b"))

    def respond(spec: JobSpec) -> Answer | Attempt:
        if spec.custom_id == "a":
            return echo(spec)
        return Attempt(
            number=1, epoch=1, target="sim/tiny", outcome="bad_request", message="no", status=422, code="bad"
        )

    async with pool(client, respond):
        progress = await run(client, source, output)
    failed = by_custom_id(output)["b"]
    assert failed["response"]["status_code"] == 422
    assert failed["response"]["body"]["error"]["message"] == "no"
    assert failed["error"] == {"code": "bad", "message": "gave up: no"}
    assert (progress.succeeded, progress.failed) == (1, 1)


async def test_an_answer_of_another_dialect_is_rendered(client: AsyncClient, source: Path, output: Path) -> None:
    source.write_text(line("a"))
    async with pool(client, lambda _: Answer(text="hello", model="llama")):
        await run(client, source, output)
    body = by_custom_id(output)["a"]["response"]["body"]
    assert (body["object"], body["choices"][0]["message"]["content"]) == ("chat.completion", "hello")


@pytest.mark.parametrize("torn", [b"", b'{"id":"batch_req_'], ids=["in order", "while it wrote a line"])
async def test_an_interrupted_run_goes_on_without_repeating_anything(
    client: AsyncClient, source: Path, output: Path, torn: bytes
) -> None:
    async with pool(client, echo) as serving:
        await interrupted(client, source, output, after_lines=10)
        before = output.read_bytes()
        with output.open("ab") as file:
            file.write(torn)
        progress = await run(client, source, output)
    assert output.read_bytes().startswith(before)
    assert by_custom_id(output).keys() == {f"r{n}" for n in range(50)}
    assert set(serving.asked.values()) == {1}
    assert progress.finished_before == before.count(b"\n")


async def test_what_ended_between_two_runs_is_not_lost(client: AsyncClient, source: Path, output: Path) -> None:
    async with pool(client, echo) as serving:
        await interrupted(client, source, output, after_lines=1)
        while len(serving.asked) < 20:
            await asyncio.sleep(0)
    async with pool(client, echo) as later:
        await run(client, source, output)
    assert by_custom_id(output).keys() == {f"r{n}" for n in range(50)}
    assert set((serving.asked + later.asked).values()) == {1}


async def test_a_finished_run_has_nothing_left_to_do(client: AsyncClient, source: Path, output: Path) -> None:
    async with pool(client, echo) as serving:
        await run(client, source, output)
        before = output.read_bytes()
        progress = await run(client, source, output)
    assert (progress.finished_before, output.read_bytes()) == (50, before)
    assert serving.asked.total() == 50


async def test_without_its_output_file_a_run_starts_anew(client: AsyncClient, source: Path, output: Path) -> None:
    async with pool(client, echo) as serving:
        await interrupted(client, source, output, after_lines=10)
        output.unlink()
        await run(client, source, output)
    assert by_custom_id(output).keys() == {f"r{n}" for n in range(50)}
    assert max(serving.asked.values()) == 2


async def test_an_unfinished_output_is_not_mixed_with_another_input(
    client: AsyncClient, source: Path, output: Path, tmp_path: Path
) -> None:
    async with pool(client, echo):
        await interrupted(client, source, output, after_lines=1)
    other = tmp_path / "other.jsonl"
    other.write_text(line("x"))
    with pytest.raises(InvalidRequest, match=r"out\.jsonl belongs to an unfinished run of .*in\.jsonl"):
        await run(client, other, output)


async def test_a_cancelled_batch_has_a_line_for_each_job(client: AsyncClient, source: Path, output: Path) -> None:
    progress = RunProgress()
    task = asyncio.create_task(run_batch_file(client, source, output, LineOptions(), progress, window=7))
    while not progress.all_submitted:
        await asyncio.sleep(0)
    await client.cancel_batch(progress.batch)
    await task
    errors = [each["error"]["code"] for each in by_custom_id(output).values()]
    assert errors == ["batch_cancelled"] * 50


async def test_a_batch_that_is_cancelled_while_it_is_handed_in_has_a_line_for_each_request(
    client: AsyncClient, source: Path, output: Path
) -> None:
    source.write_text("".join(f"{line(f'r{n}')}\n" for n in range(3_000)))
    progress = RunProgress()
    task = asyncio.create_task(run_batch_file(client, source, output, LineOptions(), progress, window=7))
    while progress.submitted < 1_000:
        await asyncio.sleep(0)
    assert not progress.all_submitted
    await client.cancel_batch(progress.batch)
    await task
    errors = Counter(each["error"]["code"] for each in by_custom_id(output).values())
    assert errors == {"batch_cancelled": 3_000}


async def test_a_run_whose_batch_was_cancelled_meanwhile_keeps_what_was_answered(
    client: AsyncClient, source: Path, output: Path
) -> None:
    async with pool(client, echo):
        await interrupted(client, source, output, after_lines=5)
    batch = json.loads(output.with_name("out.jsonl.run").read_text())["batch"]
    await client.cancel_batch(batch)
    answered = (await client.batch_status(batch)).counts[JobState.SUCCEEDED]
    assert answered >= 5
    await run(client, source, output)
    lines = by_custom_id(output).values()
    assert len(lines) == 50
    assert sum(each["error"] is None for each in lines) == answered


async def test_lines_may_be_sent_to_another_model_and_streamed(client: AsyncClient, source: Path, output: Path) -> None:
    source.write_text(line("a", model="gpt-4o-mini"))
    seen: list[JobSpec] = []

    def respond(spec: JobSpec) -> Answer:
        seen.append(spec)
        return echo(spec)

    async with pool(client, respond):
        await run(client, source, output, model="tiny", stream=True, agent="qe")
    assert [(spec.model, spec.request.stream, spec.agent) for spec in seen] == [("tiny", True, "qe")]


async def test_a_file_of_nothing_has_an_empty_output(client: AsyncClient, source: Path, output: Path) -> None:
    source.write_text("\n\n")
    await run(client, source, output)
    assert output.read_bytes() == b""


async def test_an_input_that_cannot_be_read_is_a_clear_error(client: AsyncClient, tmp_path: Path, output: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"cannot read .*missing\.jsonl: No such file"):
        await run(client, tmp_path / "missing.jsonl", output)
    assert not output.exists()


async def test_beside_an_output_that_keeps_nothing_no_trace_is_left(
    client: AsyncClient, source: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        async with pool(client, echo):
            running = asyncio.create_task(run(client, source, pipe))
            while not running.done():
                assert not pipe.with_name("pipe.run").exists()
                await asyncio.sleep(0)
            await running
        read = os.read(reader, 65_536)
    finally:
        os.close(reader)
    assert len({json.loads(each)["custom_id"] for each in read.splitlines()}) == 50

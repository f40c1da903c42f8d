"""The pieces of an answer, from the pool to the caller."""

import asyncio

import pytest

from workfleet.tasks.answer import Answer, ToolFragment
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.dead_letters import DeadLetters
from workfleet.tasks.errors import JobNotFound
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed
from workfleet.tasks.stream import Piece, PieceKind
from workfleet.workers.attempts.relay import Relay
from workfleet.workers.providers.dialect import Delta


async def begun(client: AsyncClient, job_id: str) -> Claimed:
    claimed = await client.store.claim(job_id, owner="one@host", lease_s=30)
    assert isinstance(claimed, Claimed)
    return claimed


async def said(relay: Relay, *texts: str) -> None:
    for text in texts:
        await relay.take(Delta(text=text))
    await relay.close()


def shown(pieces: list[Piece]) -> list[tuple[PieceKind, str]]:
    return [(piece.kind, piece.text) for piece in pieces]


async def test_the_pieces_come_in_order_and_end_with_the_job(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))

    async def first_piece() -> Piece:
        return await anext(aiter(client.stream(job_id)))

    reading = asyncio.create_task(first_piece())
    mine = await begun(client, job_id)
    await said(Relay(client.store, mine.job), "Hel", "lo")
    assert (await reading).text == "Hello"
    await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="Hello")))
    pieces = [piece async for piece in client.stream(job_id)]
    assert shown(pieces) == [(PieceKind.TEXT, "Hello"), (PieceKind.END, "")]
    assert (pieces[0].attempt, pieces[0].number) == (1, 2)


async def test_a_tool_call_comes_in_pieces_as_it_is_made(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    mine = await begun(client, job_id)
    relay = Relay(client.store, mine.job)
    for fragment in (
        ToolFragment(0, "c1", "add", '{"a"'),
        ToolFragment(0, arguments=": 1}"),
        ToolFragment(1, "c2", "add", '{"a": "\u00e9"}'),
        ToolFragment(2, "c3", "add", '{"a": "\ud83d'),
    ):
        await relay.take(Delta(tool_calls=(fragment,)))
    await relay.close()
    await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer()))
    pieces = [piece async for piece in client.stream(job_id)]
    calls = [(piece.tool_call, piece.number) for piece in pieces if piece.kind is PieceKind.TOOL_CALL]
    assert calls == [
        (ToolFragment(0, "c1", "add", '{"a": 1}'), 2),
        (ToolFragment(1, "c2", "add", '{"a": "\u00e9"}'), 3),
        (ToolFragment(2, "c3", "add", '{"a": "\ufffd'), 4),
    ]
    assert shown(pieces)[-1] == (PieceKind.END, "")


async def test_a_second_attempt_begins_with_a_reset(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    first = await begun(client, job_id)
    await said(Relay(client.store, first.job), "wrong")
    await client.store.put_back(first.job, "provider.other")
    second = await begun(client, job_id)
    await said(Relay(client.store, second.job), "right")
    await client.store.finish(second.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="right")))
    pieces = [piece async for piece in client.stream(job_id)]
    kinds = [PieceKind.TEXT, PieceKind.RESET, PieceKind.TEXT, PieceKind.END]
    assert shown(pieces) == list(zip(kinds, ["wrong", "", "right", ""], strict=True))


async def test_attempts_that_said_nothing_leave_nothing_to_void(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    for words in ([], ["wrong"], [], [], ["right"]):
        mine = await begun(client, job_id)
        await said(Relay(client.store, mine.job), *words)
        await client.store.put_back(mine.job, "provider.other")
    last = await begun(client, job_id)
    await client.store.finish(last.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="right")))
    kinds = [PieceKind.TEXT, PieceKind.RESET, PieceKind.TEXT, PieceKind.END]
    pieces = [piece async for piece in client.stream(job_id)]
    assert shown(pieces) == list(zip(kinds, ["wrong", "", "right", ""], strict=True))


async def test_a_job_that_is_replayed_is_heard_anew(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    mine = await begun(client, job_id)
    await said(Relay(client.store, mine.job), "wrong")
    await client.store.finish(mine.job, Outcome(job_id, JobState.FAILED, error="no"))
    await DeadLetters(client.store).replay(job_id)
    mine = await begun(client, job_id)
    await said(Relay(client.store, mine.job), "right")
    await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="right")))
    pieces = [piece async for piece in client.stream(job_id)]
    assert shown(pieces) == [(PieceKind.TEXT, "right"), (PieceKind.END, "")]


async def test_reading_goes_on_after_an_offset(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    mine = await begun(client, job_id)
    for text in ("one", "two"):
        await said(Relay(client.store, mine.job), text)
    await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="onetwo")))
    whole = [piece async for piece in client.stream(job_id)]
    rest = [piece async for piece in client.stream(job_id, after=whole[0].offset)]
    assert shown(rest) == [(PieceKind.TEXT, "two"), (PieceKind.END, "")]


async def test_a_job_that_does_not_stream_gives_no_pieces(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi"))
    mine = await begun(client, job_id)
    await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer(text="hi")))
    assert [piece async for piece in client.stream(job_id)] == []


async def test_an_unknown_job_is_not_found(client: AsyncClient) -> None:
    with pytest.raises(JobNotFound):
        await anext(aiter(client.stream("nobody")))


async def test_a_cancelled_job_ends_its_stream(client: AsyncClient) -> None:
    job_id = await client.submit(JobSpec.from_prompt("hi", stream=True))
    await client.cancel(job_id)
    assert shown([piece async for piece in client.stream(job_id)]) == [(PieceKind.END, "")]

"""Each limit of a call's time cuts what it limits, against servers that are slow in all ways."""

import asyncio

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import Timeouts

from .peer import (
    CHAT,
    STREAM,
    Handler,
    a_token_then_comments,
    comments_only,
    failure,
    half_a_body,
    head_only,
    limits,
    listening,
    one_token,
    peer,
    silent,
    stream_head_only,
    tokens_for_ever,
)


@pytest.mark.parametrize(
    ("handler", "request_", "short", "fault"),
    [
        (silent, CHAT, limits(first_token_s=0.1), Fault.TIMEOUT_FIRST_TOKEN),
        (silent, STREAM, limits(first_token_s=0.1), Fault.TIMEOUT_FIRST_TOKEN),
        (silent, CHAT, limits(total_s=0.1), Fault.TIMEOUT_TOTAL),
        (head_only, CHAT, limits(idle_s=0.1), Fault.TIMEOUT_IDLE),
        (half_a_body, CHAT, limits(idle_s=0.1), Fault.TIMEOUT_IDLE),
        (stream_head_only, STREAM, limits(first_token_s=0.2), Fault.TIMEOUT_FIRST_TOKEN),
        (comments_only, STREAM, limits(first_token_s=0.2), Fault.TIMEOUT_FIRST_TOKEN),
        (one_token, STREAM, limits(idle_s=0.1), Fault.TIMEOUT_IDLE),
        (a_token_then_comments, STREAM, limits(idle_s=0.2), Fault.TIMEOUT_IDLE),
        (tokens_for_ever, STREAM, limits(total_s=0.2), Fault.TIMEOUT_TOTAL),
    ],
    ids=[
        "no answer",
        "no answer to a stream",
        "the total counts from the start",
        "nothing after the head",
        "nothing after half of the body",
        "a stream without a token",
        "comments are no token",
        "a stream that stalls",
        "comments do not keep a stream alive",
        "a stream without an end",
    ],
)
async def test_each_limit_cuts_what_it_limits(
    handler: Handler, request_: Request, short: Timeouts, fault: Fault
) -> None:
    async with peer(handler) as server:
        assert (await failure(server.url, request_, short)).fault is fault
        await asyncio.wait_for(server.closed.wait(), 20)


async def test_a_limit_says_how_long_it_was() -> None:
    async with peer(silent) as server:
        found = await failure(server.url, limits=limits(first_token_s=0.05))
    assert found == Failure(Fault.TIMEOUT_FIRST_TOKEN, "no first token within 0.05 s")


async def test_a_connection_that_does_not_come_to_stand_is_cut() -> None:
    async def never_greets(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(never_greets) as port:
        found = await failure(f"https://127.0.0.1:{port}", limits=limits(connect_s=0.1))
    assert found == Failure(Fault.TIMEOUT_CONNECT, "no connection within 0.1 s")

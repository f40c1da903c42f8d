"""How far a request got, over real connections."""

import asyncio
import socket

import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.meter import Meter
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.sending import Sending

from .peer import CHAT, Talk, limits, peer, silent, whole

#: More than the buffers of a connection take that nobody reads.
LARGE = Request.from_prompt("word " * 2_000_000)


async def sent(url: str, request: Request = CHAT, timeouts: Timeouts | None = None) -> Sending:
    meter = Meter()
    async with Sender() as sender:
        with pytest.raises(AttemptFailed):
            await sender.ask(Endpoint("p", "openai", url), "m", request, timeouts or limits(), meter=meter)
    return meter.sending


async def test_where_nobody_listens_nothing_arrives() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert not (await sent(f"http://127.0.0.1:{taken.getsockname()[1]}")).arrived


# aiohttp's advice for a megabyte and more, a prompt of which takes longer to be read than to be sent.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_request_that_is_not_all_sent_does_not_arrive() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        sending = await sent(f"http://127.0.0.1:{deaf.getsockname()[1]}", LARGE, limits(first_token_s=0.2))
    assert not sending.arrived


async def test_a_server_that_hangs_up_has_the_request() -> None:
    async def hang_up(talk: Talk) -> None:
        talk.hang_up()

    async with peer(hang_up) as server:
        assert (await sent(server.url)).arrived


async def test_a_server_that_says_nothing_has_it_too_also_over_a_connection_that_was_used_before() -> None:
    asked: list[Talk] = []

    async def once(talk: Talk) -> None:
        asked.append(talk)
        await (whole(talk) if len(asked) == 1 else silent(talk))

    meter = Meter()
    async with peer(once) as server, Sender() as sender:
        endpoint = Endpoint("p", "openai", server.url)
        await sender.ask(endpoint, "m", CHAT, limits())
        await asyncio.sleep(0.05)  # for which a connection rests
        with pytest.raises(AttemptFailed):
            await sender.ask(endpoint, "m", CHAT, limits(first_token_s=0.1), meter=meter)
        assert server.connections == 1
    assert (meter.sending.arrived, meter.sending.status) == (True, None)

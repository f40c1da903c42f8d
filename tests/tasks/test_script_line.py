"""Many scripts under way over one connection to a real Redis."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from workfleet.tasks import script_line as module
from workfleet.tasks.cancellable import PACKER
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.connection import AsyncRedis, connect
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.script_line import ScriptLine


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[AsyncRedis]:
    async with connect(SecretStr(redis_url)) as client:
        yield client


@pytest.fixture
def line(redis: AsyncRedis) -> ScriptLine:
    found: ScriptLine = redis.connection_pool.line
    return found


def called(line: ScriptLine, *command: str | int) -> "asyncio.Task[Any]":
    return asyncio.create_task(line.call(PACKER.pack(*command)))


async def test_each_caller_gets_its_own_reply_in_whatever_order_they_came(line: ScriptLine) -> None:
    numbers = [str(number) for number in range(200)]
    said = await asyncio.gather(*(called(line, "ECHO", number) for number in numbers))
    assert said == [number.encode() for number in numbers]


async def test_any_number_of_calls_takes_one_connection(line: ScriptLine) -> None:
    assert len(set(await asyncio.gather(*(called(line, "CLIENT", "ID") for _ in range(100))))) == 1


async def test_what_redis_refuses_is_told_to_whom_it_refused_it_alone(line: ScriptLine) -> None:
    well, wrong, well_too = called(line, "ECHO", "a"), called(line, "NOSUCH"), called(line, "ECHO", "b")
    with pytest.raises(ResponseError, match="unknown command"):
        await wrong
    assert (await well, await well_too) == (b"a", b"b")


async def test_a_caller_that_gives_up_takes_nobody_elses_reply(line: ScriptLine) -> None:
    hasty, patient = called(line, "ECHO", "hasty"), called(line, "ECHO", "patient")
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == b"patient"
    assert hasty.cancelled()


async def test_all_who_wait_are_told_of_a_lost_connection_and_the_next_call_makes_a_new_one(
    redis: AsyncRedis, line: ScriptLine
) -> None:
    await called(line, "PING")
    waiting = [called(line, "BLPOP", "nothing", 0), called(line, "ECHO", "behind it")]
    while not any(client["cmd"] == "blpop" for client in await redis.client_list()):
        await asyncio.sleep(0)
    blocked = next(client for client in await redis.client_list() if client["cmd"] == "blpop")
    await redis.client_kill_filter(_id=blocked["id"])
    for each in waiting:
        with pytest.raises(RedisConnectionError):
            await each
    assert await called(line, "ECHO", "again") == b"again"


async def test_a_server_that_says_nothing_is_given_up_soon(line: ScriptLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARD_WITHIN_S", 0.01)
    with pytest.raises(RedisConnectionError):
        await called(line, "BLPOP", "nothing", 0)
    assert await called(line, "ECHO", "again") == b"again"


async def test_calls_that_come_while_a_lost_connection_is_cleared_away_are_made_too(
    redis: AsyncRedis, line: ScriptLine
) -> None:
    await called(line, "PING")
    late = list[asyncio.Task[Any]]()
    release = redis.connection_pool.release

    async def released(connection: Any) -> None:
        late.append(called(line, "ECHO", "late"))
        await asyncio.sleep(0)
        await release(connection)

    redis.connection_pool.release = released
    lost = called(line, "QUIT"), called(line, "ECHO", "after the end")
    await asyncio.gather(*lost, return_exceptions=True)
    assert await late[0] == b"late"


async def test_a_closed_client_can_be_used_again(redis: AsyncRedis, line: ScriptLine) -> None:
    await called(line, "PING")
    await redis.connection_pool.disconnect()
    assert await called(line, "ECHO", "again") == b"again"


async def test_a_script_outlasts_the_loss_of_the_line_and_a_redis_that_has_forgotten_it(
    redis_url: str, redis: AsyncRedis
) -> None:
    async with AsyncClient(redis_url) as client:
        job = await client.submit(JobSpec.from_prompt("hi"))
        await redis.script_flush()
        await redis.client_kill_filter(skipme=True)
        assert await client.cancel(job) is JobState.CANCELLED

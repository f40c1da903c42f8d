"""A target whose answer was rejected is told why when it is asked again; nobody else is."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from ..pools import Fleet, Server, fails, fleet, provider, says

ASKED = {"role": "user", "content": "An object, please."}


class Listener(Server):
    """Keeps the conversations that it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[list[dict[str, str]]] = []

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            self.heard.append(json.loads(request.content)["messages"])
        return await super().answer(request)


@pytest.fixture
async def pools(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, provider("one"), provider("two")) as pools:
        pools.servers.update({name: Listener() for name in pools.servers})
        yield pools


def heard(pools: Fleet, name: str) -> list[list[dict[str, str]]]:
    server = pools.servers[name]
    assert isinstance(server, Listener)
    return server.heard


async def test_the_second_try_says_what_was_wrong_with_the_first(pools: Fleet) -> None:
    pools.servers["one"].will(says("no"), says("{}"))
    job_id = await pools.submit(prompt=ASKED["content"], judge="json")
    assert await pools.follow(job_id, first="one") == ["one", "one"]
    assert (await pools.client.result(job_id)).text == "{}"
    first, second = heard(pools, "one")
    assert (first, second[:-1]) == ([ASKED], [ASKED])
    assert second[-1]["content"].startswith("Your last answer was rejected: ")


async def test_another_target_is_not_told_of_it(pools: Fleet) -> None:
    pools.servers["one"].will(says("no"))
    pools.servers["two"].will(says("{}"))
    job_id = await pools.submit(prompt=ASKED["content"], judge="json")
    assert (await pools.follow(job_id, first="one"))[-1] == "two"
    assert heard(pools, "two") == [[ASKED]]


async def test_a_try_after_another_failure_says_nothing_of_it(pools: Fleet) -> None:
    pools.servers["one"].will(fails(500), says("{}"))
    job_id = await pools.submit(prompt=ASKED["content"], judge="json")
    await pools.follow(job_id, first="one")
    assert heard(pools, "one")[-1] == [ASKED]

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from workfleet.workers.simulator import Settings, Simulator

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 8}


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def call(client: aiohttp.ClientSession, method: str, url: str, body: object = None) -> tuple[int, Any]:
    async with client.request(method, url, json=body) as response:
        return response.status, await response.json()


async def test_a_fault_is_switched_on_listed_and_switched_off(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        url = f"{sim.base_url}/_sim/faults"
        told = {"fault": "http-503:rate=0.5", "name": "http-503", "row": "F13", "seen": 0, "struck": 0}
        assert await call(client, "POST", url, "http-503:rate=0.5") == (200, {"active": [told]})
        assert await call(client, "GET", url) == (200, {"active": [told]})
        assert await call(client, "DELETE", f"{url}/http-503") == (200, {"switched_off": ["http-503"]})
        assert await call(client, "GET", url) == (200, {"active": []})


async def test_faults_may_be_objects_and_several(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        url = f"{sim.base_url}/_sim/faults"
        await call(client, "POST", url, [{"name": "http-500", "for": 2}, "slow-tokens:amount=3"])
        assert [str(active.spec) for active in sim.active_faults] == ["http-500:for=2", "slow-tokens:amount=3"]
        assert await call(client, "DELETE", url) == (200, {"switched_off": ["http-500", "slow-tokens"]})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        pytest.param("POST", "faults", "explode", 400, "unknown fault 'explode'; known: ", id="unknown fault"),
        pytest.param("POST", "faults", "http-500:rate=2", 400, "a rate is a share", id="impossible rate"),
        pytest.param("POST", "faults", 7, 400, 'written as "http-503:rate=0.3"', id="no fault"),
        pytest.param("POST", "faults", "refuse", 400, "give it a port of its own with --admin-port", id="cut off"),
        pytest.param("DELETE", "faults/explode", None, 400, "unknown fault 'explode'", id="switch off an unknown one"),
        pytest.param("PATCH", "settings", {"rpm": -1}, 400, "rpm: Input should be greater than", id="impossible"),
        pytest.param("PATCH", "settings", {"speed": 1}, 400, "speed: Extra inputs", id="unknown setting"),
        pytest.param("PATCH", "settings", [], 400, "settings are an object", id="no object"),
        pytest.param("GET", "nothing", None, 404, "known: GET /_sim/faults, POST /_sim/faults", id="unknown path"),
    ],
)
async def test_a_mistake_is_answered_with_what_is_possible(
    client: aiohttp.ClientSession, method: str, path: str, body: object, status: int, says: str
) -> None:
    async with Simulator() as sim:
        got, answer = await call(client, method, f"{sim.base_url}/_sim/{path}", body)
    assert (got, says in answer["error"]) == (status, True), answer


async def test_a_body_that_is_no_json_is_a_mistake(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim, client.post(f"{sim.base_url}/_sim/faults", data=b"{x") as response:
        assert (response.status, await response.json()) == (400, {"error": "the body is not JSON"})


async def test_settings_change_while_it_runs(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(rpm=5)) as sim:
        status, settings = await call(client, "PATCH", f"{sim.base_url}/_sim/settings", {"slots": 3, "rpm": None})
        assert (status, settings["slots"], settings["rpm"]) == (200, 3, None)
        assert (sim.settings.slots, sim.settings.rpm) == (3, None)
        assert await call(client, "GET", f"{sim.base_url}/_sim/settings") == (200, settings)


async def test_every_setting_can_be_changed_while_it_runs(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        url = f"{sim.base_url}/_sim/settings"
        _, settings = await call(client, "GET", url)
        assert await call(client, "PATCH", url, settings) == (200, settings)
        assert sorted(settings) == sorted(Settings.model_fields)


async def test_lower_limits_begin_with_nothing_used(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(rpd=10)) as sim:
        url, admin = f"{sim.base_url}/v1/chat/completions", f"{sim.base_url}/_sim/settings"
        await call(client, "POST", url, CHAT)
        await call(client, "PATCH", admin, {"rpd": 1})
        assert [(await call(client, "POST", url, CHAT))[0] for _ in range(2)] == [200, 429]
        await call(client, "PATCH", admin, {"token_rate": 100_000})
        assert (await call(client, "POST", url, CHAT))[0] == 429


async def test_statistics_and_single_requests_can_be_asked_for(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        for _ in range(2):
            async with client.post(
                f"{sim.base_url}/api/chat", json=CHAT, headers={"x-workfleet-job": "a/b"}
            ) as response:
                await response.read()
        _, stats = await call(client, "GET", f"{sim.base_url}/_sim/stats")
        assert (stats["requests"], stats["by_path"], stats["complete"]) == (2, {"/api/chat": 2}, 2)
        assert stats["ids"] == {"requested": 1, "served": 1, "served_again": 1, "examples": {"a/b": 2}}
        one = await call(client, "GET", f"{sim.base_url}/_sim/requests/a/b")
        assert one == (200, {"id": "a/b", "requested": 2, "served": 2})
        _, stats = await call(client, "POST", f"{sim.base_url}/_sim/reset")
        assert (stats["requests"], stats["ids"]["requested"]) == (0, 0)


async def test_the_api_of_its_own_port_works_while_connections_are_refused(client: aiohttp.ClientSession) -> None:
    async with Simulator(admin_port=0) as sim:
        await call(client, "POST", f"{sim.admin_url}/_sim/faults", "refuse")
        async with asyncio.timeout(10):
            while not await refused(sim.base_url):
                await asyncio.sleep(0.001)
        assert await call(client, "DELETE", f"{sim.admin_url}/_sim/faults") == (200, {"switched_off": ["refuse"]})
        assert await refused(sim.base_url) is False


async def refused(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except (ConnectionRefusedError, ConnectionResetError):  # reset: it was queued when the port was shut
        return True
    writer.close()
    await writer.wait_closed()
    return False

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from workfleet.tasks.errors import ConfigurationError, InvalidRequest
from workfleet.workers.simulator import FaultSpec, Settings, Simulator, server

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is a queue?"}], "max_tokens": 8}

OPENAI = "/v1/chat/completions"

#: A latency that no test waits for, in seconds.
LONG = 60.0


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a state."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def ask(client: aiohttp.ClientSession, sim: Simulator, path: str = OPENAI, **headers: str) -> int:
    """The status of a chat."""
    async with client.post(sim.base_url + path, json=CHAT, headers=headers) as response:
        await response.read()
        return response.status


async def cancelled(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_it_serves_at_a_free_port_until_the_block_ends(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        url = sim.base_url
        assert await ask(client, sim) == 200
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.get(url)


async def test_a_port_that_is_in_use_is_an_error_that_says_what_to_do() -> None:
    async with Simulator() as sim:
        port = int(sim.base_url.rsplit(":", 1)[1])
        with pytest.raises(ConfigurationError, match=f"port {port} on 127.0.0.1 is in use; choose another with --port"):
            await Simulator(port=port).start()


async def test_a_host_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on 'nowhere\.invalid'"):
        await Simulator(host="nowhere.invalid").start()


async def test_a_client_that_leaves_cancels_the_generation_and_is_counted(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(latency_s=LONG, slots=1)) as sim:
        leaving = asyncio.create_task(ask(client, sim))
        await until(lambda: sim.stats.in_flight == 1)
        await cancelled(leaving)
        await until(lambda: sim.stats.in_flight == 0)
        sim.configure(latency_s=0)
        assert (sim.stats.aborted, await ask(client, sim)) == (1, 200)
        assert sim.stats.snapshot()["by_status"] == {"499": 1, "200": 1}


async def test_a_client_that_leaves_in_the_middle_of_a_stream_is_counted(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(token_rate=5)) as sim:
        async with client.post(sim.base_url + OPENAI, json=CHAT | {"stream": True}) as response:
            await response.content.readline()
            response.close()
        await until(lambda: sim.stats.in_flight == 0)
        assert (sim.stats.aborted, sim.stats.complete) == (1, 0)


async def test_a_client_that_leaves_the_queue_is_counted(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(latency_s=LONG, slots=1)) as sim:
        waiting = [asyncio.create_task(ask(client, sim)) for _ in range(2)]
        await until(lambda: sim.stats.in_flight == 2)
        for task in waiting:
            await cancelled(task)
        await until(lambda: sim.stats.in_flight == 0)
        assert sim.stats.aborted == 2


async def test_what_is_in_flight_when_it_stops_was_not_aborted_by_its_client(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(latency_s=LONG)) as sim:
        answering = asyncio.create_task(ask(client, sim))
        await until(lambda: sim.stats.in_flight == 1)
    with pytest.raises(aiohttp.ClientError):
        await answering
    assert (sim.stats.aborted, sim.stats.in_flight) == (0, 0)


async def test_requests_beyond_the_slots_queue(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(latency_s=0.01, slots=2)) as sim:
        assert await asyncio.gather(*(ask(client, sim) for _ in range(10))) == [200] * 10
        assert sim.stats.max_in_flight > 2


async def test_a_full_queue_answers_503_as_ollama_does(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(latency_s=LONG, slots=1, queue_limit=1)) as sim:
        waiting = [asyncio.create_task(ask(client, sim, "/api/chat")) for _ in range(2)]
        await until(lambda: sim.stats.in_flight == 2)
        async with client.post(f"{sim.base_url}/api/chat", json=CHAT) as response:
            error = {"error": "server busy, please try again.  maximum pending requests exceeded"}
            assert (response.status, await response.json()) == (503, error)
        for task in waiting:
            await cancelled(task)


async def test_the_load_is_seen_in_the_metrics(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(latency_s=LONG, slots=2)) as sim:
        running = [asyncio.create_task(ask(client, sim)) for _ in range(3)]
        await until(lambda: sim.stats.in_flight == 3)
        async with client.get(f"{sim.base_url}/metrics") as response:
            text = await response.text()
        assert 'vllm:num_requests_running{engine="0",model_name="sim-chat"} 2.0' in text
        assert 'vllm:num_requests_waiting{engine="0",model_name="sim-chat"} 1.0' in text
        for task in running:
            await cancelled(task)


async def test_exactly_the_limit_of_requests_is_admitted(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(rpm=20, window="sliding")) as sim:
        statuses = await asyncio.gather(*(ask(client, sim) for _ in range(30)))
        assert (statuses.count(200), statuses.count(429), sim.stats.refused) == (20, 10, 10)


async def test_tokens_are_charged_as_used_or_as_requested(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(tpm=120, answer_tokens=1, window="sliding")) as sim:
        sim.configure(charge="requested")
        statuses = [await ask(client, sim) for _ in range(12)]
        assert statuses.count(200) == 10  # 4 of the prompt and 8 of max_tokens each


@pytest.mark.parametrize(("limit_per", "statuses"), [("model", [200, 200, 429]), ("account", [200, 429, 429])])
async def test_a_model_or_the_account_has_the_limits(
    client: aiohttp.ClientSession, limit_per: str, statuses: list[int]
) -> None:
    async with Simulator(Settings().changed({"rpm": 1, "limit_per": limit_per})) as sim:
        got = [(await client.post(sim.base_url + OPENAI, json=CHAT | {"model": m})).status for m in ("a", "b", "a")]
    assert got == statuses


async def test_every_answer_tells_where_the_limits_stand(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(rpm=10, window="sliding")) as sim:
        for remaining in ("9", "8"):
            async with client.post(sim.base_url + OPENAI, json=CHAT) as response:
                assert response.headers["x-ratelimit-remaining-requests"] == remaining


async def test_a_key_is_needed_where_one_is_set(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings.model_validate({"api_key": "right"})) as sim:
        assert await ask(client, sim) == 401
        assert await ask(client, sim, Authorization="Bearer wrong") == 401
        assert await ask(client, sim, Authorization="Bearer right") == 200
        assert await ask(client, sim, "/api/chat", Authorization="Bearer right") == 200
        statuses = [(await client.get(sim.base_url + path)).status for path in ("/v1/models", "/health", "/metrics")]
        assert statuses == [401, 200, 200]


async def test_a_body_beyond_all_measure_is_a_413(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_BODY_BYTES", 1_000)
    async with Simulator() as sim:
        for path in (OPENAI, "/api/chat"):
            async with client.post(sim.base_url + path, data=b"x" * 1_001) as response:
                assert (response.status, list(await response.json())) == (413, ["error"])


async def test_the_first_use_of_a_model_loads_it(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(load_s=0.05)) as sim:
        durations = []
        for num_ctx in (2048, 2048, 4096):
            body = CHAT | {"stream": False, "options": {"num_ctx": num_ctx}}
            async with client.post(f"{sim.base_url}/api/chat", json=body) as response:
                durations.append((await response.json()).get("load_duration", 0))
        assert durations == [50_000_000, 0, 50_000_000]
        async with client.get(f"{sim.base_url}/api/ps") as response:
            (model,) = (await response.json())["models"]
        assert (model["name"], model["context_length"]) == ("m:latest", 4096)


async def test_a_pulled_model_is_listed_and_a_deleted_one_is_not(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(models=("old",), strict_models=True)) as sim:
        assert await ask(client, sim, "/api/chat") == 404
        await client.post(f"{sim.base_url}/api/pull", json={"model": "m"})
        assert await ask(client, sim, "/api/chat") == 200
        await client.delete(f"{sim.base_url}/api/delete", json={"model": "old"})
        assert sim.settings.models == ("m",)


async def test_a_failed_pull_lists_nothing(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(models=("old",)), faults=["pull-error"]) as sim:
        async with client.post(f"{sim.base_url}/api/pull", json={"model": "new", "stream": False}) as response:
            assert response.status == 500
        assert sim.settings.models == ("old",)


async def test_answers_are_counted_by_the_clients_id(client: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        for name in ("x-workfleet-job", "x-request-id", "x-client-request-id"):
            await ask(client, sim, **{name: "job-1"})
        sim.switch_on("http-500")
        await ask(client, sim, **{"x-workfleet-job": "job-1"})
        assert (sim.stats.requested("job-1"), sim.stats.served("job-1")) == (4, 3)
        assert sim.stats.repeated() == {"job-1": 3}


@pytest.mark.parametrize(
    ("fault", "served"),
    [
        ("usage-missing", 1),
        ("crlf", 1),
        ("http-500", 0),
        ("error-in-200", 0),
        ("error-midway", 0),
        ("no-terminator", 0),
        ("cut-mid-line", 0),
    ],
)
async def test_only_an_answer_that_is_all_there_counts_as_served(
    client: aiohttp.ClientSession, fault: str, served: int
) -> None:
    async with Simulator(faults=[fault]) as sim:
        async with client.post(
            sim.base_url + OPENAI, json=CHAT | {"stream": True}, headers={"x-request-id": "a"}
        ) as response:
            with suppress(aiohttp.ClientPayloadError):
                await response.read()
        await until(lambda: sim.stats.in_flight == 0)
        assert (sim.stats.served("a"), sim.stats.complete, sim.stats.aborted) == (served, served, 0)


async def test_a_reset_empties_the_limits_and_the_counts(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(rpd=1)) as sim:
        assert [await ask(client, sim), await ask(client, sim)] == [200, 429]
        sim.reset()
        assert (await ask(client, sim), sim.stats.visits.total()) == (200, 1)


async def test_answers_are_the_same_in_another_simulator(client: aiohttp.ClientSession) -> None:
    texts = set[str]()
    for _ in range(2):
        async with Simulator() as sim, client.post(sim.base_url + OPENAI, json=CHAT) as response:
            texts.add((await response.json())["choices"][0]["message"]["content"])
    assert len(texts) == 1


async def test_faults_are_switched_on_at_the_start_and_while_it_runs(client: aiohttp.ClientSession) -> None:
    async with Simulator(faults=["http-500:for=1", FaultSpec.parse("http-503:after=1,for=1")]) as sim:
        assert [await ask(client, sim) for _ in range(3)] == [500, 503, 200]
        sim.switch_on("http-529")
        assert await ask(client, sim) == 529
        assert await sim.switch_off("http-529") == ["http-529"]
        assert await ask(client, sim) == 200


def test_a_fault_that_does_not_exist_is_refused_before_it_starts() -> None:
    with pytest.raises(InvalidRequest, match="unknown fault 'explode'"):
        Simulator(faults=["explode"])

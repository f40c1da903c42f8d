"""The health check of a worker's container."""

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import NodeReport
from workfleet.workers.alive import here, look, main, summary


def node(name: str, **fields: object) -> NodeReport:
    return NodeReport.model_validate({"node": name, "provider": name.partition("@")[0], "slots": 4, **fields})


def test_only_the_workers_of_this_host_count() -> None:
    ours, theirs = node("groq@one"), node("groq@two")
    assert here([ours, theirs], "one") == [ours]


def test_a_worker_whose_provider_is_down_is_well_and_says_why() -> None:
    nodes = [node("groq@one", busy=3), node("vllm@one", unavailable="its breaker is open")]
    assert summary(nodes) == "groq@one: 3 of 4 slots busy, vllm@one: its breaker is open"


async def test_a_host_is_alive_while_its_workers_report(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        await client.fleet.report(node("groq@one"))
        assert [found.node for found in await look(client.redis_url, "one")] == ["groq@one"]
        assert await look(client.redis_url, "two") == []


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({}, "FLEET_REDIS_URL is not set\n"),
        ({"FLEET_REDIS_URL": "redis://:secret@127.0.0.1:1/0"}, "Redis at redis://127.0.0.1:1/0 does not answer"),
    ],
    ids=["no Redis is named", "Redis is away"],
)
def test_what_is_wrong_is_said_in_a_line(env: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(env, "one") == 1
    assert capsys.readouterr().err.startswith(said)


def test_a_host_without_a_worker_is_not_alive(redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"FLEET_REDIS_URL": redis_url}, "one") == 1
    assert capsys.readouterr().out == "no worker of one reports to Redis\n"

"""`fleet scale`: the backlog, and what a deadline needs."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.routing.directory import Directory, ProviderFacts
from workfleet.routing.observed import Observed
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobSpec
from workfleet.workers.cli.main import app

CONFIG = """
providers:
  vllm: {base_url: "http://gpu:8000", default_model: m, slots: 8}
"""


@pytest.fixture
def config(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a fleet with a pool of two hosts and ten jobs."""
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "fleet.yaml"
    file.write_text(CONFIG)
    asyncio.run(set_up(redis_url))
    return str(file)


async def set_up(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        facts = ProviderFacts(name="vllm", type="vllm", tier="local", self_hosted=True, default_model="m")
        await client.fleet.publish_directory(Directory(providers={"vllm": facts}))
        for host in ("one", "two"):
            seen = {"m": Observed(calls=40, total_s=10.0)}
            await client.fleet.report(NodeReport(node=f"vllm@{host}", provider="vllm", slots=8, observed=seen))
        for number in range(10):
            await client.submit(JobSpec.from_prompt(f"say {number}"))


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["scale", *arguments])
    return result.exit_code, result.stdout


def test_the_backlog_and_how_long_it_takes(config: str) -> None:
    code, said = invoke("--config", config)
    assert code == 0
    assert [line.split() for line in said.splitlines()] == [
        ["backlog", "10", "jobs"],
        ["served", "now", "1.36", "a", "second"],
        ["done", "in", "17", "s"],
    ]


def test_a_plan_for_programs(config: str) -> None:
    code, said = invoke("--plan", "--deadline", "5m", "--jobs", "4000", "--json", "--config", config)
    assert code == 1
    assert json.loads(said) == {
        "backlog": 4000,
        "deadline_s": 300.0,
        "per_second_now": pytest.approx(1.36),
        "per_second_needed": pytest.approx(13.333, abs=0.001),
        "done_in_s": pytest.approx(2951.2, abs=0.1),
        "needs": [{"provider": "vllm", "slots": 163, "hosts": 21, "jobs_per_host": 197, "why_not": ""}],
        "enough": False,
    }


def test_a_plan_for_people(config: str) -> None:
    code, said = invoke("--plan", "--deadline", "1h", "--config", config)
    assert code == 0
    assert said.splitlines()[-1].split() == ["vllm", "1", "1", "2,441"]


def test_a_deadline_that_is_none_is_refused_with_an_example(config: str) -> None:
    result = CliRunner().invoke(app, ["scale", "--plan", "--deadline", "soon", "--config", config])
    assert str(result.exception) == "--deadline 'soon' is no time; say 90s, 30m or 2h"

"""`fleet providers test --ping`: one token of a model, where that disturbs nobody or somebody has asked for it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from workfleet.workers.cli.main import app
from workfleet.workers.simulator import Settings, Simulator


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("FLEET_MODE", "any")
    return tmp_path / "fleet.yaml"


def write(file: Path, **providers: dict[str, Any]) -> None:
    file.write_text(json.dumps({"providers": providers}))


async def ran(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["providers", "test", *words])


async def test_who_may_charge_for_it_is_named_and_asked_for_one_token(configured: Path) -> None:
    async with Simulator(Settings()) as simulator:
        write(
            configured, groq={"base_url": f"{simulator.base_url}/groq/openai/v1", "api_key": "k", "default_model": "m"}
        )
        without, with_it = await ran("--json"), await ran("groq", "--ping", "--json")
        answered = simulator.stats.complete
    assert (json.loads(without.stdout)[0]["ping"], without.stderr) == (None, "")
    ping = json.loads(with_it.stdout)[0]["ping"]
    assert (ping["model"], ping["works"], ping["seconds"] > 0) == ("m", True, True)
    assert with_it.stderr == "one token is asked of groq, which may charge for it\n"
    assert (answered, with_it.exit_code) == (1, 0)


async def test_a_model_that_is_not_loaded_stays_so(configured: Path) -> None:
    async with Simulator(Settings()) as simulator:
        url = f"{simulator.base_url}/ollama"
        write(configured, ollama={"base_url": url, "default_model": "sim-chat"})
        cold = await ran("--ping")
        async with httpx2.AsyncClient() as client:
            await client.post(f"{url}/api/chat", json={"model": "sim-chat", "messages": [], "stream": False})
        warm = await ran("--ping")
    assert "no: sim-chat is not loaded" in " ".join(cold.stdout.split())
    assert "sim-chat in " in " ".join(warm.stdout.split())
    assert (cold.exit_code, warm.exit_code, cold.stderr) == (0, 0, "")


async def test_a_model_that_fails_to_answer_is_a_failure(configured: Path) -> None:
    async with Simulator(Settings()) as simulator:
        write(configured, vllm={"base_url": f"{simulator.base_url}/vllm", "default_model": "sim-chat"})
        simulator.switch_on("http-500")
        failed = await ran("--ping", "--json")
    (each,) = json.loads(failed.stdout)
    assert (failed.exit_code, each["healthy"], each["ping"]["works"]) == (3, True, False)
    assert each["ping"]["words"].startswith("server (HTTP 500)")

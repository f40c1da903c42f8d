"""Providers of a running fleet from the command line: what `enable` says of one."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.routing.directory import Directory, ProviderFacts
from workfleet.tasks.client import AsyncClient
from workfleet.workers.cli.main import app

DIRECTORY = Directory(
    providers={
        "groq": ProviderFacts(name="groq", type="groq"),
        "vllm": ProviderFacts(name="vllm", type="vllm", enabled=False, unusable="outside the mode"),
    }
)


@pytest.fixture(autouse=True)
def fleet(redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that has a configuration and no worker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.delenv("FLEET_CONFIG", raising=False)

    async def publish() -> None:
        async with AsyncClient(redis_url) as client:
            await client.fleet.publish_directory(DIRECTORY)

    asyncio.run(publish())


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        pytest.param("groq", "", id="nothing else keeps it from jobs"),
        pytest.param("vllm", "it gets no jobs all the same: outside the mode\n", id="the configuration does"),
    ],
)
def test_what_is_enabled_again_is_told_as_it_is_now(name: str, warning: str) -> None:
    assert CliRunner().invoke(app, ["providers", "disable", name]).exit_code == 0
    enabled = CliRunner().invoke(app, ["providers", "enable", name])
    assert (enabled.stdout, enabled.stderr) == (f"{name} is enabled (no worker runs)\n", warning)

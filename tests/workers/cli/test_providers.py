import json

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli import providers
from workfleet.workers.providers.detect import Detected, Detection

FOUND = Detection((Detected("ollama", "http://localhost:11434", ("qwen3:4b", "all-minilm:latest")),), 0.0123)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Detection]:
    """What the detection finds: the last of the list."""
    results = [FOUND]

    async def find(_environ: object) -> Detection:
        return results[-1]

    monkeypatch.setattr(providers, "find_servers", find)
    return results


def test_detect_prints_each_server_and_how_long_it_took(found: list[Detection]) -> None:
    result = CliRunner().invoke(providers.app, ["detect"])
    row = result.stdout.splitlines()[1].split()
    assert (result.exit_code, row, result.stderr) == (
        0,
        ["ollama", "http://localhost:11434", "qwen3:4b,", "all-minilm:latest"],
        "1 server found in 12 ms\n",
    )


def test_detect_says_that_there_is_none(found: list[Detection]) -> None:
    found.append(Detection((), 0.004))
    result = CliRunner().invoke(providers.app, ["detect"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no servers found in 4 ms\n")


def test_detect_prints_one_object_for_programs(found: list[Detection]) -> None:
    result = CliRunner().invoke(providers.app, ["detect", "--json"])
    server = {"type": "ollama", "base_url": "http://localhost:11434", "models": ["qwen3:4b", "all-minilm:latest"]}
    assert json.loads(result.stdout) == {"elapsed_ms": 12.3, "servers": [server]}

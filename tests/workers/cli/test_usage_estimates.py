import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.routing.calibration import Estimated, Kind
from workfleet.tasks.client import AsyncClient
from workfleet.workers.calibration.books import EstimateBooks
from workfleet.workers.calibration.gauge import Gauge
from workfleet.workers.cli.main import app

EXACT = {"mean": 0.0, "p50": 0.0, "p95": 0.0, "bias": 0.0}
LOW = {"mean": 0.3783, "p50": 0.3783, "p95": 0.3783, "bias": -0.3783}


@pytest.fixture
def config(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {groq: {type: groq, api_key: k, default_model: llama}}")
    return str(file)


@pytest.fixture
async def calls(redis_url: str) -> None:
    """Six calls of a model that counts 1.6 times what we estimate, as all but the first knew; one of another."""
    gauge = Gauge()
    for used in (1000, 1600, 1600, 1600, 1600, 1600):
        gauge.learn(Estimated(Kind("groq/llama", "large"), 1000, used), 1600)
    gauge.learn(Estimated(Kind("groq/other", "small"), 10, 10), 10)
    async with AsyncClient(redis_url) as client:
        await EstimateBooks(client.redis).share(gauge)


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["usage", "estimates", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("option", "rows"),
    [
        (
            (),
            [
                "groq/llama 6 38% 38% 38% -38% 6% 0% 38% -6%",
                "groq/other 1 0% 0% 0% +0% 0% 0% 0% +0%",
                "total 7 32% 38% 38% -32% 5% 0% 38% -5%",
            ],
        ),
        (
            ("--prompts",),
            [
                "groq/llama large 1.60 6 38% 38% 38% -38% 6% 0% 38% -6%",
                "groq/other small 1.00 1 0% 0% 0% +0% 0% 0% 0% +0%",
                "total 7 32% 38% 38% -32% 5% 0% 38% -5%",
            ],
        ),
    ],
    ids=["by target", "by the shape of prompts"],
)
def test_estimates_are_shown_before_and_after(config: str, option: tuple[str, ...], rows: list[str]) -> None:
    shown, _ = run(*option, "--config", config)
    assert [" ".join(line.split()) for line in shown.splitlines()][2:] == rows


@pytest.mark.usefixtures("calls")
def test_programs_are_told_all_of_it(config: str) -> None:
    found = json.loads(run("--json", "--config", config)[0])
    other = {"calls": 1, "before": EXACT, "after": EXACT}
    assert found["targets"][1] == {
        "target": "groq/other",
        **other,
        "prompts": [{"shape": "small", "factor": 1.0, **other}],
    }
    assert found["targets"][0]["before"] == LOW
    assert found["targets"][0]["prompts"][0]["factor"] == 1.6
    assert found["total"]["calls"] == 7


def test_before_the_first_call_it_says_so(config: str) -> None:
    assert run("--config", config) == ("", "no provider has counted the tokens of a call yet\n")

"""`fleet usage savings`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import InvalidRequest
from workfleet.tasks.job import Attempt, JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed
from workfleet.workers.cli import usage

MADE = Attempt(
    number=1,
    epoch=1,
    target="groq/llama",
    outcome="succeeded",
    input_tokens=1000,
    output_tokens=500,
    cost_usd=0.001,
    cost_source="table",
)


@pytest.fixture
async def config(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    async with AsyncClient(redis_url) as client:
        job_id = await client.submit(JobSpec.from_prompt("hi"))
        mine = await client.store.claim(job_id, owner="one@host", lease_s=30)
        assert isinstance(mine, Claimed)
        await client.store.finish(mine.job, Outcome(job_id, JobState.SUCCEEDED, Answer()), MADE)
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {groq: {api_key: k, default_model: llama}}")
    return str(file)


def run(config: str, *arguments: str) -> str:
    result = CliRunner().invoke(usage.app, ["savings", *arguments, "--config", config])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_it_shows_what_was_paid_and_what_the_baseline_would_have_charged(config: str) -> None:
    lines = [" ".join(line.split()) for line in run(config).splitlines()]
    assert [line for line in lines if line] == [
        "model calls paid openai/gpt-4.1 saved",
        "groq/llama 1 $0.001 $0.006 83.3%",
        "total 1 $0.001 $0.006 83.3%",
    ]


def test_programs_get_the_same_with_whose_price_it_is(config: str) -> None:
    found = json.loads(run(config, "--json", "--baseline", "anthropic/claude-sonnet-4-5"))
    assert (found["baseline"], found["price_version"].startswith("genai-prices ")) == (
        "anthropic/claude-sonnet-4-5",
        True,
    )
    assert found["total"]["paid_usd"] == 0.001
    assert found["total"]["baseline_usd"] == pytest.approx(0.0105)


@pytest.mark.parametrize("baseline", ["openai/no-such-model", "nobody/m", "gpt-4.1"])
def test_a_baseline_whose_price_nobody_knows_is_refused(config: str, baseline: str) -> None:
    with pytest.raises(InvalidRequest, match=r"is unknown; name one as in --baseline openai/gpt-4\.1"):
        run(config, "--baseline", baseline)

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import InvalidRequest, UnknownName
from workfleet.tasks.job import Attempt, JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed
from workfleet.tasks.usage_books import UsageBooks
from workfleet.workers.cli import usage

PAID = {"input_tokens": 100, "cached_read_tokens": 60, "output_tokens": 40, "cost_usd": 1.5, "cost_source": "receipt"}
UNPRICED = {"input_tokens": 10, "output_tokens": 5}


@pytest.fixture
def config(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "providers: {groq: {type: groq, api_key: k, default_model: llama, limits: {requests_per_minute: 30}}}"
    )
    return str(file)


@pytest.fixture
async def calls(redis_url: str) -> AsyncIterator[str]:
    """One answer that was paid for, after a refused one whose price nobody knows. Today, for the agent ann."""
    async with AsyncClient(redis_url) as client:
        job_id = await client.submit(JobSpec.from_prompt("hi", agent="ann"))
        await client.store.put_back(
            (await _claim(client, job_id)), "provider.groq", attempt=_made("bad_output", **UNPRICED)
        )
        done = Outcome(job_id, JobState.SUCCEEDED, Answer())
        await client.store.finish(
            await _claim(client, job_id), done, _made("succeeded", first_token_s=0.25, fallback=True, **PAID)
        )
        yield (await UsageBooks(client.redis).today()).isoformat()


@pytest.fixture
async def given_again(redis_url: str, calls: str) -> str:
    """One more answer, which another request had got before."""
    async with AsyncClient(redis_url) as client:
        job_id = await client.submit(JobSpec.from_prompt("hi", cache=True))
        done = Outcome(job_id, JobState.SUCCEEDED, Answer())
        known = _made("succeeded", cost_usd=0.0, cost_source="cache")
        await client.store.finish(await _claim(client, job_id), done, known)
    return calls


async def _claim(client: AsyncClient, job_id: str) -> Any:
    found = await client.store.claim(job_id, owner="one@host", lease_s=30)
    assert isinstance(found, Claimed)
    return found.job


def _made(outcome: str, **facts: Any) -> Attempt:
    made = {"number": 1, "epoch": 1, "target": "groq/llama", "outcome": outcome, "total_s": 2.0, "queue_wait_s": 0.5}
    return Attempt.model_validate(made | facts)


def _run(config: str, *arguments: str) -> str:
    result = CliRunner().invoke(usage.app, [*arguments, "--config", config])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


@pytest.mark.usefixtures("calls")
def test_usage_shows_calls_tokens_costs_and_times(config: str) -> None:
    lines = [" ".join(line.split()) for line in _run(config, "--by", "outcome").splitlines()]

    assert lines == [
        "outcome calls succeeded fallbacks input cached output cost USD call first token waited",
        "bad_output 1 0.0% 0.0% 10 0 5 unknown 2.00 s 0.50 s",
        "succeeded 1 100.0% 100.0% 40 60 40 1.50 2.00 s 0.25 s 0.50 s",
        "total 2 50.0% 50.0% 50 60 45 1.50 + ? 2.00 s 0.25 s 0.50 s",
    ]


def test_usage_for_programs_is_by_several_names_in_the_order_asked(config: str, calls: str) -> None:
    found = json.loads(_run(config, "--by", "day,agent", "--by", "model", "--since", "7d", "--json"))

    told = {
        "calls": 2,
        "succeeded": 1,
        "input_tokens": 50,
        "cached_read_tokens": 60,
        "cache_write_tokens": 0,
        "output_tokens": 45,
        "reasoning_tokens": 0,
        "cost_usd": 1.5,
        "unpriced_calls": 1,
        "presumed_usd": 0.0,
        "fallbacks": 1,
        "fallback_rate": 0.5,
        "call_s": 2.0,
        "first_token_s": 0.25,
        "queue_wait_s": 0.5,
    }
    assert found["by"] == ["day", "agent", "model"]
    assert found["rows"] == [{"day": calls, "agent": "ann", "model": "groq/llama", **told}]
    assert found["total"] == told
    assert found["cost_usd_by_source"] == {"receipt": 1.5}


def test_usage_says_whose_word_the_costs_are(config: str, calls: str) -> None:
    result = CliRunner().invoke(usage.app, ["--since", "today", "--config", config])
    assert result.stderr == (
        f"from {calls} to {calls} (UTC); cost: 1.50 by receipts; 1 answer has no known price "
        "(`fleet models prices` shows what is known)\n"
    )


@pytest.mark.usefixtures("given_again")
def test_usage_says_what_was_given_again_for_nothing(config: str) -> None:
    result = CliRunner().invoke(usage.app, ["--since", "today", "--by", "source", "--config", config])
    assert "; cost: 0 for answers given again; 1.50 by receipts; 1 answer" in result.stderr
    assert [line.split()[:2] for line in result.stdout.splitlines() if line.startswith("cache")] == [["cache", "1"]]


def test_usage_of_days_without_a_call_says_so(config: str) -> None:
    result = CliRunner().invoke(usage.app, ["--since", "2026-01-02", "--until", "2026-01-03", "--config", config])
    assert (result.stdout, result.exit_code) == ("", 0)
    assert result.stderr.startswith("no calls from ")


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (["--by", "team"], UnknownName, "unknown grouping 'team'; known: agent, day, model"),
        (["--since", "12h"], InvalidRequest, "'12h' is no day: `today`"),
        (["--since", "today", "--until", "yesterday"], InvalidRequest, "is after --until"),
        (["export", "--format", "prometheus", "--since", "7d"], InvalidRequest, "are for json"),
        (["export", "-o", "/nowhere/at/all"], InvalidRequest, "cannot write /nowhere/at/all: No such file"),
    ],
    ids=["unknown grouping", "hours", "ends before it begins", "days for counters", "no such folder"],
)
def test_a_mistake_is_named_with_its_remedy(config: str, arguments: list[str], error: type, told: str) -> None:
    with pytest.raises(error, match=told):
        _run(config, *arguments)


def test_export_for_programs_has_a_row_for_all_that_is_kept_apart(config: str, calls: str, tmp_path: Path) -> None:
    file = tmp_path / "usage.json"
    assert _run(config, "export", "-o", str(file)) == ""

    names = ("day", "provider", "model", "task_type", "agent", "outcome", "source", "calls", "cost_usd")
    assert [tuple(row[name] for name in names) for row in json.loads(file.read_text())] == [
        (calls, "groq", "llama", "general", "ann", "bad_output", "unknown", 1, None),
        (calls, "groq", "llama", "general", "ann", "succeeded", "receipt", 1, 1.5),
    ]


@pytest.mark.usefixtures("calls")
def test_export_for_prometheus_has_counters_and_how_the_fleet_stands(config: str) -> None:
    found = _run(config, "export", "--format", "prometheus").splitlines()

    assert 'workfleet_cost_usd_total{model="llama",provider="groq",source="receipt",task_type="general"} 1.5' in found
    assert 'workfleet_limit_used_ratio{limit="requests a minute",provider="groq",scope="groq"} 0.0' in found
    assert "workfleet_unfinished_jobs 0.0" in found
    assert not [line for line in found if "agent" in line or '"ann"' in line]

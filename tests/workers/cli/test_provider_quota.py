import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.routing.limits import Period, Unit
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import UnknownName
from workfleet.workers.cli import providers
from workfleet.workers.cli.limits_told import keep_told
from workfleet.workers.limits.books import LimitBooks
from workfleet.workers.limits.standing import standings
from workfleet.workers.settings.load import load_settings

CONFIG = """
providers:
  hosted:
    type: openai_compatible
    base_url: http://192.0.2.1
    tier: hosted
    default_model: m
    slots: 8
    limits: {requests_per_minute: 30, requests_per_day: 1000}
"""


@pytest.fixture
def config(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "fleet.yaml"
    file.write_text(CONFIG)
    return str(file)


def test_quota_shows_each_limit_with_what_is_left(config: str) -> None:
    result = CliRunner().invoke(providers.app, ["quota", "--config", config])
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["provider", "limit", "of", "used", "left", "resets", "in", "at", "this", "rate"]
    assert rows[1:] == [
        ["hosted", "30", "requests", "a", "minute", "0", "(0%)", "30"],
        ["hosted", "1,000", "requests", "a", "day", "0", "(0%)", "1,000"],
        ["hosted", "8", "calls", "at", "the", "same", "time", "0", "(0%)", "8"],
    ]


def test_quota_for_programs(config: str) -> None:
    result = CliRunner().invoke(providers.app, ["quota", "hosted", "--json", "--config", config])
    assert json.loads(result.stdout)[0] == {
        "provider": "hosted",
        "scope": "hosted",
        "of": "requests a minute",
        "unit": "requests",
        "limit": 30,
        "used": 0,
        "left": 30,
        "resets_in_s": None,
        "runs_out_in_s": None,
        "paused_s": 0.0,
    }


def test_quota_of_an_unknown_provider_names_those_that_there_are(config: str) -> None:
    result = CliRunner().invoke(providers.app, ["quota", "groq", "--config", config])
    assert isinstance(result.exception, UnknownName)
    assert str(result.exception) == "unknown provider 'groq'; known: hosted"


async def test_quota_shows_a_limit_as_it_was_set_by_hand(config: str, redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        await client.fleet.controls.set_provider("hosted", {"requests_per_minute": 5})
    result = await asyncio.to_thread(CliRunner().invoke, providers.app, ["quota", "--json", "--config", config])
    assert [each["limit"] for each in json.loads(result.stdout)] == [5, 1000, 8]


async def test_what_a_provider_tells_when_it_is_tested_is_kept_for_the_fleet(config: str, redis_url: str) -> None:
    settings = load_settings(Path(config), needed=())
    hosted = settings.providers["hosted"]
    await keep_told(settings, [(hosted, {(Unit.REQUESTS, Period.MINUTE): 20.0})])
    async with AsyncClient(redis_url) as client:
        found = await standings(LimitBooks(client.redis), [hosted])
    assert (found[0].of, found[0].limit) == ("requests a minute", 20.0)

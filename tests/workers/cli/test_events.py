"""`fleet events`."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import UnknownName
from workfleet.tasks.fleet_events import FleetEvents
from workfleet.workers.cli.events import events
from workfleet.workers.pool.events import EVENTS

TOLD: list[dict[str, Any]] = [
    {"event": "pool.resized", "level": "info", "node": "groq@a", "slots": 4},
    {"event": "provider.changed", "level": "warning", "node": "groq@a", "unavailable": "its breaker is open"},
]


@pytest.fixture
async def config(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    async with AsyncClient(redis_url) as client:
        await FleetEvents(client.redis).tell(TOLD)
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {groq: {api_key: k, default_model: llama}}")
    return str(file)


def said(*arguments: str) -> str:
    alone = typer.Typer()
    alone.command()(events)
    result = CliRunner().invoke(alone, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.output


def test_what_has_happened_is_a_line_each_with_its_fields(config: str) -> None:
    first, second = said("--config", config).splitlines()
    assert first.split()[2:] == ["info", "pool.resized", "groq@a", "slots=4"]
    assert second.endswith('provider.changed       groq@a unavailable="its breaker is open"')


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["pool.resized", "provider.changed"]),
        (["--last", "1"], ["provider.changed"]),
        (["--level", "warning"], ["provider.changed"]),
        (["--level", "error"], []),
    ],
    ids=["all", "the newest", "what is worth a warning", "nothing so bad"],
)
def test_programs_get_lines_of_json(config: str, options: list[str], names: list[str]) -> None:
    lines = [json.loads(line) for line in said(*options, "--json", "--config", config).splitlines()]
    assert [line["name"] for line in lines] == names
    assert all(set(line) == {"offset", "at", "name", "level", "node", "fields"} for line in lines)


def test_every_event_that_there_is_can_be_listed() -> None:
    listed = json.loads(said("--known", "--json"))
    assert listed == {name: {"meaning": each.meaning, "fields": list(each.fields)} for name, each in EVENTS.items()}
    assert "an endpoint takes calls again" in said("--known")


def test_a_level_that_there_is_not_is_refused_with_those_that_there_are(config: str) -> None:
    with pytest.raises(UnknownName, match=r"unknown level 'loud'; known: .*warning"):
        said("--level", "loud", "--config", config)

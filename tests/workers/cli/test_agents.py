"""What agents may spend, from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from workfleet.tasks.errors import InvalidRequest, UnknownName
from workfleet.workers.cli import agents

CONFIG = """
providers:
  own: {type: vllm, base_url: "http://192.0.2.1"}
agents:
  reviewer: {budget: {usd_per_day: 2.5, usd_per_month: 40}}
"""


@pytest.fixture
def run(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "fleet.yaml"
    file.write_text(CONFIG)

    def ran(*arguments: str) -> Result:
        return CliRunner().invoke(agents.app, [*arguments, "--config", str(file)])

    return ran


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:]]


def test_budgets_are_shown_with_what_is_left(run: Any) -> None:
    assert rows(run("budget").stdout) == [
        ["reviewer", "$2.5", "usd", "a", "day", "$0", "(0%)", "$2.5"],
        ["reviewer", "$40", "usd", "a", "month", "$0", "(0%)", "$40"],
    ]


def test_a_budget_for_programs(run: Any) -> None:
    assert json.loads(run("budget", "reviewer", "--json").stdout)[0] == {
        "agent": "reviewer",
        "of": "usd a day",
        "unit": "usd",
        "limit": 2.5,
        "used": 0.0,
        "left": 2.5,
        "resets_in_s": None,
        "runs_out_in_s": None,
    }


def test_a_budget_is_changed_by_hand_and_taken_back(run: Any) -> None:
    assert rows(run("set", "reviewer", "--usd-per-day", "1").stdout)[0][:2] == ["reviewer", "$1"]
    assert rows(run("set", "writer", "--usd-per-month", "3").stdout)[0][:2] == ["writer", "$3"]
    assert [row[:2] for row in rows(run("budget").stdout)] == [
        ["reviewer", "$1"],
        ["reviewer", "$40"],
        ["writer", "$3"],
    ]
    assert rows(run("set", "reviewer", "--as-configured").stdout)[0][:2] == ["reviewer", "$2.5"]
    assert run("set", "writer", "--as-configured").stdout == "agent writer has no budget\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("budget", "reviwer"), UnknownName),
        (("set", "reviewer"), InvalidRequest),
        (("set", "reviewer", "--usd-per-day", "0"), InvalidRequest),
        (("set", "reviewer", "--usd-per-day", "nan"), InvalidRequest),
    ],
    ids=["an agent without any", "nothing to set", "nothing at all", "no number"],
)
def test_what_cannot_be_is_refused(run: Any, arguments: tuple[str, ...], error: type[Exception]) -> None:
    assert isinstance(run(*arguments).exception, error)

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import InvalidRequest
from workfleet.workers.cli.main import app

EASY = {"text": "Print the sum of two numbers.", "pass_at_1": {"GPT-4O-mini": 1.0, "large": 1.0}}
HARD = {"text": "Count paths of a tree modulo 10^9 + 7 for n <= 10^18", "pass_at_1": {"GPT-4O-mini": 0.0, "large": 0.5}}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "problems.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in (EASY, HARD)))
    return str(path)


@pytest.mark.parametrize("before", [True, False], ids=["--json FILE", "FILE --json"])
def test_complexity_prints_one_object_for_programs(file: str, before: bool) -> None:
    result = CliRunner().invoke(
        app, ["bench", "complexity", "--json", file] if before else ["bench", "complexity", file, "--json"]
    )
    found = json.loads(result.stdout)
    assert (found["auroc"], found["auroc_length"], found["problems"]) == (1.0, 1.0, 2)


def test_complexity_prints_a_table_for_people(file: str) -> None:
    lines = CliRunner().invoke(app, ["bench", "complexity", file]).stdout.splitlines()
    rows = [line.split() for line in lines]
    assert lines[0] == "2 problems; GPT-4O-mini fails on 1 of them."
    assert ["complexity", "1.000", "-1.00"] in rows
    assert ["prompt", "length", "1.000", "-1.00"] in rows
    assert ["simple", "1", "100%", "100%"] in rows
    assert ["very-complex", "0", "-", "-"] in rows


def test_the_cheap_model_can_be_named(file: str) -> None:
    result = CliRunner().invoke(app, ["bench", "complexity", file, "--model", "lar"])
    assert result.stdout.startswith("2 problems; large fails on 1 of them.")


def test_a_wrong_line_is_the_users_mistake(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text(json.dumps(EASY) + "\nnot JSON\n")
    result = CliRunner().invoke(app, ["bench", "complexity", str(path)])
    assert isinstance(result.exception, InvalidRequest)
    assert str(result.exception).startswith(f"{path}:2: Invalid JSON")

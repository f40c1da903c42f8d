"""What `fleet bench selection` prints."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli.main import app


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLEET_CONFIG", raising=False)


def test_the_lines_that_disagree_are_shown_above_the_shares() -> None:
    lines = CliRunner().invoke(app, ["bench", "selection"]).stdout.splitlines()
    assert not any(line.startswith("yes") for line in lines)
    assert any(line.startswith("no") for line in lines)
    assert [line.split()[0] for line in lines[-4:]] == ["cost_based", "quality", "balanced", "all"]


def test_programs_get_every_choice() -> None:
    found = json.loads(CliRunner().invoke(app, ["bench", "selection", "--json"]).stdout)
    assert found["lines"] == len(found["chosen"])
    assert found["share"] == round(sum(line["matches"] for line in found["chosen"]) / found["lines"], 4)

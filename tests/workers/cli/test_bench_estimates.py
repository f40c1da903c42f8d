"""What `fleet bench estimates` prints."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import InvalidRequest
from workfleet.workers.cli.main import app

CALL = {
    "name": "n",
    "provider": "openai",
    "url": "https://api.openai.com/v1/chat/completions",
    "request": {"model": "m", "messages": [{"role": "user", "content": "Write a test for the parser. " * 40}]},
    "status": 200,
    "response_headers": {"content-type": "application/json"},
    "response": {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
        "usage": {"prompt_tokens": 600, "completion_tokens": 1},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    recorded = tmp_path / "exchanges.jsonl"
    recorded.write_text((json.dumps(CALL) + "\n") * 6)
    return str(recorded)


@pytest.mark.usefixtures("file")
def test_people_read_how_far_off_they_were_and_would_be(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = " ".join(CliRunner().invoke(app, ["bench", "estimates", file]).stdout.split())
    assert "openai/m 6 53% 53% 53% -53% 0% 0% 0% +0%" in said
    assert "6 calls have enough others like them to learn from: off by 53% on average before, 0% after." in said


def test_programs_read_all_of_it(file: str) -> None:
    found = json.loads(CliRunner().invoke(app, ["bench", "estimates", file, "--json"]).stdout)
    assert found["total"]["calls"] == found["learned"]["calls"] == 6
    assert found["learned"]["after"] == {"mean": 0.0, "p50": 0.0, "p95": 0.0, "bias": 0.0}
    assert found["left_out"] == 0


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "estimates", str(tmp_path / "none.jsonl")])
    assert isinstance(result.exception, InvalidRequest)

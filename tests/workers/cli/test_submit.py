from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import InvalidRequest
from workfleet.workers.cli.main import app

JOB = '{"request": {"messages": [{"role": "user", "content": "hi"}]}}'


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "job.json"
    path.write_text(JOB)
    return str(path)


def error(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["submit", *arguments])
    assert isinstance(found.exception, InvalidRequest)
    return str(found.exception)


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        (["--task-type", "code-review"], "--task-type"),
        (["--max-tokens", "9", "--local-only"], "--max-tokens and --local-only"),
        (["hello"], "the prompt"),
    ],
    ids=["an option", "two", "a prompt"],
)
def test_what_would_be_ignored_beside_a_file_is_refused(file: str, beside: list[str], named: str) -> None:
    assert named in error("--file", file, *beside)


@pytest.mark.parametrize("said", ["0", "11", "--5", "²", "hardest"])
def test_a_complexity_that_is_none_is_told_what_there_is(said: str) -> None:
    words = "a number from 1 to 10, or one of simple, moderate, complex, very-complex; not"
    assert words in error("hi", f"--complexity={said}")

"""An outcome becomes a test file and a line that tells what became of the subject."""

import json
from pathlib import Path

import pytest

from workfleet.tasks.answer import Answer, Usage
from workfleet.tasks.job import JobState
from workfleet.tasks.results import Outcome
from workfleet.workers.testgen.harvest import Result, harvest
from workfleet.workers.testgen.output_folder import GeneratedTests
from workfleet.workers.testgen.subject import Subject

SUBJECT = Subject("shop.sums", "add", "", "", Path("shop/sums.py"), 7)
USAGE = Usage(input_tokens=30, output_tokens=12, cost_usd=0.25)


def answered(text: str) -> Outcome:
    answer = Answer(text=text, provider="sim", model="tiny", usage=USAGE)
    return Outcome("j1", JobState.SUCCEEDED, answer=answer)


def result(**fields: str | None) -> Result:
    return Result("shop.sums.add", "shop/sums.py", 7, "j1", JobState.SUCCEEDED, "sim", "tiny", 30, 12, 0.25, **fields)


def test_an_answer_with_tests_becomes_a_file(tmp_path: Path) -> None:
    found = harvest(SUBJECT, answered("Here:\n```python\ndef test_a(): ...\n```"), GeneratedTests(tmp_path))
    assert found == result(file="test_shop_sums__add.py")
    assert (tmp_path / "test_shop_sums__add.py").read_text().endswith("\ndef test_a(): ...\n")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("I cannot.", "there is no Python in the answer"),
        ("```python\ndef add(): ...\n```", "the Python holds no test"),
        ("```python\ndef test_a(:\n```", "not Python: line 1: invalid syntax"),
    ],
    ids=["no code", "no test", "broken code"],
)
def test_an_answer_without_tests_is_told_and_leaves_no_file(tmp_path: Path, text: str, error: str) -> None:
    assert harvest(SUBJECT, answered(text), GeneratedTests(tmp_path)) == result(error=error)
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_failed_tells_why(tmp_path: Path) -> None:
    outcome = Outcome("j1", JobState.FAILED, error="no target could take it")
    found = harvest(SUBJECT, outcome, GeneratedTests(tmp_path))
    assert found == Result("shop.sums.add", "shop/sums.py", 7, "j1", JobState.FAILED, error="no target could take it")


def test_a_line_of_results_holds_every_field() -> None:
    assert json.loads(result(file="test_a.py").to_line()) == {
        "subject": "shop.sums.add",
        "path": "shop/sums.py",
        "line": 7,
        "job_id": "j1",
        "state": "succeeded",
        "provider": "sim",
        "model": "tiny",
        "input_tokens": 30,
        "output_tokens": 12,
        "cost_usd": 0.25,
        "file": "test_a.py",
        "error": None,
    }

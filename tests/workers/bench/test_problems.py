from pathlib import Path

import pytest

from workfleet.tasks.errors import InvalidRequest, UnknownName
from workfleet.workers.bench.problems import SolvedProblem, model_named, read_problems

GOOD = '{"id": "1", "text": "Add two numbers", "pass_at_1": {"small": 0.5, "large": 1}, "human_difficulty": "easy"}'


def test_problems_are_read_line_by_line_without_the_fields_that_are_not_needed(tmp_path: Path) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text(f"{GOOD}\n\n{GOOD}")
    assert read_problems(file) == [SolvedProblem(text="Add two numbers", pass_at_1={"small": 0.5, "large": 1.0})] * 2


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ("{", "2: Invalid JSON"),
        ("[]", "2: Input should be an object"),
        ('{"pass_at_1": {"small": 1}}', "2: text: Field required"),
        ('{"text": "x"}', "2: pass_at_1: Field required"),
        ('{"text": "x", "pass_at_1": {}}', "2: pass_at_1: Dictionary should have at least 1 item"),
        ('{"text": "x", "pass_at_1": {"small": 1.5}}', "2: pass_at_1.small: Input should be less than or equal to 1"),
    ],
    ids=["cut off", "no object", "no text", "no results", "empty results", "a rate above 1"],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, second: str, complaint: str) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text(f"{GOOD}\n{second}\n{GOOD}\n")
    with pytest.raises(InvalidRequest) as refused:
        read_problems(file)
    assert str(refused.value).startswith(f"{file}:{complaint}")


def test_bytes_that_are_no_text_are_a_wrong_line(tmp_path: Path) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_bytes(b'{"text": "\xff"}')
    with pytest.raises(InvalidRequest, match=":1: Invalid JSON"):
        read_problems(file)


def test_a_file_that_is_missing_or_empty_says_so(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.jsonl", tmp_path / "empty.jsonl"
    empty.write_text("\n")
    with pytest.raises(InvalidRequest, match=r"cannot read .*missing\.jsonl: No such file"):
        read_problems(missing)
    with pytest.raises(InvalidRequest, match=r"empty\.jsonl holds no problems"):
        read_problems(empty)


def problems(*results: dict[str, float]) -> list[SolvedProblem]:
    return [SolvedProblem(text="x", pass_at_1=each) for each in results]


@pytest.mark.parametrize(
    "name", ["GPT-4o-mini-2024", "gpt-4O-MINI", "GPT-4O-mini-2024-07-18"], ids=["begins so", "case", "whole"]
)
def test_a_model_is_found_by_the_beginning_of_its_name(name: str) -> None:
    known = problems({"GPT-4O-mini-2024-07-18": 1, "GPT-4O-2024-08-06": 1})
    assert model_named(name, known) == "GPT-4O-mini-2024-07-18"


@pytest.mark.parametrize("name", ["gpt-4o", "other", "o1"], ids=["two begin so", "none does", "not in every problem"])
def test_any_other_name_is_answered_with_the_known_ones(name: str) -> None:
    results = problems({"GPT-4O-2024": 1, "GPT-4O-mini": 1, "o1": 1}, {"GPT-4O-mini": 1, "GPT-4O-2024": 0})
    with pytest.raises(UnknownName, match=f"unknown model '{name}'; known: GPT-4O-2024, GPT-4O-mini$"):
        model_named(name, results)

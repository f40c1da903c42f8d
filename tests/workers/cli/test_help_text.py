"""What `--help` shows."""

from itertools import dropwhile, takewhile

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli.help_text import reflowed
from workfleet.workers.cli.main import app


@pytest.mark.parametrize(
    ("docstring", "told"),
    [
        ("Do it.", "Do it."),
        ("Do it,\n    or do not.", "Do it,\nor do not."),
        ("Do it.\n\n    In one go,\n    or never.\n    ", "Do it.\n\n\nIn one go, or never."),
        (
            "Do it.\n\n    As in:\n\n      fleet a\n\n      fleet b\n    ",
            "Do it.\n\n\nAs in:\n  fleet a\n  fleet b",
        ),
        (
            "Do it.\n\n    As in:\n\n      a=1   one\n      b=2   two\n\n    That is\n    all.",
            "Do it.\n\n\nAs in:\n  a=1   one\n  b=2   two\n\nThat is all.",
        ),
    ],
    ids=["a line", "a summary of two lines", "a paragraph", "examples", "a table between paragraphs"],
)
def test_paragraphs_are_one_line_and_examples_stay(docstring: str, told: str) -> None:
    assert reflowed(docstring) == told


@pytest.mark.parametrize("columns", [50, 80, 160])
def test_a_terminal_folds_what_it_is_told_and_examples_are_indented(columns: int) -> None:
    said = CliRunner().invoke(app, ["batch", "run", "--help"], env={"COLUMNS": str(columns)}).stdout
    lines = [line.rstrip() for line in said.splitlines()]
    assert max(map(len, lines)) <= columns
    assert " Example:" in lines
    assert lines[lines.index(" Example:") + 1].startswith("   fleet batch run -i requests.jsonl")
    paragraph = list(takewhile(bool, dropwhile(lambda line: not line.startswith(" Serves "), lines)))
    assert all(len(line) > columns - 25 for line in paragraph[:-1])

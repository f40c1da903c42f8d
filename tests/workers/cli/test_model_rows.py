"""The words that say why a model had better not be used."""

import pytest

from workfleet.workers.cli.model_rows import Row
from workfleet.workers.registry.reading import read_registry


@pytest.mark.parametrize(
    ("name", "instead", "missed", "gone_at", "words"),
    [
        ("qwen/qwen3-32b", None, False, None, ""),
        ("qwen-2.5-32b", "qwen/qwen3-32b", False, None, "retired, use qwen/qwen3-32b"),
        ("mine", None, True, None, "not listed"),
        ("mine", None, True, 1_795_000_000.0, "not listed since 2026-11-18 11:06 UTC"),
        ("qwen-2.5-32b", "qwen/qwen3-32b", True, None, "not listed, retired, use qwen/qwen3-32b"),
    ],
    ids=["well", "retired", "never listed", "listed before", "both"],
)
def test_a_state_says_what_is_wrong_and_what_to_use(
    name: str, instead: str | None, missed: bool, gone_at: float | None, words: str
) -> None:
    known = read_registry().find("groq", name)
    assert Row("groq", name, False, known, None, instead, missed, gone_at).state == words

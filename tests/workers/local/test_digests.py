"""What was noted of fetched models."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workfleet.workers.local.digests import Digest, note, noted, same

FULL = "a8b0c51577010a279d933d14c2a8ab4b268079d44c5c8830c0a93900f1827c67"
DAY = datetime(2026, 11, 21, tzinfo=UTC)


def test_what_was_noted_of_each_model_is_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    note(folder, "http://a", "m:1b", FULL, now=DAY)
    note(folder, "http://b", "m:1b", FULL[::-1], now=DAY)
    assert noted(folder, "http://a", "m:1b") == Digest(FULL, "noted when it was fetched, on 2026-11-21")
    assert noted(folder, "http://a", "other") is None
    note(folder, "http://a", "m:1b", FULL[::-1], now=DAY)
    assert (noted(folder, "http://a", "m:1b") or Digest("", "")).sha256 == FULL[::-1]
    assert [file.name for file in folder.iterdir()] == ["digests.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"http://a m": 7}', "{"], ids=["empty", "a list", "a number", "cut"])
def test_notes_that_are_damaged_are_none_and_can_be_written_anew(text: str, tmp_path: Path) -> None:
    (tmp_path / "digests.json").write_text(text)
    assert noted(tmp_path, "http://a", "m") is None
    note(tmp_path, "http://a", "m", FULL)
    assert noted(tmp_path, "http://a", "m") is not None


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (FULL, True),
        (FULL.upper(), True),
        (f"sha256:{FULL}", True),
        (FULL[:12], True),
        (FULL[:11], False),
        ("b" * 64, False),
    ],
    ids=["itself", "in capitals", "with its kind", "as ollama list prints it", "too few digits", "another"],
)
def test_digests_are_the_same_however_they_are_written(other: str, is_same: bool) -> None:
    assert (same(FULL, other), same(other, FULL)) == (is_same, is_same)

from typing import Any

import pytest

from workfleet.workers.providers import json_fields


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (3, 3),
        (3.7, 3),
        (0, 0),
        (-1, 0),
        ("3", 0),
        (None, 0),
        (float("nan"), 0),
        (float("inf"), 0),
        (10**30, 0),
        ([], 0),
    ],
)
def test_a_count_is_a_sensible_number_or_nothing(value: Any, count: int) -> None:
    assert json_fields.count(value) == count


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        ("0.25", 0.25),
        ("-1", -1.0),
        ("x", None),
        (True, None),
        ("nan", None),
        (float("inf"), None),
        (None, None),
    ],
)
def test_a_number_may_be_sent_as_text(value: Any, number: float | None) -> None:
    assert json_fields.number(value) == number


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 100_000, b'"\\ud800"x'])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert json_fields.parse(body) is None

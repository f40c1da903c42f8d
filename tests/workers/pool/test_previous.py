"""What a job of a Celery canvas gets from the jobs before it."""

from typing import Any

import pytest

from workfleet.tasks.answer import Answer
from workfleet.workers.pool.previous import filled_in


def stored(text: str) -> dict[str, Any]:
    """An answer as the job before has left it."""
    return Answer(text=text, provider="p", model="m").model_dump(mode="json", exclude_defaults=True)


ANSWER = stored("forty-two")


@pytest.mark.parametrize(
    ("previous", "text"),
    [
        ([ANSWER], "forty-two"),
        ([[ANSWER, ANSWER]], "forty-two\n\nforty-two"),
        (["plain"], "plain"),
        ([{"a": "ü"}], '{"a": "ü"}'),
        ([7], "7"),
        ([[ANSWER, "plain", 7]], "forty-two\n\nplain\n\n7"),
        ([stored("")], ""),
    ],
    ids=["an answer", "a chord's answers", "text", "an object", "a number", "a mixture", "an empty answer"],
)
def test_the_placeholder_stands_for_what_came_before(previous: list[object], text: str) -> None:
    assert filled_in({"prompt": "<{{previous}}>"}, previous) == {"prompt": f"<{text}>"}


def test_placeholders_are_found_at_any_depth_and_everything_else_stays() -> None:
    spec: dict[str, Any] = {
        "request": {"messages": [{"role": "user", "content": "{{previous}} and {{previous}}"}], "max_tokens": 5},
        "task_type": "general",
        "chain": ("a", "b"),
        "deadline_s": None,
    }
    assert filled_in(spec, ["x"]) == {
        "request": {"messages": [{"role": "user", "content": "x and x"}], "max_tokens": 5},
        "task_type": "general",
        "chain": ["a", "b"],
        "deadline_s": None,
    }


def test_without_previous_results_nothing_is_replaced() -> None:
    spec = {"prompt": "{{previous}}"}
    assert filled_in(spec, []) == spec


def test_what_came_before_is_not_searched_for_placeholders() -> None:
    assert filled_in({"prompt": "{{previous}}"}, ["{{previous}}{{previous}}"]) == {"prompt": "{{previous}}{{previous}}"}
